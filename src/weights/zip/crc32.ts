/** A checksum of bytes, from 0 to 2³² − 1. */
type Checksum = (bytes: Uint8Array) => number;

/** CRC-32 as zip files use it. @source ISO 3309 */
export const crc32: Checksum = createCrc32(0xedb88320);

/** CRC-32C, with Castagnoli's polynomial, as TFRecord files use it. @source RFC 3720, appendix B.4 */
export const crc32c: Checksum = createCrc32(0x82f63b78);

/**
 * A 32-bit CRC, four bytes per round.
 *
 * @param polynomial reflected
 * @source Kounavis and Berry 2005, "slicing-by-4"
 */
function createCrc32(polynomial: number): Checksum {
  const tables = createTables(polynomial);
  return (bytes) => sumBytes(bytes, tables);
}

function sumBytes(bytes: Uint8Array, tables: readonly Uint32Array[]): number {
  const [byte0, byte1, byte2, byte3] = tables as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  const whole = bytes.length - (bytes.length % 4);
  let crc = 0xffffffff;
  let index = 0;
  while (index < whole) {
    crc ^= bytes[index] | (bytes[index + 1] << 8) | (bytes[index + 2] << 16) | (bytes[index + 3] << 24);
    crc = byte3[crc & 0xff] ^ byte2[(crc >>> 8) & 0xff] ^ byte1[(crc >>> 16) & 0xff] ^ byte0[crc >>> 24];
    index += 4;
  }
  for (; index < bytes.length; index++) crc = (crc >>> 8) ^ byte0[(crc ^ bytes[index]) & 0xff];
  return (crc ^ 0xffffffff) >>> 0;
}

/** Table t holds the checksum of each byte followed by t zero bytes. */
function createTables(polynomial: number): readonly Uint32Array[] {
  const first = Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    return crc >>> 0;
  });
  const all = [first];
  for (let zeros = 1; zeros < 4; zeros++) {
    const before = all[zeros - 1];
    all.push(before.map((crc) => (crc >>> 8) ^ first[crc & 0xff]));
  }
  return all;
}
