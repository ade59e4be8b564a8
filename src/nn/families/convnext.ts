import { CONVNEXT_EPSILON, convnextBlock, convnextStart } from "../blocks/convnext.ts";
import { decayedProbability } from "../blocks/stochastic-depth.ts";
import type { ModelFamily } from "../family.ts";
import { layerNorm } from "../last-axis.ts";
import { conv, flatten, globalAveragePool, linear, sequence, sequential } from "../layers.ts";
import { type CompleteModelOptions, type ModelOptionName, shapeKeepingOptionNames } from "../model-options.ts";
import type { Module } from "../module.ts";
import { shapeKeepingShortcutTypes } from "../shortcuts/type.ts";

/** What distinguishes one ConvNeXt from another. */
interface ConvnextPlan {
  readonly counts: readonly number[];
  readonly widths: readonly number[];
  /** Probability of dropping the last block's residual in the published training. */
  readonly stochasticDepth: number;
}

/** The paper's and torchvision's networks from tiny on; the smaller ones are timm's, which trains them without stochastic depth. */
const plans: Readonly<Record<string, ConvnextPlan>> = {
  convnext_atto: { counts: [2, 2, 6, 2], widths: [40, 80, 160, 320], stochasticDepth: 0 },
  convnext_femto: { counts: [2, 2, 6, 2], widths: [48, 96, 192, 384], stochasticDepth: 0 },
  convnext_pico: { counts: [2, 2, 6, 2], widths: [64, 128, 256, 512], stochasticDepth: 0 },
  convnext_nano: { counts: [2, 2, 8, 2], widths: [80, 160, 320, 640], stochasticDepth: 0 },
  convnext_tiny: { counts: [3, 3, 9, 3], widths: [96, 192, 384, 768], stochasticDepth: 0.1 },
  convnext_small: { counts: [3, 3, 27, 3], widths: [96, 192, 384, 768], stochasticDepth: 0.4 },
  convnext_base: { counts: [3, 3, 27, 3], widths: [128, 256, 512, 1024], stochasticDepth: 0.5 },
  convnext_large: { counts: [3, 3, 27, 3], widths: [192, 384, 768, 1536], stochasticDepth: 0.5 },
};

/** The stem cuts the image into patches of this side. */
const PATCH = 4;

/**
 * Builds a ConvNeXt: patches of 4×4, and four stages with a layer norm and a 2×2 convolution with stride 2 between them.
 *
 * @shape `[N, channels, H, W]` → `[N, classes]`
 * @source Liu et al. 2022, arXiv:2201.03545, table 9; names as in torchvision
 */
function buildConvnext({ counts, widths }: ConvnextPlan, options: CompleteModelOptions): Module {
  const { channels, classes, stochasticDepth = 0, ...rest } = options;
  const norm = (width: number): Module => layerNorm(width, { epsilon: CONVNEXT_EPSILON, ofPlanes: true });
  const patches = (inside: number, outside: number, side: number): Module =>
    conv(inside, outside, { kernel: side, stride: side, bias: true, ...convnextStart });
  const total = counts.reduce((sum, count) => sum + count, 0);
  let place = 0;
  const features = counts.flatMap((count, stage) => {
    const width = widths[stage];
    const entry =
      stage === 0
        ? sequence([patches(channels, width, PATCH), norm(width)])
        : sequence([norm(widths[stage - 1]), patches(widths[stage - 1], width, 2)]);
    const blocks = Array.from({ length: count }, () =>
      convnextBlock(width, { ...rest, dropPath: decayedProbability(stochasticDepth, place++, total) }),
    );
    return [entry, sequence(blocks)];
  });
  const last = widths[widths.length - 1];
  return sequential({
    features: sequence(features),
    avgpool: globalAveragePool({ keepsAxes: true }),
    classifier: sequence([norm(last), flatten(), linear(last, classes, convnextStart)]),
  });
}

/** Options that reach something in a ConvNeXt; it has no batch norm, no attention and no strided block. */
const accepts: readonly ModelOptionName[] = [
  ...shapeKeepingOptionNames.filter((name) => name !== "projectionNorm"),
  "stochasticDepth",
];

/** ConvNeXt: blocks like a Transformer's, of convolutions. Names as in torchvision, the small ones as in timm. */
export const convnextFamily: ModelFamily = {
  title: "ConvNeXt",
  source: "Liu et al. 2022, arXiv:2201.03545",
  names: Object.keys(plans),
  forms: Object.keys(plans).join(", "),
  find: (name) => {
    const plan = Object.hasOwn(plans, name) ? plans[name] : undefined;
    if (plan === undefined) return undefined;
    const { stochasticDepth } = plan;
    return {
      defaults: { shortcut: "pad", channels: 3, classes: 1000, layerScale: "channel", stochasticDepth },
      accepts,
      shortcuts: shapeKeepingShortcutTypes,
      extents: [224, 224],
      build: (options) => buildConvnext(plan, options),
    };
  },
};
