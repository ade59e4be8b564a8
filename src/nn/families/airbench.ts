import { activation } from "../activations.ts";
import { airbenchBlock, type AirbenchBlockOptions } from "../blocks/airbench.ts";
import { blockLayers } from "../blocks/residual.ts";
import { decayedProbability } from "../blocks/stochastic-depth.ts";
import type { ModelFamily } from "../family.ts";
import { constantInitializer, uniformFanIn } from "../initialization.ts";
import { conv, globalMaxPool, linear, maxPool, scaleBy, sequential } from "../layers.ts";
import { type CompleteModelOptions, type ModelOptionName, shapeKeepingOptionNames } from "../model-options.ts";
import type { Module } from "../module.ts";
import { type ShortcutType, shapeKeepingShortcutTypes } from "../shortcuts/type.ts";
import { OptionError } from "../../tensor/errors.ts";

/** What distinguishes one airbench from another. */
interface AirbenchPlan {
  readonly widths: readonly number[];
  /** Convolutions in each block's F. */
  readonly depth: number;
  /** What the published network has: no shortcut, or the identity. */
  readonly shortcut: ShortcutType;
  /** Weight of the new batch in batch norms' running statistics, PyTorch's momentum. */
  readonly normMomentum: number;
}

/** Widths, depth and momentum as in `airbench94.py`, `airbench95.py` and `airbench96.py`. */
const plans: Readonly<Record<string, AirbenchPlan>> = {
  airbench94: { widths: [64, 256, 256], depth: 1, shortcut: "plain", normMomentum: 0.4 },
  airbench95: { widths: [128, 384, 384], depth: 1, shortcut: "plain", normMomentum: 0.4 },
  airbench96: { widths: [128, 512, 512], depth: 2, shortcut: "pad", normMomentum: 0.1 },
};

/** Side of the first convolution's filters. */
const STEM_KERNEL = 2;
/** Filters per number in a patch: when whitened, each direction has both signs. */
const SIGNS = 2;
/** Scores are this times the last layer's products, so that they start small. */
const SCORE_SCALE = 1 / 9;
/** Epsilon of the published batch norms. */
const NORM_EPSILON = 1e-12;

/**
 * A convolution that widens, max pooling that halves the plane, batch norm and activation; then a block that keeps the shape.
 *
 * @shape `[N, inChannels, H, W]` → `[N, channels, ⌊H/2⌋, ⌊W/2⌋]`
 */
function stage(inChannels: number, channels: number, options: AirbenchBlockOptions): Module {
  const layers = blockLayers(options);
  return sequential({
    conv: layers.conv(inChannels, channels, { kernel: 3, padding: 1, initialize: uniformFanIn() }),
    pool: maxPool({ kernel: 2, stride: 2 }),
    bn: layers.norm(channels),
    act: activation(options.activation),
    block: airbenchBlock(channels, options),
  });
}

/**
 * Builds an airbench: a 2×2 convolution, which `--whiten` is made for, three stages, the maximum of each plane, and a classifier
 * without bias. Its author freezes the norms' scales at 1 (`--freeze '*bn*.weight'` freezes them; here they are trained), and
 * the whitened filters.
 *
 * @shape `[N, channels, H, W]`, H and W at least 9 → `[N, classes]`
 * @throws {OptionError} if a block without a shortcut is to start at 0
 * @source Jordan 2024, arXiv:2404.00498, listing 2; github.com/KellerJordan/cifar10-airbench
 */
function buildAirbench(plan: AirbenchPlan, options: CompleteModelOptions): Module {
  const { channels, classes, width = 1, stochasticDepth = 0, activation: act = "gelu", ...rest } = options;
  if (options.shortcut === "plain" && options.zeroInitResidual === true)
    throw new OptionError(
      "zeroInitResidual",
      "needs a shortcut: with plain, y = act(F(x)) would start at nothing; give false with plain",
    );
  const stem = SIGNS * channels * STEM_KERNEL ** 2;
  const widths = plan.widths.map((wide) => Math.round(width * wide));
  const { depth, normMomentum } = plan;
  const stages = widths.map((wide, index): [string, Module] => {
    const dropPath = decayedProbability(stochasticDepth, index, widths.length);
    const own = { ...rest, depth, normMomentum, dropPath, activation: act };
    return [`layer${index + 1}`, stage(index === 0 ? stem : widths[index - 1], wide, own)];
  });
  const start = { initialize: uniformFanIn(), initializeBias: constantInitializer(0) };
  return sequential({
    conv1: conv(channels, stem, { kernel: STEM_KERNEL, bias: true, ...start }),
    act1: activation(act),
    ...Object.fromEntries(stages),
    maxpool: globalMaxPool(),
    fc: linear(widths[widths.length - 1], classes, { bias: false }),
    scale: scaleBy(SCORE_SCALE),
  });
}

/** Planes shrink between blocks: no option of a strided block reaches anything. */
const accepts: readonly ModelOptionName[] = [
  ...shapeKeepingOptionNames,
  "zeroInitResidual",
  "diracInit",
  "attention",
  "stochasticDepth",
  "normEpsilon",
  "width",
  "activation",
];

/** airbench: networks made for the fastest training to 94, 95 and 96 % of CIFAR-10. */
export const airbenchFamily: ModelFamily = {
  title: "airbench",
  source: "Jordan 2024, arXiv:2404.00498",
  names: Object.keys(plans),
  forms: "airbench94, 95 or 96",
  find: (name) => {
    const plan = Object.hasOwn(plans, name) ? plans[name] : undefined;
    if (plan === undefined) return undefined;
    const own = { activation: "gelu", diracInit: true, normEpsilon: NORM_EPSILON } as const;
    return {
      defaults: { shortcut: plan.shortcut, channels: 3, classes: 10, ...own },
      accepts,
      shortcuts: shapeKeepingShortcutTypes,
      extents: [32, 32],
      build: (options) => buildAirbench(plan, options),
    };
  },
};
