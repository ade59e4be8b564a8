import { importNetwork } from "../nn/imported/import.ts";
import { createGraphModule } from "../nn/imported/graph-module.ts";
import type { Module } from "../nn/module.ts";
import { UnsupportedError } from "../tensor/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type ChannelStatistics, imageSizeOf } from "../networks/card.ts";
import type { NetworkFile } from "../networks/file.ts";
import { bytesNormalization } from "../networks/pixel-scale.ts";

/** A trained network that the lab can analyse: its modules or its graph, with its weights. */
export interface StudyNetwork {
  /** Such as "resnet20, project", or the file's name. */
  readonly label: string;
  readonly module: Module;
  readonly state: ReadonlyMap<string, Tensor<"float32">>;
  readonly imageShape: readonly [channels: number, height: number, width: number];
  readonly classes: number;
  /** Their names in the order of its scores, where the file says so. */
  readonly classNames?: readonly string[];
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
 * Makes a network out of a file ready for the lab: a checkpoint, weights or an ONNX model of Residua's, another system's weights, or
 * ONNX from anywhere.
 *
 * @param where the file's path or name, for errors
 * @param size height and width of images, where the file leaves them open
 * @throws {UnsupportedError} if it does not take images, or has operators that have no gradient
 */
export function toStudyNetwork(file: NetworkFile, where: string, size?: number): StudyNetwork {
  const { card } = file;
  const about = {
    data: card?.data ?? "",
    ...(card === undefined ? {} : { normalization: card.normalization, classNames: card.classes }),
  };
  if (file.kind === "network") {
    const { model, module, state } = file;
    const named = model.options.shortcut === undefined ? model.name : `${model.name}, ${model.options.shortcut}`;
    const imageShape = requireImageShape(where, file.imageShape);
    return { label: named, module, state, imageShape, classes: model.options.classes, notes: [], ...about };
  }
  const imageSize = card === undefined ? size : imageSizeOf(card);
  const { graph, state, imageShape, classes, bytes } = importNetwork(file.onnx, where, {
    seed: 0,
    ...(imageSize === undefined ? {} : { imageSize }),
  });
  const { model } = card ?? {};
  const name = where.split(/[/\\]/).at(-1)!;
  const label = model?.options.shortcut === undefined ? name : `${model.name}, ${model.options.shortcut}`;
  const notes = file.folded
    ? [`${where}: its batch norms are folded into the convolutions; the checkpoint beside it has them`]
    : [];
  const scale = bytes && card === undefined ? { normalization: bytesNormalization(imageShape[0]) } : {};
  return { label, module: createGraphModule(graph), state, imageShape, classes, notes, ...about, ...scale };
}
