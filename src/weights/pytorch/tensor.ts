import { bytesPerElement, type DType, type DTypeArrays, dtypeArrays } from "../../tensor/dtype.ts";
import { FormatError } from "../../tensor/errors.ts";
import { formatShape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { viewElements } from "../../tensor/bytes.ts";
import { quote } from "../../tensor/printable.ts";
import type { PickledStorage, PickledTensor } from "./pickle.ts";
import { gatherElements, isRowMajor } from "../strided.ts";

/** Turns a described tensor into one with elements; `name` is for errors. */
export type TensorLoader = (name: string, described: PickledTensor) => Tensor;

/** What a file may make us copy: its own size some times over, and a little more for small ones. */
const copyAllowance = 2 ** 24;
const copyRatio = 4;

/** Bytes that the storage takes in the file. */
export function storageBytes({ dtype, size }: PickledStorage): number {
  return dtype === "untyped" ? size : size * bytesPerElement(dtype);
}

/**
 * Loads tensors out of storages. A tensor whose elements lie in row-major order is a view, so tensors that share a
 * storage share memory here too; any other is copied, within a bound (an expanded tensor may claim any size).
 *
 * @param fileSize bytes of the file, which the bound goes by
 * @param load gives a storage's bytes
 */
export function createTensorLoader(
  where: string,
  fileSize: number,
  load: (storage: PickledStorage) => Uint8Array,
): TensorLoader {
  const views = new Map<string, DTypeArrays[DType]>();
  let allowance = copyAllowance + copyRatio * fileSize;

  const openStorage = (name: string, { storage, dtype }: PickledTensor): DTypeArrays[DType] => {
    const id = `${dtype} ${storage.dtype} ${storage.size} ${storage.key}`;
    const known = views.get(id);
    if (known !== undefined) return known;
    const bytes = load(storage);
    const wanted = storageBytes(storage);
    if (bytes.length !== wanted || wanted % bytesPerElement(dtype) !== 0) {
      throw new FormatError(where, `the storage of ${quote(name)} must take ${wanted} bytes, it takes ${bytes.length}`);
    }
    const elements = viewElements(dtype, bytes);
    views.set(id, elements);
    return elements;
  };

  return (name, described) => {
    const { dtype, shape, offset } = described;
    const elements = openStorage(name, described);
    const size = sizeOf(shape);
    if (isRowMajor(described)) return { dtype, shape, data: elements.subarray(offset, offset + size) };
    allowance -= size * bytesPerElement(dtype);
    if (allowance < 0) {
      const claim = `${quote(name)} claims the shape ${formatShape(shape)}, far more than the file holds`;
      throw new FormatError(where, `${claim}; save it with .contiguous() if it is meant`);
    }
    const ordered = new dtypeArrays[dtype](size);
    gatherElements(elements, ordered, described);
    return { dtype, shape, data: ordered };
  };
}
