import { buildInference, toModel } from "../compile/inference.ts";
import type { ForwardOptions } from "../compile/step/loss-pass.ts";
import { stepNames } from "../compile/step/names.ts";
import { buildGradientStep } from "../compile/step/steps.ts";
import type { Module } from "../nn/module.ts";
import { encodeModel } from "../onnx/encode.ts";
import type { Runtime, SessionOptions } from "../runtime/runtime.ts";
import { OptionError, ShapeError } from "../tensor/errors.ts";
import { formatShape, type Shape, sizeOf } from "../tensor/shape.ts";
import { float32, isDtype, type Tensor } from "../tensor/tensor.ts";
import type { LoadedModel } from "../networks/load-weights.ts";
import { loadGraph } from "./load-graph.ts";

/** Axes of signals, images and volumes, as messages name them. */
const axisNames: Readonly<Record<number, string>> = { 1: "length", 2: "H,W", 3: "depth,H,W" };

/**
 * @throws {ShapeError} unless the input is float32 images `[N, channels, H, W]`, or signals or volumes if the network
 *   takes those
 */
function requireImages(images: Tensor, { options, imageShape }: TrainableModel["model"]): Tensor<"float32"> {
  const { channels } = options;
  const extents = (imageShape?.length ?? 3) - 1;
  if (images.shape.length !== extents + 2 || images.shape[1] !== channels || images.shape.includes(0)) {
    throw new ShapeError(
      "input",
      `must be [N,${channels},${axisNames[extents] ?? "…"}], got ${formatShape(images.shape)}`,
    );
  }
  if (isDtype(images, "float32")) return images;
  if (isDtype(images, "float64")) return float32(images.shape, images.data);
  throw new ShapeError("input", `must be float32, got ${images.dtype}`);
}

/** @throws {OptionError} unless every image has a label below `classes` */
function requireLabels(labels: Tensor, count: number, classes: number): Tensor<"int64"> {
  const values = Array.from(labels.data as ArrayLike<number | bigint>, Number);
  if (labels.shape.length !== 1 || values.length !== count) {
    throw new ShapeError("labels", `must be [${count}], got ${formatShape(labels.shape)}`);
  }
  const wrong = values.find((value) => !Number.isInteger(value) || value < 0 || value >= classes);
  if (wrong !== undefined)
    throw new OptionError("labels", `must be whole numbers from 0 to ${classes - 1}, got ${wrong}`);
  return { dtype: "int64", shape: labels.shape, data: BigInt64Array.from(values, BigInt) };
}

/**
 * Scores images, signals or volumes in evaluation mode.
 * @shape images `[N, channels, …]` → scores `[N, classes]`
 */
export async function runForward(
  runtime: Runtime,
  { model, state }: LoadedModel,
  images: Tensor,
  options: SessionOptions = {},
): Promise<Tensor> {
  const input = requireImages(images, model);
  const graph = buildInference(model.module, input.shape.slice(1), state, { foldBatchNorm: false });
  const session = await runtime.load(encodeModel(toModel(graph)), options);
  try {
    const { [stepNames.scores]: scores } = await session.run({ [stepNames.images]: input });
    return await scores.read();
  } finally {
    await session.release();
  }
}

/** A network, by name or from a file, with its weights. */
export interface TrainableModel {
  readonly model: {
    readonly module: Module;
    readonly options: { readonly channels: number; readonly classes: number };
    /** `[channels, H, W]`, or the axes of the network's input; by default, an image's. */
    readonly imageShape?: Shape;
  };
  readonly state: ReadonlyMap<string, Tensor<"float32">>;
}

/** A loss, and the label shape if labels are not one class per image. */
export type LossOfStep = Pick<ForwardOptions, "loss" | "labelShape" | "correct">;

/** A loss and its gradients by parameter name. */
export interface LossGradients {
  readonly loss: Tensor;
  readonly gradients: ReadonlyMap<string, Tensor>;
}

const onesLike = (shape: Shape): Tensor<"float32"> => float32(shape, new Float32Array(sizeOf(shape)).fill(1));

/**
 * The loss and the gradient of every trainable parameter, batch norm in training mode. Dropout and stochastic depth
 * drop nothing, so the result is deterministic everywhere.
 * @shape images `[N, channels, …]`, labels `[N]`, or the task's own label shape
 */
export async function runGradients(
  runtime: Runtime,
  { model, state }: TrainableModel,
  images: Tensor,
  labels: Tensor,
  { loss, labelShape, correct }: LossOfStep,
  options: SessionOptions = {},
): Promise<LossGradients> {
  const input = requireImages(images, model);
  const [batch, ...imageShape] = input.shape;
  const ofTask = { ...(labelShape && { labelShape }), ...(correct && { correct }) };
  const step = buildGradientStep({ module: model.module, imageShape, batch, loss, ...ofTask });
  const loaded = await loadGraph(runtime, step.graph, options);
  try {
    const feeds = {
      [stepNames.images]: input,
      [stepNames.labels]: labelShape ? labels : requireLabels(labels, batch, model.options.classes),
    };
    const needed = loaded.inputNames.filter((name) => state.has(name)).map((name) => [name, state.get(name)!] as const);
    const kept = Array.from(step.noise, ([name, { value }]) => [name, onesLike(value.shape as Shape)] as const);
    const results = await loaded.run({ ...feeds, ...Object.fromEntries([...needed, ...kept]) });
    const gradients = Array.from(step.trained.keys(), (name) => [name, results[stepNames.gradient(name)]] as const);
    return { loss: results[stepNames.loss], gradients: new Map(gradients) };
  } finally {
    await loaded.release();
  }
}
