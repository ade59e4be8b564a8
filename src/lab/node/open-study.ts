import type { Dataset } from "../../data/image-set.ts";
import { openDataset } from "../../data/node/open.ts";
import { OptionError, ShapeError } from "../../tensor/errors.ts";
import { openNetworkFile } from "../../networks/node/file.ts";
import { type StudyNetwork, toStudyNetwork } from "../study-network.ts";

/**
 * Opens a network for the lab: a checkpoint, weights or an ONNX model of Residua's, another system's weights, or ONNX from
 * anywhere.
 *
 * @throws {FormatError} if the file is damaged
 * @throws {UnsupportedError} if it does not take images, or has operators that have no gradient
 */
export async function openStudyNetwork(path: string): Promise<StudyNetwork> {
  return toStudyNetwork(await openNetworkFile(path), path);
}

/**
 * Opens the data that a network is studied on.
 *
 * @param wanted a data set's name or a folder; the network's own if left out
 * @throws {OptionError} if no data are named or they have more classes than the network
 * @throws {ShapeError} if the images are of another shape than the network takes
 */
export async function openStudyData(
  { imageShape, data, classes, normalization, label }: Omit<StudyNetwork, "module" | "state" | "notes">,
  wanted: string | undefined,
  cache: string,
): Promise<Dataset> {
  const name = wanted ?? data;
  if (name === "") throw new OptionError("data", `is required: ${label} does not record its training data`);
  const [channels, height, width] = imageShape;
  const found = await openDataset(name, cache, { channels, height, width });
  const { test } = found;
  if (test.channels !== channels || test.height !== height || test.width !== width) {
    throw new ShapeError(
      "data",
      `has images of ${test.channels}×${test.height}×${test.width}, the network takes ${channels}×${height}×${width}`,
    );
  }
  if (found.classes.length > classes)
    throw new OptionError("data", `has ${found.classes.length} classes, the network has ${classes}`);
  return normalization === undefined ? found : { ...found, normalization };
}
