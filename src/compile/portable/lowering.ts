import type { Lowering } from "../lowering.ts";
import { type Pass, runPasses } from "../passes.ts";
import { maskPooledGradients } from "../pooled-relu.ts";
import { rewriteGraph, type Rewrites } from "../rewrite.ts";
import { matchScalarRanks } from "../scalar-ranks.ts";
import { logSoftmaxes, reluGradients, relus } from "./activation.ts";
import { batchNormGradients, batchNormTraining } from "./batch-norm.ts";
import { type PortableChoices, portableChoices } from "./choices.ts";
import { convInputGradient, convWeightGradient } from "./convolution.ts";
import { averagePoolGradient, maxPoolGradient } from "./pooling.ts";

/** Residua's own operators, each written out in ONNX's as chosen. */
function rewritesFor(choices: PortableChoices): Rewrites {
  const relu = relus[choices.relu];
  return {
    AveragePoolGradient: averagePoolGradient,
    BatchNormTraining: batchNormTraining,
    BatchNormTrainingGradient: batchNormGradients[choices.batchNormGradient],
    ConvInputGradient: convInputGradient,
    ConvWeightGradient: convWeightGradient,
    LogSoftmax: logSoftmaxes[choices.logSoftmax],
    MaxPoolGradient: maxPoolGradient,
    ReluGradient: reluGradients[choices.reluGradient],
    ...(relu === undefined ? {} : { Relu: relu }),
  };
}

/** The rewrites of the standard choices, for lowerings that lack their own for an operator. */
export const portableRewrites: Rewrites = rewritesFor(portableChoices.standard);

/** The portable lowering with some choices replaced; the others are the standard ones. */
export function createPortableLowering(choices: Partial<PortableChoices> = {}): Lowering {
  const rewrites = rewritesFor({ ...portableChoices.standard, ...choices });
  const passes: readonly Pass[] = [
    { name: "mask pooled gradients", pass: maskPooledGradients },
    { name: "write portably", pass: (graph) => rewriteGraph(graph, rewrites) },
    { name: "match scalar ranks", pass: matchScalarRanks },
  ];
  return {
    name: "portable",
    isFinal: false,
    lower: (graph, observe) => ({ write: () => runPasses(graph, passes, observe), layouts: new Map() }),
  };
}

/** Only standard ONNX operators: runs on every backend, and the reference for testing other lowerings. */
export const portable: Lowering = createPortableLowering();
