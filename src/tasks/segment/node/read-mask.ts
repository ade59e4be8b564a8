import { readImage } from "../../../data/node/image.ts";
import type { ReadOptions } from "../../../data/image/read.ts";
import { FormatError } from "../../../tensor/errors.ts";
import { labelComponents } from "../data/components.ts";
import type { ImageFile, Raster } from "../../../data/image/raster.ts";
import { type MaskMeaning, renumber } from "../data/set.ts";

/** Ids of a mask's points: the value, or what a colour amounts to. */
function idsOf({ samples, channels, height, width }: Raster, where: string): ArrayLike<number> {
  if (channels === 1) {
    if (samples.some((value) => !(Number.isInteger(value) && value >= 0)))
      throw new FormatError(
        where,
        "holds values that are not whole numbers from 0, must be the number of a cell at each point",
      );
    return samples;
  }
  const base = samples instanceof Uint8Array ? 256 : 65_536;
  const ids = new Float64Array(height * width);
  for (let at = 0, from = 0; at < ids.length; at++, from += channels) {
    let [id, isGrey] = [0, true];
    for (let channel = 0; channel < channels; channel++) {
      id = id * base + samples[from + channel];
      isGrey &&= samples[from + channel] === samples[from];
    }
    ids[at] = isGrey ? samples[from] : id;
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
  // Checked before they become 16 bits, which would make other classes of large ones.
  const wrong = Array.prototype.find.call(ids, (value: number) => value > 255) as number | undefined;
  const mask = Uint16Array.from(ids);
  if (wrong !== undefined) throw new FormatError(path, `holds the class ${wrong}, must be at most 255`);
  return { height, width, mask };
}
