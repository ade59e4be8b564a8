import { basicBlock, BOTTLENECK_EXPANSION, type BlockOptions, bottleneck } from "../blocks.ts";
import type { ModelFamily, ModelPlan } from "../family.ts";
import { batchNorm, conv, globalAveragePool, linear, maxPool, relu, sequence, sequential } from "../layers.ts";
import type { ModelOptionName } from "../model-options.ts";
import type { Module } from "../module.ts";
import { shortcutTypes } from "../shortcuts/type.ts";
import { OptionError } from "../../tensor/errors.ts";

/** Options of a whole network; a block's options reach every block. */
export interface ResnetOptions extends Omit<BlockOptions, "stride"> {
  readonly classes: number;
  readonly channels: number;
}

type Block = typeof basicBlock;

/** A stage: `count` blocks, the first of which changes channels and size. */
function stage(
  block: Block,
  expansion: number,
  inChannels: number,
  width: number,
  count: number,
  stride: number,
  options: ResnetOptions,
): Module {
  return sequence(
    Array.from({ length: count }, (_, index) =>
      block(index === 0 ? inChannels : width * expansion, width, { ...options, stride: index === 0 ? stride : 1 }),
    ),
  );
}

/**
 * The ResNet for images of 32×32: one 3×3 convolution, three stages of n basic blocks with 16, 32 and 64 channels.
 *
 * @param depth 6n + 2: 8, 14, 20, 32, 44, 56, 110 …
 * @shape `[N, channels, H, W]` → `[N, classes]`
 * @throws {OptionError} if depth is not 6n + 2
 * @source He et al. 2015, arXiv:1512.03385, section 4.2
 */
export function cifarResnet(depth: number, options: ResnetOptions): Module {
  const count = (depth - 2) / 6;
  if (!Number.isInteger(count) || count < 1) {
    throw new OptionError("depth", `must be 6n + 2 for a CIFAR ResNet (8, 14, 20, 32, 44, 56, 110 …), got ${depth}`);
  }
  return sequential({
    conv1: conv(options.channels, 16, { kernel: 3, padding: 1 }),
    bn1: batchNorm(16),
    relu: relu(),
    layer1: stage(basicBlock, 1, 16, 16, count, 1, options),
    layer2: stage(basicBlock, 1, 16, 32, count, 2, options),
    layer3: stage(basicBlock, 1, 32, 64, count, 2, options),
    avgpool: globalAveragePool(),
    fc: linear(64, options.classes),
  });
}

/** Blocks a stage of the ImageNet ResNets. */
const imagenetStages: Readonly<Record<number, { readonly bottleneck: boolean; readonly counts: readonly number[] }>> = {
  18: { bottleneck: false, counts: [2, 2, 2, 2] },
  34: { bottleneck: false, counts: [3, 4, 6, 3] },
  50: { bottleneck: true, counts: [3, 4, 6, 3] },
  101: { bottleneck: true, counts: [3, 4, 23, 3] },
  152: { bottleneck: true, counts: [3, 8, 36, 3] },
};

/** Depths of the ImageNet ResNets. */
export const imagenetDepths: readonly number[] = Object.keys(imagenetStages).map(Number);

/**
 * The ResNet for ImageNet: a 7×7 stem with stride 2, max pooling, four stages with widths 64, 128, 256 and 512.
 *
 * @param depth 18, 34 (basic blocks), 50, 101 or 152 (bottlenecks)
 * @shape `[N, channels, H, W]` → `[N, classes]`
 * @throws {OptionError} for another depth
 * @source He et al. 2015, arXiv:1512.03385, table 1; names as in torchvision
 */
export function imagenetResnet(depth: number, options: ResnetOptions): Module {
  const plan = imagenetStages[depth];
  if (plan === undefined)
    throw new OptionError("depth", `must be one of ${imagenetDepths.join(", ")} for ImageNet, got ${depth}`);
  const block = plan.bottleneck ? bottleneck : basicBlock;
  const expansion = plan.bottleneck ? BOTTLENECK_EXPANSION : 1;
  const stages = plan.counts.map((count, index) => {
    const width = 64 * 2 ** index;
    const inChannels = index === 0 ? 64 : (width / 2) * expansion;
    return [
      `layer${index + 1}`,
      stage(block, expansion, inChannels, width, count, index === 0 ? 1 : 2, options),
    ] as const;
  });
  return sequential({
    conv1: conv(options.channels, 64, { kernel: 7, stride: 2, padding: 3 }),
    bn1: batchNorm(64),
    relu: relu(),
    maxpool: maxPool({ kernel: 3, stride: 2, padding: 1 }),
    ...Object.fromEntries(stages),
    avgpool: globalAveragePool(),
    fc: linear(512 * expansion, options.classes),
  });
}

const accepts: readonly ModelOptionName[] = [
  "shortcut",
  "channels",
  "classes",
  "subsample",
  "padSide",
  "projectionNorm",
  "projectionBias",
  "zeroInitResidual",
  "stridePlace",
];

function planOf(depth: number, build: typeof cifarResnet, classes: number, side: number): ModelPlan {
  return {
    defaults: { shortcut: "project", channels: 3, classes },
    accepts,
    shortcuts: shortcutTypes,
    extents: [side, side],
    build: (options) => build(depth, options),
  };
}

/** The name of the CIFAR ResNet of this depth: ImageNet's come first, so 50 and 152 take a prefix. */
export function cifarModelName(depth: number): string {
  return imagenetDepths.includes(depth) ? `cifar-resnet${depth}` : `resnet${depth}`;
}

/** ResNet for ImageNet and for CIFAR. */
export const resnetFamily: ModelFamily = {
  title: "ResNet",
  source: "He et al. 2015, arXiv:1512.03385",
  names: [...[8, 14, 20, 32, 44, 56, 110].map(cifarModelName), ...imagenetDepths.map((depth) => `resnet${depth}`)],
  forms:
    "resnet18, 34, 50, 101 or 152 (ImageNet) or resnet{6n+2} such as resnet20, resnet56, resnet110 (CIFAR; cifar-resnet50 and cifar-resnet152 for those two)",
  find: (name) => {
    const match = /^(cifar-)?resnet(\d+)$/.exec(name);
    const depth = Number(match?.[2]);
    if (match?.[1] === undefined && imagenetDepths.includes(depth)) return planOf(depth, imagenetResnet, 1000, 224);
    if (match !== null && depth >= 8 && (depth - 2) % 6 === 0) return planOf(depth, cifarResnet, 10, 32);
    return undefined;
  },
};
