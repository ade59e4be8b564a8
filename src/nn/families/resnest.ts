import { resnestBottleneck } from "../blocks/resnest.ts";
import { attentionChannels } from "../blocks/split-attention.ts";
import type { ModelFamily, ModelPlan } from "../family.ts";
import type { ModelOptionName } from "../model-options.ts";
import type { ShortcutType } from "../shortcuts/type.ts";
import { OptionError } from "../../tensor/errors.ts";
import { buildResnet, imagenetPlan, residualModel, residualOptionNames } from "./resnet.ts";

/** What distinguishes one ResNeSt from another. */
interface ResnestPlan {
  readonly counts: readonly number[];
  /** Channels of the stem; half of them in its first two convolutions. */
  readonly stemWidth: number;
  readonly radix: number;
  readonly groups: number;
  /** Channels of a group in the first stage. */
  readonly baseWidth: number;
  /** Whether planes shrink before the splits: the paper's "fast" networks. */
  readonly averageFirst: boolean;
}

const usual = { stemWidth: 64, radix: 2, groups: 1, baseWidth: 64, averageFirst: false } as const;
const wide = { ...usual, stemWidth: 128 } as const;

/** @source timm/models/resnest.py */
const named: Readonly<Record<string, ResnestPlan>> = {
  resnest14d: { ...usual, counts: [1, 1, 1, 1] },
  resnest26d: { ...usual, counts: [2, 2, 2, 2] },
  resnest50d: { ...usual, counts: [3, 4, 6, 3] },
  resnest101e: { ...wide, counts: [3, 4, 23, 3] },
  resnest200e: { ...wide, counts: [3, 24, 36, 3] },
  resnest269e: { ...wide, counts: [3, 30, 48, 8] },
};

/** "4s2x40d": four splits, two groups, 40 channels per group. */
function findPlan(name: string): ResnestPlan | undefined {
  if (Object.hasOwn(named, name)) return named[name];
  const match = /^resnest50d_([1-9])s([1-9]\d?)x([1-9]\d{0,2})d$/.exec(name);
  if (match === null) return undefined;
  const [radix, groups, baseWidth] = match.slice(1).map(Number);
  return { ...usual, counts: [3, 4, 6, 3], radix, groups, baseWidth, averageFirst: true };
}

/** @throws {OptionError} unless splits and groups divide the channels that they share, in every stage */
function requireWhole(name: string, { radix, groups, baseWidth }: ResnestPlan, widths: readonly number[]): void {
  if (baseWidth % radix !== 0) {
    const fitting = Math.ceil(baseWidth / radix) * radix;
    throw new OptionError(
      "model",
      `"${name}" has ${baseWidth} channels per group, which must be a multiple of its ${radix} splits; use ${name.replace(/x\d+d$/, `x${fitting}d`)}`,
    );
  }
  for (const width of widths) {
    const squeezed = attentionChannels(((width * baseWidth) / 64) * groups, radix);
    if (squeezed % groups !== 0)
      throw new OptionError(
        "model",
        `"${name}" computes its attention from ${squeezed} channels, which must be a multiple of its ${groups} groups; use 1, 2, 4 or 8 groups`,
      );
  }
}

/** The block has attention of its own, and its stride is a pooling; how it starts without batch norm nobody has published. */
const without: readonly ModelOptionName[] = ["attention", "stridePlace", "norm"];
/** Options of the shortcut types for blocks that keep their shape. */
const ofIdentities: readonly ModelOptionName[] = ["shortcutScale", "scaleResidual", "gateBias", "shortcutDropout"];
/** The types that differ where every block changes the shape. */
const changingTypes: readonly ShortcutType[] = ["plain", "pad", "project"];

function resnestModel(name: string, plan: ResnestPlan): ModelPlan {
  const { counts, stemWidth, radix, groups, baseWidth, averageFirst } = plan;
  const imagenet = imagenetPlan(50);
  const model = residualModel(
    "imagenet",
    (options) => {
      requireWhole(name, plan, imagenet.widths);
      return buildResnet(
        {
          ...imagenet,
          counts,
          stem: { kind: "deep", width: stemWidth },
          settings: { groups, baseWidth },
          block: (inChannels, width, block) => resnestBottleneck(inChannels, width, { ...block, radix, averageFirst }),
        },
        options,
      );
    },
    { stem: "deep", subsample: "average" },
  );
  const isChanging = counts.every((count) => count === 1);
  const refused = isChanging ? [...without, ...ofIdentities] : without;
  return {
    ...model,
    accepts: residualOptionNames.filter((option) => !refused.includes(option)),
    ...(isChanging ? { shortcuts: changingTypes } : {}),
  };
}

/** ResNeSt: ResNet-D whose bottlenecks attend to several convolutions side by side. Names as in timm. */
export const resnestFamily: ModelFamily = {
  title: "ResNeSt",
  source: "Zhang et al. 2020, arXiv:2004.08955",
  names: [...Object.keys(named), "resnest50d_4s2x40d", "resnest50d_1s4x24d"],
  forms: `${Object.keys(named).join(", ")}, resnest50d_{splits}s{groups}x{width}d`,
  find: (name) => {
    const plan = findPlan(name);
    return plan && resnestModel(name, plan);
  },
};
