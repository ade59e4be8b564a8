import sharp from "sharp";
import { OptionError } from "../../../tensor/errors.ts";
import type { Picture } from "../overlay.ts";
import { encodeTiff } from "../tiff.ts";

/** Formats of pictures of cell numbers. */
export type LabelFormat = "png" | "tiff";

/** A plane of numbers as a picture that holds them exactly. @throws {OptionError} if they are too large for PNG */
export async function encodeLabels(
  { height, width, labels }: { readonly height: number; readonly width: number; readonly labels: Int32Array },
  format: LabelFormat,
): Promise<Uint8Array> {
  const highest = labels.reduce((most, label) => Math.max(most, label), 0);
  if (format === "tiff")
    return encodeTiff({
      height,
      width,
      values: highest > 65_535 ? Uint32Array.from(labels) : Uint16Array.from(labels),
    });
  if (highest > 65_535)
    throw new OptionError("--format", `png holds 65,535 cells at most, ${highest} were found; use tiff`);
  const raw = { width, height, channels: 1 } as const;
  return sharp(Uint16Array.from(labels), { raw, limitInputPixels: false }).toColourspace("grey16").png().toBuffer();
}

/** A picture as PNG. */
export function encodePicture({ height, width, pixels }: Picture): Promise<Uint8Array> {
  return sharp(pixels, { raw: { width, height, channels: 3 }, limitInputPixels: false })
    .png()
    .toBuffer();
}
