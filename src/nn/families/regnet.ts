import { regnetBlock } from "../blocks/regnet.ts";
import { decayedProbability } from "../blocks/stochastic-depth.ts";
import type { ModelFamily } from "../family.ts";
import { constantInitializer, normal } from "../initialization.ts";
import { conv, dropout, globalAveragePool, linear, relu, sequence, sequential } from "../layers.ts";
import { additiveOptionNames, type CompleteModelOptions, type ModelOptionName } from "../model-options.ts";
import type { Module } from "../module.ts";
import { additiveShortcutTypes } from "../shortcuts/type.ts";
import { normOf } from "./resnet.ts";

/** Four numbers give the widths of all blocks; the fifth is that of a group. */
interface RegnetRule {
  readonly depth: number;
  /** w₀, a multiple of 8. */
  readonly first: number;
  /** w_a. */
  readonly slope: number;
  /** w_m. */
  readonly step: number;
  readonly group: number;
  /** Blocks have squeeze-and-excitation (RegNetY). */
  readonly squeezes: boolean;
  /** How a width becomes a multiple of the group width. Default "torchvision", which never takes more than a tenth away. */
  readonly rounding?: "timm";
}

type Numbers = readonly [depth: number, first: number, slope: number, step: number, group: number];

const x = ([depth, first, slope, step, group]: Numbers): RegnetRule => {
  return { depth, first, slope, step, group, squeezes: false };
};
const y = (numbers: Numbers): RegnetRule => ({ ...x(numbers), squeezes: true });
const inTimm = (rule: RegnetRule): RegnetRule => ({ ...rule, rounding: "timm" });

/** torchvision's networks, then those that only timm has or that its rounding makes others. */
const rules: Readonly<Record<string, RegnetRule>> = {
  regnet_x_400mf: x([22, 24, 24.48, 2.54, 16]),
  regnet_x_800mf: x([16, 56, 35.73, 2.28, 16]),
  regnet_x_1_6gf: x([18, 80, 34.01, 2.25, 24]),
  regnet_x_3_2gf: x([25, 88, 26.31, 2.25, 48]),
  regnet_x_8gf: x([23, 80, 49.56, 2.88, 120]),
  regnet_x_16gf: x([22, 216, 55.59, 2.1, 128]),
  regnet_x_32gf: x([23, 320, 69.86, 2, 168]),
  regnet_y_400mf: y([16, 48, 27.89, 2.09, 8]),
  regnet_y_800mf: y([14, 56, 38.84, 2.4, 16]),
  regnet_y_1_6gf: y([27, 48, 20.71, 2.65, 24]),
  regnet_y_3_2gf: y([21, 80, 42.63, 2.66, 24]),
  regnet_y_8gf: y([17, 192, 76.82, 2.19, 56]),
  regnet_y_16gf: y([18, 200, 106.23, 2.48, 112]),
  regnet_y_32gf: y([20, 232, 115.89, 2.53, 232]),
  regnet_y_128gf: y([27, 456, 160.83, 2.52, 264]),
  regnetx_002: inTimm(x([13, 24, 36.44, 2.49, 8])),
  regnetx_004: inTimm(x([22, 24, 24.48, 2.54, 16])),
  regnetx_006: inTimm(x([16, 48, 36.97, 2.24, 24])),
  regnetx_040: inTimm(x([23, 96, 38.65, 2.43, 40])),
  regnetx_064: inTimm(x([17, 184, 60.83, 2.07, 56])),
  regnetx_120: inTimm(x([19, 168, 73.36, 2.37, 112])),
  regnety_002: inTimm(y([13, 24, 36.44, 2.49, 8])),
  regnety_006: inTimm(y([15, 48, 32.54, 2.32, 16])),
  regnety_040: inTimm(y([22, 96, 31.41, 2.24, 64])),
  regnety_064: inTimm(y([25, 112, 33.22, 2.27, 72])),
  regnety_080: inTimm(y([17, 192, 76.82, 2.19, 56])),
  regnety_120: inTimm(y([19, 168, 73.36, 2.37, 112])),
};

/** timm's names of networks that it shares with torchvision. */
const timmNames: Readonly<Record<string, string>> = {
  regnetx_008: "regnet_x_800mf",
  regnetx_016: "regnet_x_1_6gf",
  regnetx_032: "regnet_x_3_2gf",
  regnetx_080: "regnet_x_8gf",
  regnetx_160: "regnet_x_16gf",
  regnetx_320: "regnet_x_32gf",
  regnety_004: "regnet_y_400mf",
  regnety_008: "regnet_y_800mf",
  regnety_016: "regnet_y_1_6gf",
  regnety_032: "regnet_y_3_2gf",
  regnety_160: "regnet_y_16gf",
  regnety_320: "regnet_y_32gf",
  regnety_1280: "regnet_y_128gf",
};

const QUANTUM = 8;
const STEM_WIDTH = 32;
/** The part of a block's input channels that squeeze-and-excitation keeps. */
const SQUEEZED = 0.25;
/** torchvision's `_make_divisible` goes up when rounding would leave less than this. */
const LEAST_KEPT = 0.9;

/** The nearest whole number, of two the even one, as in Python. */
function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

function toMultiple(width: number, group: number, rounding: RegnetRule["rounding"]): number {
  if (rounding === "timm") return roundHalfToEven(width / group) * group;
  const rounded = Math.max(group, Math.floor((width + group / 2) / group) * group);
  return rounded < LEAST_KEPT * width ? rounded + group : rounded;
}

/** Blocks of one width, and the channels in their groups. */
interface RegnetStage {
  readonly count: number;
  readonly width: number;
  readonly groupWidth: number;
}

/**
 * u_j = w₀ + w_a·j is the wanted width of block j; the nearest w₀·w_mˢ, s whole, as a multiple of 8 is the one that it gets.
 * Blocks of equal width are a stage, whose width then becomes a multiple of the group's.
 *
 * @source Radosavovic et al. 2020, arXiv:2003.13678, section 3.3, equations 2 to 4
 */
function stagesOf({ depth, first, slope, step, group, rounding }: RegnetRule): readonly RegnetStage[] {
  const widths = Array.from({ length: depth }, (_, block) => {
    const power = roundHalfToEven(Math.log((first + slope * block) / first) / Math.log(step));
    return roundHalfToEven((first * step ** power) / QUANTUM) * QUANTUM;
  });
  return [...new Set(widths)].map((width) => {
    const groupWidth = Math.min(group, width);
    const count = widths.filter((other) => other === width).length;
    return { count, width: toMultiple(width, groupWidth, rounding), groupWidth };
  });
}

/** One stage, which halves the plane; blocks are named by stage and place, as in torchvision. */
function buildStage(
  { count, width, groupWidth }: RegnetStage,
  { squeezes }: RegnetRule,
  at: { readonly stage: number; readonly inChannels: number; readonly dropPath: (block: number) => number },
  options: CompleteModelOptions,
): Module {
  const blocks = Array.from({ length: count }, (_, block): [string, Module] => {
    const inChannels = block === 0 ? at.inChannels : width;
    const own = {
      stride: block === 0 ? 2 : 1,
      groupWidth,
      dropPath: at.dropPath(block),
      ...(squeezes ? { squeezed: roundHalfToEven(SQUEEZED * inChannels) } : {}),
    };
    return [`block${at.stage}-${block}`, regnetBlock(inChannels, width, { ...options, ...own })];
  });
  return sequential(Object.fromEntries(blocks));
}

/**
 * Builds stem, stages and classifier under torchvision's names.
 *
 * @shape `[N, channels, H, W]` → `[N, classes]`
 * @source Radosavovic et al. 2020, arXiv:2003.13678, figure 3; torchvision/models/regnet.py, initial values included
 */
function buildRegnet(rule: RegnetRule, options: CompleteModelOptions): Module {
  const { channels, classes, stochasticDepth = 0, dropout: probability = 0 } = options;
  let [inChannels, place] = [STEM_WIDTH, 0];
  const stages = stagesOf(rule).map((stage, index): [string, Module] => {
    const before = place;
    const dropPath = (block: number) => decayedProbability(stochasticDepth, before + block, rule.depth);
    const module = buildStage(stage, rule, { stage: index + 1, inChannels, dropPath }, options);
    inChannels = stage.width;
    place += stage.count;
    return [`block${index + 1}`, module];
  });
  return sequential({
    stem: sequence([
      conv(channels, STEM_WIDTH, { kernel: 3, stride: 2, padding: 1 }),
      normOf(options)(STEM_WIDTH),
      relu(),
    ]),
    trunk_output: sequential(Object.fromEntries(stages)),
    avgpool: globalAveragePool(),
    ...(probability === 0 ? {} : { dropout: dropout(probability) }),
    fc: linear(inChannels, classes, { initialize: normal(0.01), initializeBias: constantInitializer(0) }),
  });
}

/** Stem, strides and attention are what makes a RegNet: they are no options. */
const accepts: readonly ModelOptionName[] = [
  ...additiveOptionNames,
  "subsample",
  "zeroInitResidual",
  "diracInit",
  "stochasticDepth",
  "dropout",
  "normEpsilon",
];

/** RegNetX and, with squeeze-and-excitation, RegNetY. Names as in torchvision, otherwise timm's; timm's others are known, too. */
export const regnetFamily: ModelFamily = {
  title: "RegNet",
  source: "Radosavovic et al. 2020, arXiv:2003.13678",
  names: Object.keys(rules),
  forms:
    "regnet_x_400mf, 800mf, 1_6gf, 3_2gf, 8gf, 16gf or 32gf, regnet_y_400mf to 128gf, or timm's regnetx_002 to 320 and regnety_002 to 1280",
  find: (name) => {
    const known = Object.hasOwn(timmNames, name) ? timmNames[name] : name;
    const rule = Object.hasOwn(rules, known) ? rules[known] : undefined;
    if (rule === undefined) return undefined;
    return {
      defaults: { shortcut: "project", channels: 3, classes: 1000 },
      accepts,
      shortcuts: additiveShortcutTypes,
      extents: [224, 224],
      build: (options) => buildRegnet(rule, options),
    };
  },
};
