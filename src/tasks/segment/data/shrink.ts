import type { MaskedRaster } from "./set.ts";
import type { Raster } from "../../../data/image/raster.ts";

/** Rows and columns. */
export interface Extent {
  readonly height: number;
  readonly width: number;
}

/** The extent that an image is shrunk to so that neither side is longer than `longest`; its own where none is. */
export function shrunkExtent({ height, width }: Extent, longest: number): Extent {
  const factor = Math.min(1, longest / Math.max(height, width));
  return { height: Math.max(1, Math.round(height * factor)), width: Math.max(1, Math.round(width * factor)) };
}

/** Which samples along an axis make one of fewer, with their shares, which sum to 1. */
function sharesOf(from: number, to: number): readonly { readonly start: number; readonly shares: readonly number[] }[] {
  const step = from / to;
  return Array.from({ length: to }, (_, index) => {
    const [low, high] = [index * step, Math.min(from, (index + 1) * step)];
    const start = Math.floor(low);
    const count = Math.max(1, Math.ceil(high - 1e-9) - start);
    const shares = Array.from(
      { length: count },
      (__, place) => (Math.min(high, start + place + 1) - Math.max(low, start + place)) / (high - low),
    );
    return { start, shares };
  });
}

/** Shrinks an image to means over the areas that its new points cover. @param longest rows or columns at most */
export function shrinkRaster(raster: Raster, longest: number): Raster {
  const { height, width } = shrunkExtent(raster, longest);
  if (height === raster.height && width === raster.width) return raster;
  const { channels, samples } = raster;
  const rows = sharesOf(raster.height, height);
  const columns = sharesOf(raster.width, width);
  const shrunk = samples.slice(0, height * width * channels);
  const isWhole = !(samples instanceof Float32Array || samples instanceof Float64Array);
  let target = 0;
  for (const { start: top, shares: down } of rows) {
    for (const { start: left, shares: across } of columns) {
      for (let channel = 0; channel < channels; channel++, target++) {
        let mean = 0;
        for (let y = 0; y < down.length; y++)
          for (let x = 0; x < across.length; x++)
            mean += down[y] * across[x] * samples[((top + y) * raster.width + left + x) * channels + channel];
        shrunk[target] = isWhole ? Math.round(mean) : mean;
      }
    }
  }
  return { height, width, channels, samples: shrunk };
}

/** Shrinks an image together with its mask, whose values cannot be blended: each point takes the one at its centre. */
export function shrinkMasked(masked: MaskedRaster, longest: number): MaskedRaster {
  const { height, width } = masked.image;
  const image = shrinkRaster(masked.image, longest);
  if (image === masked.image) return masked;
  const mask = new Uint16Array(image.height * image.width);
  for (let row = 0, at = 0; row < image.height; row++) {
    const y = Math.floor(((row + 0.5) * height) / image.height);
    for (let column = 0; column < image.width; column++, at++)
      mask[at] = masked.mask[y * width + Math.floor(((column + 0.5) * width) / image.width)];
  }
  return { ...masked, image, mask };
}

/**
 * A part of an enlarged plane, bilinear between the points of the small one.
 *
 * @param small `[from.height, from.width]`
 * @param part of the plane of `to`'s extent
 * @param out written: `[part.height, part.width]`
 */
export function enlargePart(
  small: Float32Array,
  { from, to }: { readonly from: Extent; readonly to: Extent },
  part: Extent & { readonly top: number; readonly left: number },
  out: Float32Array,
): void {
  const place = (index: number, less: number, more: number): readonly [number, number, number] => {
    const exact = Math.max(0, Math.min(less - 1, ((index + 0.5) * less) / more - 0.5));
    const first = Math.floor(exact);
    return [first, Math.min(less - 1, first + 1), exact - first];
  };
  const columns = Array.from({ length: part.width }, (_, column) => place(part.left + column, from.width, to.width));
  for (let row = 0, at = 0; row < part.height; row++) {
    const [above, below, down] = place(part.top + row, from.height, to.height);
    const [upper, lower] = [above * from.width, below * from.width];
    for (const [left, right, across] of columns) {
      const high = small[upper + left] * (1 - across) + small[upper + right] * across;
      const low = small[lower + left] * (1 - across) + small[lower + right] * across;
      out[at++] = high + (low - high) * down;
    }
  }
}
