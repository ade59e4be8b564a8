import { readImage } from "../../../data/node/image.ts";
import type { ReadOptions } from "../../../data/image/read.ts";
import { FormatError } from "../../../tensor/errors.ts";
import { labelComponents } from "../data/components.ts";
import type { ImageFile, Raster } from "../../../data/image/raster.ts";
import { type MaskMeaning, renumber } from "../data/set.ts";

/**
 * Ids of a mask's points, other ones for other colours: of grey the value, whatever the number of channels, so that it is one in all
 * files of a folder; of a colour a number above all of grey.
 *
 * @throws {FormatError} if values are not whole numbers from 0, or those of all channels together make no exact number
 */
export function idsOf({ samples, channels, height, width }: Raster, where: string): ArrayLike<number> {
  const levels = samples instanceof Uint8Array ? 256 : 65_536;
  const most = channels === 1 ? Infinity : levels;
  const isWhole = samples instanceof Uint8Array || samples instanceof Uint16Array;
  if (!isWhole && samples.some((value) => !(Number.isInteger(value) && value >= 0 && value < most)))
    throw new FormatError(
      where,
      "holds values that are not whole numbers from 0, must be the number of a cell at each point",
    );
  if (channels === 1) return samples;
  if (levels ** channels + levels > Number.MAX_SAFE_INTEGER)
    throw new FormatError(where, `has ${channels} channels, must be grey or have a colour for each cell`);
  const ids = new Float64Array(height * width);
  for (let at = 0, from = 0; at < ids.length; at++, from += channels) {
    let [code, isGrey] = [0, true];
    for (let channel = 0; channel < channels; channel++) {
      code = code * levels + samples[from + channel];
      isGrey &&= samples[from + channel] === samples[from];
    }
    ids[at] = isGrey ? samples[from] : levels + code;
  }
  return ids;
}

/** Where all cells have one value, as in a picture of black and white, each connected part is a cell. */
function splitBinary(mask: Uint16Array, { height, width }: Raster, where: string): Uint16Array {
  if (mask.some((id) => id > 1)) return mask;
  const { labels } = labelComponents((at) => mask[at] === 1, { height, width });
  return renumber(labels, where);
}

/**
 * Reads a file of numbers of cells or classes.
 * @throws {FormatError} if its compression has changed values: their speckle would become cells
 */
export async function readLossless(path: string, options: ReadOptions = {}): Promise<ImageFile> {
  const image = await readImage(path, options);
  if (image.lossy)
    throw new FormatError(
      path,
      `is a ${image.kind} whose compression changes values, which makes cells of speckle; save masks as PNG or TIFF`,
    );
  return image;
}

/** Checked before they become 16 bits, which would make other classes of large ones. */
function requireClasses(ids: ArrayLike<number>, { samples, channels }: Raster, where: string): void {
  const at = Array.prototype.findIndex.call(ids, (value: number) => value > 255);
  if (at < 0) return;
  const colour = samples.slice(at * channels, (at + 1) * channels);
  if (new Set(colour).size > 1)
    throw new FormatError(
      where,
      `has the colour ${colour.join(", ")} in a mask of classes, must be grey: a class from 0 to 255`,
    );
  throw new FormatError(where, `holds the class ${ids[at]}, must be at most 255`);
}

/**
 * Reads a mask.
 *
 * @param meaning ids are renumbered from 1, and a mask of black and white is one cell a connected part; classes are left
 * @throws {FormatError} if it is no mask
 */
export async function readMask(
  path: string,
  meaning: MaskMeaning,
  options: ReadOptions = {},
): Promise<{ readonly height: number; readonly width: number; readonly mask: Uint16Array }> {
  const raster = await readLossless(path, options);
  const { height, width } = raster;
  const ids = idsOf(raster, path);
  if (meaning === "instances") return { height, width, mask: splitBinary(renumber(ids, path), raster, path) };
  requireClasses(ids, raster, path);
  return { height, width, mask: Uint16Array.from(ids) };
}
