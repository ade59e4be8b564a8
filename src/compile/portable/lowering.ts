import type { Lowering } from "../lowering.ts";
import { rewriteGraph, type Rewrites } from "../rewrite.ts";
import { batchNormTraining, batchNormTrainingGradient } from "./batch-norm.ts";
import { convInputGradient, convWeightGradient } from "./convolution.ts";
import { averagePoolGradient, maxPoolGradient } from "./pooling.ts";

/** Residua's own operators, each written out in ONNX's. */
export const portableRewrites: Rewrites = {
  AveragePoolGradient: averagePoolGradient,
  BatchNormTraining: batchNormTraining,
  BatchNormTrainingGradient: batchNormTrainingGradient,
  ConvInputGradient: convInputGradient,
  ConvWeightGradient: convWeightGradient,
  MaxPoolGradient: maxPoolGradient,
  // A step function: HardSigmoid(y) = clamp(1e30·y, 0, 1), several times faster than Where or Sign.
  ReluGradient: (g, { inputs: [dy, y] }) => [g.op("Mul", [dy, g.op("HardSigmoid", [y], { alpha: 1e30, beta: 0 })])],
};

/** Only standard ONNX operators: runs on every backend, and is what other lowerings are tested against. */
export const portable: Lowering = {
  name: "portable",
  isFinal: false,
  lower: (graph) => ({ write: () => rewriteGraph(graph, portableRewrites), layouts: new Map() }),
};
