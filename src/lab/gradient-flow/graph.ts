import { addGradients } from "../../autodiff/backward.ts";
import type { LossFunction } from "../../compile/step/loss-pass.ts";
import { stepNames } from "../../compile/step/names.ts";
import { addForward, type NoiseInput } from "../../nn/forward.ts";
import type { Module } from "../../nn/module.ts";
import { createGraphBuilder, type GraphBuilder } from "../../onnx/builder.ts";
import type { Graph, Value } from "../../onnx/graph.ts";
import { onnxDtypes } from "../../onnx/operators/elementwise.ts";
import { addSquaredNorm, joinNorms } from "../../optim/clip.ts";
import { sameShape, type Shape } from "../../tensor/shape.ts";
import { type Block, findBlocks, findLayers, type Layer } from "../blocks.ts";
import { collectScalars, type Scalars } from "../scalars.ts";

/** The output that holds every number, in the order of {@link FlowGraph.names}. */
export const FLOW = "flow";

/** Names of what is measured of a layer and of a block. */
export const flowNames = {
  loss: "loss",
  layer: (layer: string, quantity: LayerQuantity): string => `layer/${layer}/${quantity}`,
  block: (block: string, quantity: BlockQuantity): string => `block/${block}/${quantity}`,
} as const;

/** What is measured of a layer: norms of its weight and of the loss's gradient by it, and what its activation is like. */
export type LayerQuantity = "gradient" | "weight" | "mean" | "variance" | "dead" | "zeros";

/** What is measured of a block: gradients at its two ends, mean norms a sample of F and S, and how x and y lie to each other. */
export type BlockQuantity = "gradientIn" | "gradientOut" | "residual" | "shortcut" | "cosine";

/** A graph that measures a network on one batch. */
export interface FlowGraph {
  /** In logical operators; takes images, labels, and the network's state by name. */
  readonly graph: Graph;
  readonly layers: readonly Layer[];
  readonly blocks: readonly Block[];
  /** Names of the elements of the output {@link FLOW}. */
  readonly names: readonly string[];
  readonly noise: ReadonlyMap<string, NoiseInput>;
}

const mean = (g: GraphBuilder, x: Value): Value => g.op("ReduceMean", [x], { keepdims: 0 });

/** Share of elements that are exactly 0. */
function shareOfZeros(g: GraphBuilder, x: Value): Value {
  return mean(g, g.op("Cast", [g.op("Equal", [x, g.fill(0)])], { to: onnxDtypes.float32 }));
}

function recordActivation(g: GraphBuilder, scalars: Scalars, layer: Layer): void {
  const record = (quantity: LayerQuantity, value: Value): void =>
    scalars.record(flowNames.layer(layer.name, quantity), value);
  const value = g.value(layer.relu ?? layer.output);
  const average = mean(g, value);
  const difference = g.op("Sub", [value, average]);
  record("mean", average);
  record("variance", mean(g, g.op("Mul", [difference, difference])));
  if (layer.relu === undefined) return;
  record("zeros", shareOfZeros(g, value));
  // A channel that is 0 at every place of every image learns nothing from this batch.
  const others = value.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  record("dead", shareOfZeros(g, g.op("ReduceMax", [value, g.ints(others)], { keepdims: 0 })));
}

/** Euclidean norm of each sample. @shape `[N, …]` → `[N]` */
function sampleNorms(g: GraphBuilder, x: Value): Value {
  return g.op("Sqrt", [sampleSums(g, g.op("Mul", [x, x]))]);
}

const sampleSums = (g: GraphBuilder, x: Value): Value =>
  g.op("ReduceSum", [x, g.ints(x.shape.slice(1).map((_, axis) => axis + 1))], { keepdims: 0 });

/** Keeps the quotient finite where both vectors are 0. */
const COSINE_FLOOR = 1e-12;

/** Mean over the samples of x·y / (‖x‖·‖y‖). */
function meanCosine(g: GraphBuilder, x: Value, y: Value): Value {
  const norms = g.op("Mul", [sampleNorms(g, x), sampleNorms(g, y)]);
  const products = sampleSums(g, g.op("Mul", [x, y]));
  return mean(g, g.op("Div", [products, g.op("Add", [norms, g.fill(COSINE_FLOOR)])]));
}

function recordBlock(g: GraphBuilder, scalars: Scalars, block: Block): void {
  const record = (quantity: BlockQuantity, value: Value): void =>
    scalars.record(flowNames.block(block.name, quantity), value);
  record("residual", mean(g, sampleNorms(g, g.value(block.residual))));
  if (block.shortcut !== undefined) record("shortcut", mean(g, sampleNorms(g, g.value(block.shortcut))));
  const [x, y] = [g.value(block.input), g.value(block.output)];
  if (sameShape(x.shape, y.shape)) record("cosine", meanCosine(g, x, y));
}

/** What a measuring graph is built from. */
export interface FlowOptions {
  readonly module: Module;
  /** `[channels, H, W]` */
  readonly imageShape: Shape;
  readonly batch: number;
  readonly loss: LossFunction;
}

/**
 * Forward, loss and backward pass with every number of a gradient-flow profile as one output; batch norm uses the batch, as
 * in a training step, and nothing is updated.
 */
export function buildFlowGraph({ module, imageShape, batch, loss }: FlowOptions): FlowGraph {
  const g = createGraphBuilder("gradient-flow");
  const images = g.input(stepNames.images, "float32", [batch, ...imageShape]);
  const pass = addForward(g, module, images, { mode: "train" });
  const labels = g.input(stepNames.labels, "int64", [batch, ...pass.output.shape.slice(2)]);
  const blocks = findBlocks(g, pass, images);
  const layers = findLayers(g, pass);
  const total = loss(g, pass.output, labels);
  const weights = layers.map(({ weight }) => pass.parameters.get(weight)!.value);
  const ends = [...new Set(blocks.flatMap(({ input, output }) => [input, output]))].map((name) => g.value(name));
  const gradients = addGradients(g, total, [...weights, ...ends]);
  const scalars = collectScalars(g);
  const norm = (value: Value | undefined): Value =>
    value === undefined ? g.fill(0) : joinNorms(g, [addSquaredNorm(g, value)]);
  scalars.record(flowNames.loss, total);
  layers.forEach((layer, index) => {
    scalars.record(flowNames.layer(layer.name, "gradient"), norm(gradients[index]));
    scalars.record(flowNames.layer(layer.name, "weight"), norm(weights[index]));
    recordActivation(g, scalars, layer);
  });
  const byEnd = new Map(ends.map(({ name }, index) => [name, gradients[weights.length + index]]));
  for (const block of blocks) {
    scalars.record(flowNames.block(block.name, "gradientIn"), norm(byEnd.get(block.input)));
    scalars.record(flowNames.block(block.name, "gradientOut"), norm(byEnd.get(block.output)));
    recordBlock(g, scalars, block);
  }
  const names = scalars.output(FLOW);
  return { graph: g.finish(), layers, blocks, names, noise: pass.noise };
}
