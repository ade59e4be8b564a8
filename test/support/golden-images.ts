import type { Samples } from "../../src/data/image/raster.ts";
import golden from "../golden/images.json" with { type: "json" };

/** An image file with what tifffile and Pillow read in it; test/golden/make-images.py wrote it. */
export interface GoldenImage {
  readonly name: string;
  readonly file: Uint8Array<ArrayBuffer>;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly samples: Samples;
  readonly tolerance: number;
  readonly pages: number;
  /** Micrometres. */
  readonly pixelSize?: number;
  readonly imageChannels?: readonly string[];
}

interface GoldenCase {
  readonly name: string;
  readonly file: string;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly type: string;
  readonly values: string;
  readonly tolerance: number;
  readonly packed?: boolean;
  readonly pages?: number;
  readonly pixelSize?: number;
  readonly imageChannels?: readonly string[];
}

const fromBase64 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

const types = {
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

function samplesOf({ type, values, packed, height, width, channels }: GoldenCase): Samples {
  const bytes = fromBase64(values);
  if (packed === true)
    return Uint8Array.from(
      { length: height * width * channels },
      (_, at) => 255 * ((bytes[at >> 3] >> (7 - (at & 7))) & 1),
    );
  return new types[type as keyof typeof types](bytes.buffer);
}

/** Every kind of image that is read. */
export const goldenImages: readonly GoldenImage[] = (golden.cases as readonly GoldenCase[]).map((row) => {
  const { type: _, values: __, packed: ___, ...rest } = row;
  return { pages: 1, ...rest, file: fromBase64(row.file), samples: samplesOf(row) };
});

/** The largest difference of two images; infinite if one has a number where the other has none. */
export function largestDifference(a: Samples, b: Samples): number {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  for (let at = 0; at < a.length; at++) {
    if (Object.is(a[at], b[at])) continue;
    const difference = Math.abs(a[at] - b[at]);
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference;
  }
  return largest;
}

/** Images that are refused, with the words that name them. */
export const refusedImages: readonly { readonly name: string; readonly says: string; readonly file: Uint8Array }[] =
  golden.refused.map(({ name, says, file }) => ({ name, says, file: fromBase64(file) }));
