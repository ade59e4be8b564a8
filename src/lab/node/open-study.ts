import { basename } from "node:path";
import type { Dataset } from "../../data/image-set.ts";
import { openDataset } from "../../data/node/open.ts";
import { importNetwork } from "../../nn/imported/import.ts";
import { createGraphModule } from "../../nn/imported/graph-module.ts";
import type { Module } from "../../nn/module.ts";
import { OptionError, ShapeError, UnsupportedError } from "../../tensor/errors.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { ChannelStatistics } from "../../networks/card.ts";
import { openNetworkFile } from "../../networks/node/file.ts";

/** A trained network that the lab can analyse: its modules or its graph, with its weights. */
export interface StudyNetwork {
  /** Such as "resnet20, project", or the file's name. */
  readonly label: string;
  readonly module: Module;
  readonly state: ReadonlyMap<string, Tensor<"float32">>;
  readonly imageShape: readonly [channels: number, height: number, width: number];
  readonly classes: number;
  /** The data set that it was trained on; empty where the file does not say. */
  readonly data: string;
  /** By what its images were normalised, where the file says so. */
  readonly normalization?: ChannelStatistics;
  /** What the user should know of it. */
  readonly notes: readonly string[];
}

function requireImageShape(where: string, shape: Shape): StudyNetwork["imageShape"] {
  const [channels, height, width] = shape;
  if (shape.length === 3) return [channels, height, width];
  throw new UnsupportedError(where, `takes inputs of ${shape.length} axes, must take images [C,H,W]`);
}

/**
 * Opens a network for the lab: a checkpoint, weights or an ONNX model of Residua's, another system's weights, or ONNX from
 * anywhere.
 *
 * @throws {FormatError} if the file is damaged
 * @throws {UnsupportedError} if it does not take images, or has operators that have no gradient
 */
export async function openStudyNetwork(path: string): Promise<StudyNetwork> {
  const file = await openNetworkFile(path);
  const { card } = file;
  const about = {
    data: card?.data ?? "",
    ...(card === undefined ? {} : { normalization: card.normalization }),
  };
  if (file.kind === "network") {
    const { model, module, state } = file;
    const named = model.options.shortcut === undefined ? model.name : `${model.name}, ${model.options.shortcut}`;
    const imageShape = requireImageShape(path, file.imageShape);
    return { label: named, module, state, imageShape, classes: model.options.classes, notes: [], ...about };
  }
  const imageSize = card?.imageShape[1];
  const { graph, state, imageShape, classes } = importNetwork(file.onnx, path, {
    seed: 0,
    ...(imageSize === undefined ? {} : { imageSize }),
  });
  const { model } = card ?? {};
  const label = model?.options.shortcut === undefined ? basename(path) : `${model.name}, ${model.options.shortcut}`;
  const notes = file.folded
    ? [`${path}: its batch norms are folded into the convolutions; the checkpoint beside it has them`]
    : [];
  return { label, module: createGraphModule(graph), state, imageShape, classes, notes, ...about };
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
