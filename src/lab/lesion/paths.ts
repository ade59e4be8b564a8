import { addGradients } from "../../autodiff/backward.ts";
import { stepNames } from "../../compile/step/names.ts";
import { crossEntropy } from "../../nn/losses.ts";
import { createGraphBuilder, type GraphBuilder } from "../../onnx/builder.ts";
import type { Graph, Value } from "../../onnx/graph.ts";
import { binomial } from "../../statistics/distributions.ts";
import { permutation, randomStream } from "../../tensor/random.ts";
import { float32, type Tensor } from "../../tensor/tensor.ts";
import type { BlockedGraph } from "./rewire.ts";

/** Inputs and output of a path graph besides images and labels. */
export const pathNames = {
  /** `[blocks, N]`: 1 if the gradient passes a block's residual. */
  residual: "residualMask",
  /** `[blocks, N]`: 1 if it passes the shortcut. */
  shortcut: "shortcutMask",
  /** `[N]`: norm of each image's gradient before the first block. */
  norms: "norms",
} as const;

/** The value itself, whose gradient is multiplied by a mask of 0 and 1: m·v + (1 − m)·detached v. */
function gateGradient(g: GraphBuilder, value: Value, mask: Value, detached: Set<string>): Value {
  const still = g.op("Identity", [value]);
  detached.add(still.name);
  return g.op("Add", [g.op("Mul", [value, mask]), g.op("Mul", [still, g.op("Sub", [g.fill(1), mask])])]);
}

/**
 * A network whose forward pass is unchanged and whose gradient, image by image, flows through chosen paths alone: a path goes
 * through the residual or through the shortcut of each block.
 *
 * @param network with a batch that is known, and at least one block that has a shortcut
 * @source Veit et al. 2016, arXiv:1605.06431, section 4.3
 */
export function buildPathGraph({ graph, blocks }: BlockedGraph, batch: number): Graph {
  const g = createGraphBuilder("paths");
  const forked = blocks.filter(({ shortcut }) => shortcut !== undefined);
  for (const { name, dtype, shape } of graph.inputs) g.input(name, dtype, shape);
  for (const [name, value] of graph.initializers) g.initializer(name, value);
  const masks = [pathNames.residual, pathNames.shortcut].map((name) =>
    g.input(name, "float32", [forked.length, batch]),
  );
  const detached = new Set<string>();
  const maskOf = (mask: Value, index: number, rank: number): Value =>
    g.op("Reshape", [
      g.op("Gather", [mask, g.ints([index])], { axis: 0 }),
      g.ints([batch, ...Array.from({ length: rank - 1 }, () => 1)]),
    ]);
  for (const node of graph.nodes) {
    const index = forked.findIndex(
      ({ residual, shortcut = "" }) => node.inputs.includes(residual) && node.inputs.includes(shortcut),
    );
    if (index < 0) {
      g.append(node);
      continue;
    }
    const { residual } = forked[index];
    const inputs = node.inputs.map((name) => {
      const value = g.value(name);
      const mask = masks[name === residual ? 0 : 1];
      return gateGradient(g, value, maskOf(mask, index, value.shape.length), detached).name;
    });
    g.append({ ...node, inputs });
  }
  const scores = g.value(graph.outputs[0].name);
  const labels = g.input(stepNames.labels, "int64", [batch]);
  const loss = g.op("Mul", [crossEntropy(g, scores, labels), g.fill(batch)]);
  const [gradient] = addGradients(g, loss, [g.value(blocks[0].input)], { detached });
  const found = gradient ?? g.op("Mul", [g.value(blocks[0].input), g.fill(0)]);
  const axes = g.ints(found.shape.slice(1).map((_, axis) => axis + 1));
  g.output(pathNames.norms, g.op("Sqrt", [g.op("ReduceSum", [g.op("Mul", [found, found]), axes], { keepdims: 0 })]));
  return g.finish();
}

/** Masks of one random path a sample. @param lengths how many residuals each sample's path goes through */
export function drawPaths(
  blocks: number,
  lengths: readonly number[],
  { seed, round }: { readonly seed: number; readonly round: number },
): { readonly residual: Tensor<"float32">; readonly shortcut: Tensor<"float32"> } {
  const residual = new Float32Array(blocks * lengths.length);
  lengths.forEach((length, sample) => {
    const order = permutation(randomStream(seed, "path", round, sample), blocks);
    for (const block of order.subarray(0, length)) residual[block * lengths.length + sample] = 1;
  });
  return {
    residual: float32([blocks, lengths.length], residual),
    shortcut: float32(
      [blocks, lengths.length],
      residual.map((value) => 1 - value),
    ),
  };
}

/** Paths of one length. */
export interface PathLength {
  /** Residuals on the way. */
  readonly length: number;
  /** Share of all 2ⁿ paths: binomial with n and ½. */
  readonly share: number;
  /** Mean norm of the gradient that came through one sampled path. */
  readonly gradient: number;
  /** Share of the whole gradient that comes through all paths of this length. */
  readonly contribution: number;
}

/**
 * What paths of each length carry: how many there are times how much one lets through.
 * @param gradients mean norm by length, 0 to n
 */
export function weighPaths(gradients: readonly number[]): readonly PathLength[] {
  const blocks = gradients.length - 1;
  const law = binomial(blocks, 0.5);
  const shares = gradients.map((_, length) => law.probability(length));
  const total = gradients.reduce((sum, gradient, length) => sum + gradient * shares[length], 0);
  return gradients.map((gradient, length) => ({
    length,
    share: shares[length],
    gradient,
    contribution: total === 0 ? 0 : (gradient * shares[length]) / total,
  }));
}

/** The shortest interval's upper end: the least length up to which paths carry `share` of the gradient. */
export function effectiveLength(paths: readonly PathLength[], share: number): number {
  let sum = 0;
  for (const { length, contribution } of paths) {
    sum += contribution;
    if (sum >= share - 1e-12) return length;
  }
  return paths.at(-1)?.length ?? 0;
}
