import {
  basicBlock,
  blockLayers,
  bottleneck,
  type BlockOptions,
  fixupBasicBlock,
  fixupBottleneck,
} from "../blocks/index.ts";
import type { ModelFamily, ModelPlan } from "../family.ts";
import { batchNorm, dropout, globalAveragePool, linear, maxPool, relu, sequence, sequential } from "../layers.ts";
import { additiveOptionNames, type CompleteModelOptions, type ModelOptionName } from "../model-options.ts";
import type { Module } from "../module.ts";
import { constantInitializer } from "../initialization.ts";
import { noNorm, scalarBias } from "../norm-free.ts";
import { additiveShortcutTypes } from "../shortcuts/type.ts";
import { OptionError } from "../../tensor/errors.ts";
import { type BlockMaker, buildStages, type StageBlocks } from "./stages.ts";

/** Options of a whole network; a block's options reach every block. */
export type ResnetOptions = CompleteModelOptions;

/** What distinguishes one post-activation network from another. */
export interface ResnetPlan {
  readonly bottleneck: boolean;
  readonly counts: readonly number[];
  readonly widths: readonly number[];
  readonly stem: { readonly kind: StemKind; readonly width: number };
  readonly settings?: Pick<BlockOptions, "groups" | "baseWidth" | "dimensions" | "attentionReduction">;
  /** Stride of the stem's first convolution per axis, if it is not the usual one along all of them. */
  readonly stemStride?: number | readonly number[];
  /** What halves the plane after the stem's convolutions: the maximum, or one more convolution. Default "max". */
  readonly stemPool?: "max" | "conv";
  /** The block of bottleneck form, if it is not ResNet's. */
  readonly block?: BlockMaker;
}

/** What comes before the first block. */
export type StemKind = "7x7" | "deep" | "3x3";

/** All stems. */
export const stemKinds: readonly StemKind[] = ["7x7", "deep", "3x3"];

/** Stride of a stem's first convolution. */
const firstStrides: { readonly [Kind in StemKind]: number } = { "7x7": 2, deep: 2, "3x3": 1 };

/**
 * The factor by which a stem shrinks the plane, including the pooling after it.
 * @param stride of its first convolution
 */
export function stemReach(kind: StemKind, stride: number | readonly number[] = firstStrides[kind]): number {
  return Math.max(...[stride].flat()) * (kind === "3x3" ? 1 : 2);
}

/** Options that all networks of additive blocks take. */
export const residualOptionNames: readonly ModelOptionName[] = [
  ...additiveOptionNames,
  "subsample",
  "zeroInitResidual",
  "diracInit",
  "stridePlace",
  "attention",
  "stochasticDepth",
  "dropout",
  "dilation",
  "firstDilation",
  "outputStride",
  "stem",
  "stemWidth",
  "stemStride",
  "norm",
  "normEpsilon",
];

/** Batch norm by a network's options, or what takes its place outside of blocks. */
export function normOf({ norm = "batch", normEpsilon }: ResnetOptions): (channels: number) => Module {
  if (norm === "fixup") return scalarBias;
  if (norm === "none") return noNorm;
  return (channels) => batchNorm(channels, normEpsilon === undefined ? {} : { epsilon: normEpsilon });
}

/** Blocks whose activation follows the addition, by what normalises them. */
const blocksOf = ({ norm }: ResnetOptions): StageBlocks =>
  norm === "fixup" ? { basic: fixupBasicBlock, bottleneck: fixupBottleneck } : { basic: basicBlock, bottleneck };

/**
 * The stem: a 7×7 convolution with stride 2, or three of 3×3 (ResNet-D), then max pooling; or, for small images, one of
 * 3×3 alone.
 * @source He et al. 2015, arXiv:1512.03385; He et al. 2018, arXiv:1812.01187, figure 2(c); names as in torchvision and timm
 */
function stemLayers(
  kind: StemKind,
  width: number,
  options: ResnetOptions,
  { settings = {}, stemStride = firstStrides[kind], stemPool = "max" }: ResnetPlan,
): Readonly<Record<string, Module>> {
  const norm = normOf(options);
  const { channels, norm: normKind = "batch" } = options;
  const { conv } = blockLayers({ shortcut: options.shortcut, norm: normKind, ...settings });
  const half = Math.floor(width / 2);
  const rest = { [normKind === "fixup" ? "bias1" : "bn1"]: norm(width), relu: relu() };
  if (kind === "3x3") {
    return { conv1: conv(channels, width, { kernel: 3, stride: stemStride, padding: 1 }), ...rest };
  }
  const conv1 =
    kind === "7x7"
      ? conv(channels, width, { kernel: 7, stride: stemStride, padding: 3 })
      : sequence([
          conv(channels, half, { kernel: 3, stride: stemStride, padding: 1 }),
          norm(half),
          relu(),
          conv(half, half, { kernel: 3, padding: 1 }),
          norm(half),
          relu(),
          conv(half, width, { kernel: 3, padding: 1 }),
        ]);
  const window = { kernel: 3, stride: 2, padding: 1 } as const;
  const maxpool = stemPool === "max" ? maxPool(window) : sequence([conv(width, width, window), norm(width), relu()]);
  return { conv1, ...rest, maxpool };
}

/** A ResNet without its classifier, in the parts from which other networks are built. */
export interface Encoder {
  /** From the image to the first stage, in this order. */
  readonly stem: Readonly<Record<string, Module>>;
  /** `layer1`, `layer2` … */
  readonly stages: Readonly<Record<string, Module>>;
  /** Channels of the stem. */
  readonly stemWidth: number;
  /** Output channels of each stage. */
  readonly channels: readonly number[];
  /** The factor by which planes of the first stage are smaller than the image. */
  readonly reach: number;
}

/** Builds stem and stages under torchvision's names. */
export function buildEncoder(plan: ResnetPlan, options: ResnetOptions): Encoder {
  const { stem: kind = plan.stem.kind, stemWidth = plan.stem.width } = options;
  const { stemStride = plan.stemStride ?? firstStrides[kind] } = options;
  const reach = stemReach(kind, stemStride);
  const stem = { channels: stemWidth, stride: reach };
  const usual = blocksOf(options);
  const blocks = { ...usual, bottleneck: plan.block ?? usual.bottleneck };
  const { stages, channels } = buildStages(plan, blocks, { stem, options });
  return {
    stem: stemLayers(kind, stemWidth, options, { ...plan, stemStride }),
    stages: Object.fromEntries(stages.map((stage, index) => [`layer${index + 1}`, stage])),
    stemWidth,
    channels,
    reach,
  };
}

/**
 * Builds stem, stages and classifier under torchvision's names.
 *
 * @shape `[N, channels, H, W]` → `[N, classes]`
 */
export function buildResnet(plan: ResnetPlan, options: ResnetOptions): Module {
  const { dropout: probability = 0, norm } = options;
  const { stem, stages, channels } = buildEncoder(plan, options);
  const zero = { initialize: constantInitializer(0), initializeBias: constantInitializer(0) };
  return sequential({
    ...stem,
    ...stages,
    avgpool: globalAveragePool(),
    ...(probability === 0 ? {} : { dropout: dropout(probability) }),
    ...(norm === "fixup" ? { bias2: scalarBias() } : {}),
    fc: linear(channels.at(-1)!, options.classes, norm === "fixup" ? zero : {}),
  });
}

/** Blocks per stage of the ImageNet ResNets. */
const imagenetStages: Readonly<Record<number, Pick<ResnetPlan, "bottleneck" | "counts">>> = {
  18: { bottleneck: false, counts: [2, 2, 2, 2] },
  34: { bottleneck: false, counts: [3, 4, 6, 3] },
  50: { bottleneck: true, counts: [3, 4, 6, 3] },
  101: { bottleneck: true, counts: [3, 4, 23, 3] },
  152: { bottleneck: true, counts: [3, 8, 36, 3] },
};

/** Depths of the ImageNet ResNets. */
export const imagenetDepths: readonly number[] = Object.keys(imagenetStages).map(Number);

/**
 * The plan of an ImageNet ResNet: a 7×7 stem with stride 2, max pooling, four stages with widths 64 to 512.
 *
 * @param depth 18, 34 (basic blocks), 50, 101 or 152 (bottlenecks)
 * @throws {OptionError} for another depth
 * @source He et al. 2015, arXiv:1512.03385, table 1
 */
export function imagenetPlan(depth: number): ResnetPlan {
  const plan = imagenetStages[depth];
  if (plan === undefined)
    throw new OptionError("depth", `must be one of ${imagenetDepths.join(", ")} for ImageNet, got ${depth}`);
  return { ...plan, widths: [64, 128, 256, 512], stem: { kind: "7x7", width: 64 } };
}

/**
 * The plan of a CIFAR ResNet: one 3×3 convolution, three stages of n basic blocks with 16, 32 and 64 channels.
 *
 * @param depth 6n + 2: 8, 14, 20, 32, 44, 56, 110 …
 * @param width factor of all channels
 * @throws {OptionError} if depth is not 6n + 2
 * @source He et al. 2015, arXiv:1512.03385, section 4.2
 */
export function cifarPlan(depth: number, width = 1): ResnetPlan {
  const count = (depth - 2) / 6;
  if (!Number.isInteger(count) || count < 1) {
    throw new OptionError("depth", `must be 6n + 2 for a CIFAR ResNet (8, 14, 20, 32, 44, 56, 110 …), got ${depth}`);
  }
  const widths = [16, 32, 64].map((channels) => Math.round(width * channels));
  return { bottleneck: false, counts: [count, count, count], widths, stem: { kind: "3x3", width: widths[0] } };
}

/** The ResNet for images of 32×32. @throws {OptionError} if depth is not 6n + 2 */
export function cifarResnet(depth: number, options: ResnetOptions): Module {
  return buildResnet(cifarPlan(depth, options.width), options);
}

/** The ResNet for ImageNet; names as in torchvision. @throws {OptionError} for an unknown depth */
export function imagenetResnet(depth: number, options: ResnetOptions): Module {
  return buildResnet(imagenetPlan(depth), options);
}

/**
 * A registry plan for a network with additive shortcuts.
 * @param defaults options in which the network differs from ResNet
 */
export function residualModel(
  data: "imagenet" | "cifar",
  build: (options: ResnetOptions) => Module,
  defaults: Partial<CompleteModelOptions> = {},
): ModelPlan {
  const [classes, side] = data === "imagenet" ? [1000, 224] : [10, 32];
  return {
    defaults: { shortcut: "project", channels: 3, classes, ...defaults },
    accepts: residualOptionNames,
    shortcuts: additiveShortcutTypes,
    extents: [side, side],
    build,
  };
}

/** The name of the CIFAR ResNet of this depth: the ImageNet names take precedence, so 50 and 152 get a prefix. */
export function cifarModelName(depth: number): string {
  return imagenetDepths.includes(depth) ? `cifar-resnet${depth}` : `resnet${depth}`;
}

/** Whether a CIFAR network of basic blocks can have this depth. */
export const isCifarDepth = (depth: number): boolean => depth >= 8 && (depth - 2) % 6 === 0;

/** ResNet for ImageNet (v1.5, as in torchvision; `stridePlace` "1x1" makes it v1) and for CIFAR. */
export const resnetFamily: ModelFamily = {
  title: "ResNet",
  source: "He et al. 2015, arXiv:1512.03385",
  names: [...[8, 14, 20, 32, 44, 56, 110].map(cifarModelName), ...imagenetDepths.map((depth) => `resnet${depth}`)],
  forms:
    "resnet18, 34, 50, 101 or 152 (ImageNet) or resnet{6n+2} such as resnet20, resnet56, resnet110 (CIFAR; cifar-resnet50 and cifar-resnet152 for those two)",
  find: (name) => {
    const match = /^(cifar-)?resnet(\d+)$/.exec(name);
    const depth = Number(match?.[2]);
    if (match?.[1] === undefined && imagenetDepths.includes(depth))
      return residualModel("imagenet", (options) => imagenetResnet(depth, options));
    if (match === null || !isCifarDepth(depth)) return undefined;
    const plan = residualModel("cifar", (options) => cifarResnet(depth, options));
    return { ...plan, accepts: [...plan.accepts, "width"] };
  },
};
