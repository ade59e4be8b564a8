import { encodePng } from "../../../files/png.ts";
import { makeFolder, writeFileAtomically } from "../../../files/node.ts";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { OptionError } from "../../../tensor/errors.ts";
import { type DrawnCellsOptions, drawCells } from "../data/drawn-cells.ts";
import type { MaskMeaning } from "../data/set.ts";

/** A folder of drawn images. */
export interface DrawFolderOptions extends Omit<DrawnCellsOptions, "index"> {
  readonly images: number;
  /** What its masks hold: numbers of cells (the default), or classes: 0 background, 1 body, 2 nucleus. */
  readonly meaning?: MaskMeaning;
  /** Told how many are written. */
  readonly onImage?: (done: number) => void;
}

/** @throws {OptionError} if the folder has files in which the drawn ones would be lost, such as an earlier set's */
async function requireEmpty(folder: string, part: string): Promise<void> {
  const names = await readdir(join(folder, part)).catch(() => []);
  if (names.some((name) => !name.startsWith(".")))
    throw new OptionError(folder, `has files in "${part}" already; name a new folder, or empty this one`);
}

/**
 * Draws images of cells into `images/` and their masks into `masks/`, PNG of the same names.
 *
 * @returns the cells of all images together
 * @throws {OptionError} if one of both folders has files already
 */
export async function drawFolder(folder: string, options: DrawFolderOptions): Promise<number> {
  const { images, meaning = "instances", onImage = () => {} } = options;
  const parts = ["images", "masks"];
  for (const part of parts) await requireEmpty(folder, part);
  for (const part of parts) await makeFolder(join(folder, part));
  let cells = 0;
  for (let index = 0; index < images; index++) {
    const { image, mask, classes, count } = drawCells({ ...options, index });
    const name = `${String(index + 1).padStart(4, "0")}.png`;
    await writeFileAtomically(join(folder, "images", name), encodePng(image));
    const labels = { ...image, channels: 1, samples: meaning === "instances" ? mask : classes };
    await writeFileAtomically(join(folder, "masks", name), encodePng(labels));
    cells += count;
    onImage(index + 1);
  }
  return cells;
}
