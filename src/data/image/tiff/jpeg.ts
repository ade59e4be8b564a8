import type { PageLayout } from "./layout.ts";

/** Start and end of an image. */
const START = [0xff, 0xd8] as const;

/**
 * Assembles a complete JPEG from a block: adds the page's shared tables, and an Adobe marker stating whether colours
 * are YCbCr, which decoders would otherwise guess.
 *
 * @source TIFF Technical Note 2; Adobe TN 5116, section 18
 */
export function toWholeJpeg(block: Uint8Array, { jpegTables, photometric }: PageLayout): Uint8Array {
  const isColoured = photometric === "rgb" || photometric === "ycbcr";
  const transform = photometric === "ycbcr" ? 1 : 0;
  const adobe = isColoured ? [0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, transform] : [];
  // The tables are an abbreviated JPEG: its content between start and end markers.
  const tables = jpegTables.length > 4 ? jpegTables.subarray(2, jpegTables.length - 2) : new Uint8Array();
  const out = new Uint8Array(START.length + adobe.length + tables.length + Math.max(0, block.length - 2));
  out.set(START);
  out.set(adobe, 2);
  out.set(tables, 2 + adobe.length);
  out.set(block.subarray(2), 2 + adobe.length + tables.length);
  return out;
}
