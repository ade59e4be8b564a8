import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { type DType, dtypeArrays } from "../../src/tensor/dtype.ts";
import { ResiduaError } from "../../src/tensor/errors.ts";
import { bytesOf, isDtype, type Tensor } from "../../src/tensor/tensor.ts";
import { toFloat32 } from "../../src/weights/to-float32.ts";

const folder = new URL("../golden/", import.meta.url);

/** What make-checkpoints.py says of a tensor: numbers, or whole numbers as text where a number would not be exact. */
export interface ExpectedTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly values: readonly (number | string | boolean)[];
}

/** A file that make-checkpoints.py wrote. */
export function readGoldenBytes(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(name, folder)));
}

/** A tensor's elements as make-checkpoints.py writes them. */
export function describeTensor(value: Tensor): ExpectedTensor {
  const { dtype, shape, data } = value;
  const halves = isDtype(value, "float16") || isDtype(value, "bfloat16");
  const values: readonly (number | bigint)[] = Array.from<number | bigint>(halves ? toFloat32(value).data : data);
  return { dtype, shape, values: values.map((element) => plainElement(dtype, element)) };
}

function plainElement(dtype: DType, element: number | bigint): number | string | boolean {
  if (dtype === "bool") return element !== 0;
  return typeof element === "bigint" ? String(element) : element;
}

/** Tensors of every given type, any small shape (empty ones and scalars among them) and any bits; bools are 0 or 1. */
export function arbitraryTensor(dtypes: readonly DType[] = Object.keys(dtypeArrays) as DType[]): fc.Arbitrary<Tensor> {
  const shape = fc.array(fc.nat({ max: 4 }), { maxLength: 4 });
  return fc.tuple(fc.constantFrom(...dtypes), shape).chain(([dtype, extents]) => {
    const make = dtypeArrays[dtype];
    const length = extents.reduce((product, extent) => product * extent, 1);
    const size = length * make.BYTES_PER_ELEMENT;
    return fc.uint8Array({ minLength: size, maxLength: size, max: dtype === "bool" ? 1 : 255 }).map((bytes): Tensor => {
      return { dtype, shape: extents, data: new make(Uint8Array.from(bytes).buffer) };
    });
  });
}

/** Tensors by any name that a file format takes. */
export function arbitraryTensors(dtypes?: readonly DType[]): fc.Arbitrary<ReadonlyMap<string, Tensor>> {
  const name = fc.string({ unit: "binary", maxLength: 12 }).filter((text) => text !== "__metadata__");
  const entries = fc.uniqueArray(fc.tuple(name, arbitraryTensor(dtypes)), { selector: ([key]) => key, maxLength: 6 });
  return entries.map((pairs) => new Map(pairs));
}

/** Names, types, shapes and bits, to compare with; NaN equals itself here if its bits do. */
export function contentOf(tensors: ReadonlyMap<string, Tensor>): readonly unknown[] {
  return [...tensors].map(([name, value]) => [name, value.dtype, value.shape, [...bytesOf(value)]]);
}

/** What `work` threw that it must not: anything but one of our errors of one line; undefined if there is nothing of the kind. */
export function crashOf(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof ResiduaError && !/[\n\r]/.test(error.message) ? undefined : error;
  }
}
