import { bytesPerElement, type DType, type DTypeArrays, dtypeArrays } from "../../tensor/dtype.ts";
import { FormatError } from "../../tensor/errors.ts";
import { formatShape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { viewElements } from "../../tensor/bytes.ts";
import { quote } from "../../tensor/printable.ts";
import type { PickledStorage, PickledTensor } from "./pickle.ts";
import { gatherElements, isRowMajor } from "../strided.ts";

/** Loads the elements of a described tensor; `name` is for errors. */
export type TensorLoader = (name: string, described: PickledTensor) => Tensor;

/** How much a file may make us copy: a multiple of its own size, and a little more for small ones. */
const copyAllowance = 2 ** 24;
const copyRatio = 4;

/** The storage's size in the file, in bytes. */
export function storageBytes({ dtype, size }: PickledStorage): number {
  return dtype === "untyped" ? size : size * bytesPerElement(dtype);
}

/**
 * Loads tensors from storages. A tensor with row-major elements is a view, so tensors that share a storage share memory
 * here too; any other is copied, within a bound (an expanded tensor may claim any size).
 *
 * @param fileSize size of the file in bytes, on which the bound depends
 * @param load returns a storage's bytes
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
      throw new FormatError(
        where,
        `the storage of ${quote(name)} must take ${wanted} bytes, but takes ${bytes.length}`,
      );
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
      throw new FormatError(where, `${claim}; save it with .contiguous() if that is intended`);
    }
    const ordered = new dtypeArrays[dtype](size);
    gatherElements(elements, ordered, described);
    return { dtype, shape, data: ordered };
  };
}
