import { encodePng } from "../../../files/png.ts";
import { OptionError } from "../../../tensor/errors.ts";
import type { Picture } from "../overlay.ts";
import { encodeTiff } from "../tiff.ts";

/** Formats of pictures of cell numbers. */
export type LabelFormat = "png" | "tiff";

/** A plane of numbers as a picture that holds them exactly. @throws {OptionError} if they are too large for PNG */
export function encodeLabels(
  { height, width, labels }: { readonly height: number; readonly width: number; readonly labels: Int32Array },
  format: LabelFormat,
): Uint8Array {
  const highest = labels.reduce((most, label) => Math.max(most, label), 0);
  if (format === "tiff")
    return encodeTiff({
      height,
      width,
      values: highest > 65_535 ? Uint32Array.from(labels) : Uint16Array.from(labels),
    });
  if (highest > 65_535)
    throw new OptionError("format", `png holds 65,535 cells at most, ${highest} were found; use tiff`);
  return encodePng({ height, width, channels: 1, samples: Uint16Array.from(labels) });
}

/** A picture as PNG. */
export function encodePicture({ height, width, pixels }: Picture): Uint8Array {
  return encodePng({ height, width, channels: 3, samples: pixels });
}
