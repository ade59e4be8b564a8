import { FormatError } from "../tensor/errors.ts";
import { sharedBytes } from "./image-set.ts";

const SIDE = 32;
const IMAGE_BYTES = 3 * SIDE * SIDE;

/** Images and labels of one CIFAR file. */
export interface CifarRecords {
  /** `[count, 3, 32, 32]`, in shared memory if the platform supports it. */
  readonly images: Uint8Array;
  readonly labels: Int32Array;
}

/**
 * Reads CIFAR's binary records: label bytes, then the red, green and blue planes.
 *
 * @param labelBytes 1 for CIFAR-10; 2 for CIFAR-100, whose second is the fine class
 * @throws {FormatError} if the file does not hold whole records or a label is out of range
 * @source Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html
 */
export function decodeCifar(bytes: Uint8Array, labelBytes: 1 | 2, where: string): CifarRecords {
  const record = labelBytes + IMAGE_BYTES;
  if (bytes.length === 0 || bytes.length % record !== 0) {
    throw new FormatError(
      where,
      `has ${bytes.length} bytes, must be a multiple of ${record}; it is truncated or no CIFAR file`,
    );
  }
  const count = bytes.length / record;
  const classes = labelBytes === 1 ? 10 : 100;
  const images = sharedBytes(count * IMAGE_BYTES);
  const labels = new Int32Array(count);
  for (let index = 0; index < count; index++) {
    const start = index * record;
    const label = bytes[start + labelBytes - 1];
    if (label >= classes) throw new FormatError(where, `image ${index} has class ${label}, must be below ${classes}`);
    labels[index] = label;
    images.set(bytes.subarray(start + labelBytes, start + record), index * IMAGE_BYTES);
  }
  return { images, labels };
}
