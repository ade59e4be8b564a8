import type { Lowering, Precision } from "../lowering.ts";
import type { Graph } from "../../onnx/graph.ts";
import { type Pass, runPasses } from "../passes.ts";
import { maskPooledGradients } from "../pooled-relu.ts";
import { rewriteGraph, type Rewrites } from "../rewrite.ts";
import { matchScalarRanks } from "../scalar-ranks.ts";
import { logSoftmaxes, reluGradients, relus, signs } from "./activation.ts";
import { batchNormGradients, batchNormTraining } from "./batch-norm.ts";
import { type PortableChoices, portableChoices } from "./choices.ts";
import { convInputGradient, convWeightGradient } from "./convolution.ts";
import { fuseSums } from "./few-kernels.ts";
import { hoistFactors } from "./hoist-factors.ts";
import { findProducts, halveProducts } from "./half-products.ts";
import { narrowLabels, narrowLayouts } from "./narrow-labels.ts";
import { averagePoolGradient, maxPoolGradients } from "./pooling.ts";

/** Residua's own operators, each written out in ONNX's as chosen. */
function rewritesFor(choices: PortableChoices): Rewrites {
  const [relu, sign] = [relus[choices.relu], signs[choices.sign]];
  return {
    AveragePoolGradient: averagePoolGradient,
    BatchNormTraining: batchNormTraining[choices.batchNorm],
    BatchNormTrainingGradient: batchNormGradients[choices.batchNormGradient],
    ConvInputGradient: convInputGradient,
    ConvWeightGradient: convWeightGradient,
    LogSoftmax: logSoftmaxes[choices.logSoftmax],
    MaxPoolGradient: maxPoolGradients[choices.maxPoolGradient],
    ReluGradient: reluGradients[choices.reluGradient],
    ...(relu === undefined ? {} : { Relu: relu }),
    ...(sign === undefined ? {} : { Sign: sign }),
  };
}

/** The rewrites of the standard choices, for lowerings that lack their own for an operator. */
export const portableRewrites: Rewrites = rewritesFor(portableChoices.standard);

/** The portable lowering with some choices replaced; the others are the standard ones. */
export function createPortableLowering(
  choices: Partial<PortableChoices> = {},
  precision: Precision = "float32",
): Lowering {
  const all = { ...portableChoices.standard, ...choices };
  const rewrites = rewritesFor(all);
  const isNarrow = all.labels === "int32";
  const passesOf = (logical: Graph): readonly Pass[] => [
    { name: "mask pooled gradients", pass: maskPooledGradients },
    ...(isNarrow ? [{ name: "narrow labels", pass: narrowLabels }] : []),
    { name: "write portably", pass: (graph) => rewriteGraph(graph, rewrites) },
    ...(precision === "mixed"
      ? [{ name: "halve products", pass: halveProducts(findProducts(logical), all.float16) }]
      : []),
    ...(all.updates === "joined" ? [{ name: "hoist factors", pass: hoistFactors }] : []),
    ...(all.sums === "fused" ? [{ name: "fuse sums", pass: fuseSums }] : []),
    { name: "match scalar ranks", pass: matchScalarRanks },
  ];
  return {
    name: "portable",
    isFinal: false,
    precision,
    joinsSmall: all.updates === "joined",
    mixed: () => createPortableLowering(choices, "mixed"),
    variant: [...Object.values(all), precision].join(" "),
    lower: (graph, observe) => ({
      write: () => runPasses(graph, passesOf(graph), observe),
      layouts: isNarrow ? narrowLayouts(graph) : new Map(),
    }),
  };
}

/** Only standard ONNX operators: runs on every backend, and the reference for testing other lowerings. */
export const portable: Lowering = createPortableLowering();
