import { OptionError, ShapeError } from "../../tensor/errors.ts";
import type { Dataset } from "../image-set.ts";
import { matchClasses, type NetworkClasses } from "../match-classes.ts";
import { openDataset } from "./open.ts";

/** What images have to be like for a network. */
export interface NetworkNeeds {
  readonly imageShape: readonly number[];
  readonly classes: NetworkClasses;
  /** The data that it was trained on; empty where nothing says so. */
  readonly data: string;
}

/**
 * Opens images for a trained network, with its own labels for their classes.
 *
 * @param wanted a data set's name or a folder; what the network was trained on if left out
 * @throws {OptionError} if no data are named, or they have classes that the network does not have
 * @throws {ShapeError} if the images are of another shape than the network takes
 */
export async function openMatching(
  { imageShape, classes, data }: NetworkNeeds,
  wanted: string | undefined,
  { cache, onNote }: { readonly cache: string; readonly onNote?: (note: string) => void },
): Promise<Dataset> {
  const named = wanted ?? data;
  if (named === "") throw new OptionError("data", "is needed: the network's file does not say what it was trained on");
  const [channels, height, width] = imageShape;
  const opened = await openDataset(named, cache, { channels, height, width }, onNote === undefined ? {} : { onNote });
  const { test } = opened;
  if (test.channels !== channels || test.height !== height || test.width !== width) {
    throw new ShapeError(
      "data",
      `has images of ${test.channels}×${test.height}×${test.width}, the network takes ${channels}×${height}×${width}`,
    );
  }
  const { dataset, note } = matchClasses(opened, classes);
  if (note !== undefined) onNote?.(note);
  return dataset;
}
