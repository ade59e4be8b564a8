import { Unzlib } from "fflate";
import { damaged, notRead } from "../limits.ts";
import { decodeFax } from "./fax.ts";
import type { PageLayout } from "./layout.ts";
import { unpackLzw } from "./lzw.ts";

/** Bytes to inflate at a time: bounds the growth per step, whatever the file claims. */
const STEP = 2 ** 15;

/** Inflates to at most `length` bytes. */
function inflate(data: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  let to = 0;
  const stream = new Unzlib((piece) => {
    out.set(piece.subarray(0, Math.max(0, length - to)), to);
    to = Math.min(length, to + piece.length);
  });
  for (let at = 0; at < data.length; at += STEP) {
    stream.push(data.subarray(at, at + STEP), at + STEP >= data.length);
    if (to === length) break;
  }
  return out.subarray(0, to);
}

/** @source TIFF 6.0, section 9 */
function unpackBits(data: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  let to = 0;
  for (let at = 0; at < data.length && to < length;) {
    const head = (data[at++] << 24) >> 24;
    if (head >= 0) {
      const piece = data.subarray(at, at + Math.min(head + 1, length - to));
      out.set(piece, to);
      to += piece.length;
      at += head + 1;
    } else if (head !== -128) {
      const end = Math.min(length, to + 1 - head);
      out.fill(data[at++], to, end);
      to = end;
    }
  }
  return out.subarray(0, to);
}

/** Reverses the bits of each byte. */
const reversed = Uint8Array.from({ length: 256 }, (_, byte) => {
  let out = 0;
  for (let bit = 0; bit < 8; bit++) out |= ((byte >> bit) & 1) << (7 - bit);
  return out;
});

/**
 * Unpacks a tile or strip, except JPEG's.
 *
 * @param rows rows of the block, each of `rowBytes`
 * @returns `rows · rowBytes` bytes
 * @throws {FormatError} if the data are shorter
 */
export function unpackBlock(
  stored: Uint8Array,
  layout: PageLayout,
  { rows, rowBytes, where }: { readonly rows: number; readonly rowBytes: number; readonly where: string },
): Uint8Array {
  const length = rows * rowBytes;
  const data = layout.lowBitFirst ? stored.map((byte) => reversed[byte]) : stored;
  const bytes = unpackBytes(data, layout, { rows, length, where });
  if (bytes === undefined || bytes.length < length) throw damaged(where, "TIFF");
  return bytes;
}

function unpackBytes(
  data: Uint8Array,
  { compression, blockWidth: width, faxOptions }: PageLayout,
  { rows: height, length, where }: { readonly rows: number; readonly length: number; readonly where: string },
): Uint8Array | undefined {
  switch (compression) {
    case "none":
    case "JPEG":
      return data.subarray(0, length);
    case "deflate":
      try {
        return inflate(data, length);
      } catch (error) {
        throw damaged(where, "TIFF", error);
      }
    case "LZW":
      if (data[0] === 0 && (data[1] & 1) === 1) throw notRead(where, "a TIFF with LZW of before 1988", "save it again");
      return unpackLzw(data, length);
    case "PackBits":
      return unpackBits(data, length);
    case "CCITT RLE":
      return decodeFax(data, { width, height, kind: "RLE", leans: false });
    case "CCITT G3":
      return decodeFax(data, { width, height, kind: "G3", leans: (faxOptions & 1) === 1 });
    case "CCITT G4":
      return decodeFax(data, { width, height, kind: "G4", leans: true });
  }
}
