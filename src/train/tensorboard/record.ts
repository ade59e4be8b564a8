import { crc32c } from "../../weights/zip/crc32.ts";

const MASK_DELTA = 0xa282ead8;

/** Masked (rotated and offset), so that the CRC of data that contain CRCs stays sound. */
function maskedChecksum(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}

/**
 * Encodes one TFRecord record: 64-bit length, its checksum, the data, their checksum, all little-endian.
 *
 * @source TensorFlow, tensorflow/core/lib/io/record_writer.h
 */
export function encodeRecord(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length, true);
  view.setUint32(8, maskedChecksum(bytes.subarray(0, 8)), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, maskedChecksum(data), true);
  return bytes;
}
