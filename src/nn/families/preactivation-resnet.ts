import { blockLayers, type BlockOptions, preactivationBlock, preactivationBottleneck } from "../blocks/index.ts";
import type { ModelFamily, ModelPlan } from "../family.ts";
import { conv, dropout, flatten, globalAveragePool, linear, maxPool, relu, sequential } from "../layers.ts";
import type { Module } from "../module.ts";
import { OptionError } from "../../tensor/errors.ts";
import {
  imagenetDepths,
  imagenetPlan,
  isCifarDepth,
  normOf,
  residualModel,
  type ResnetOptions,
  type StemKind,
  stemReach,
} from "./resnet.ts";
import { buildStages } from "./stages.ts";

/** What distinguishes one pre-activation network from another. */
export interface PreactivationPlan {
  readonly bottleneck: boolean;
  readonly counts: readonly number[];
  readonly widths: readonly number[];
  readonly stem: { readonly kind: StemKind; readonly width: number };
  /** Whether the classifier is a 1×1 convolution, as in timm, or a linear layer. */
  readonly classifier: "conv" | "linear";
  readonly settings?: Partial<BlockOptions>;
}

/** The stem has no norm at its end: the first block begins with one. Names as in timm's resnetv2. */
function stem(kind: StemKind, width: number, options: ResnetOptions): Module {
  const { channels, shortcut, norm: normKind = "batch", stemStride: stride = kind === "3x3" ? 1 : 2 } = options;
  const { conv: convolve } = blockLayers({ shortcut, norm: normKind });
  if (kind === "3x3") return sequential({ conv: convolve(channels, width, { kernel: 3, stride, padding: 1 }) });
  const pool = maxPool({ kernel: 3, stride: 2, padding: 1 });
  if (kind === "7x7") return sequential({ conv: convolve(channels, width, { kernel: 7, stride, padding: 3 }), pool });
  const half = Math.floor(width / 2);
  const norm = normOf(options);
  return sequential({
    conv1: convolve(channels, half, { kernel: 3, stride, padding: 1 }),
    norm1: norm(half),
    relu1: relu(),
    conv2: convolve(half, half, { kernel: 3, padding: 1 }),
    norm2: norm(half),
    relu2: relu(),
    conv3: convolve(half, width, { kernel: 3, padding: 1 }),
    pool,
  });
}

function head(channels: number, classifier: "conv" | "linear", { classes, dropout: rate = 0 }: ResnetOptions): Module {
  const drop: Readonly<Record<string, Module>> = rate === 0 ? {} : { drop: dropout(rate) };
  if (classifier === "linear")
    return sequential({ global_pool: globalAveragePool(), ...drop, fc: linear(channels, classes) });
  const fc = conv(channels, classes, { kernel: 1, bias: true });
  return sequential({ global_pool: globalAveragePool({ keepsAxes: true }), ...drop, fc, flatten: flatten() });
}

/**
 * Builds stem, stages, a last norm and activation, and the classifier, under the names of timm's resnetv2.
 *
 * @shape `[N, channels, H, W]` → `[N, classes]`
 * @source He et al. 2016, arXiv:1603.05027
 */
export function buildPreactivationResnet(plan: PreactivationPlan, options: ResnetOptions): Module {
  const { stem: kind = plan.stem.kind, stemWidth = plan.stem.width } = options;
  if (options.norm === "fixup")
    throw new OptionError(
      "norm",
      "must be batch or none before activation: Fixup's rule is for blocks that end in one",
    );
  const { stages, channels } = buildStages(
    plan,
    { basic: preactivationBlock, bottleneck: preactivationBottleneck },
    { stem: { channels: stemWidth, stride: stemReach(kind, options.stemStride) }, options },
  );
  return sequential({
    stem: stem(kind, stemWidth, options),
    stages: sequential(Object.fromEntries(stages.map((blocks, index) => [String(index), sequential({ blocks })]))),
    norm: normOf(options)(channels.at(-1)!),
    relu: relu(),
    head: head(channels.at(-1)!, plan.classifier, options),
  });
}

/** For CIFAR: basic blocks at depth 6n + 2, bottlenecks (9n + 2) at the two depths for which the paper uses them. */
function cifarPreactivationPlan(depth: number): PreactivationPlan {
  const deep = bottleneckDepths.includes(depth);
  const count = (depth - 2) / (deep ? 9 : 6);
  const stemPlan = { kind: "3x3", width: 16 } as const;
  return {
    bottleneck: deep,
    counts: [count, count, count],
    widths: [16, 32, 64],
    stem: stemPlan,
    classifier: "linear",
  };
}

const bottleneckDepths: readonly number[] = [164, 1001];

function findPreactivation(name: string): ModelPlan | undefined {
  const match = /^(cifar-)?resnetv2_(\d{1,4})(d)?$/.exec(name);
  const depth = Number(match?.[2]);
  if (match === null) return undefined;
  if (match[1] === undefined && imagenetDepths.includes(depth)) {
    const build = (options: ResnetOptions): Module =>
      buildPreactivationResnet({ ...imagenetPlan(depth), classifier: "conv" }, options);
    return residualModel("imagenet", build, match[3] === undefined ? {} : { stem: "deep", subsample: "average" });
  }
  if (match[3] !== undefined || !(isCifarDepth(depth) || bottleneckDepths.includes(depth))) return undefined;
  return residualModel("cifar", (options) => buildPreactivationResnet(cifarPreactivationPlan(depth), options));
}

/** ResNet v2, full pre-activation: an identity shortcut passes through additions alone. */
export const preactivationFamily: ModelFamily = {
  title: "ResNet v2 (pre-activation)",
  source: "He et al. 2016, arXiv:1603.05027",
  names: [
    ...[20, 56, 110, 164, 1001].map((depth) => `resnetv2_${depth}`),
    ...imagenetDepths.map((depth) => `resnetv2_${depth}`),
    "resnetv2_50d",
    "resnetv2_101d",
  ],
  forms:
    "resnetv2_18, 34, 50, 101 or 152, with d for ResNet-D's stem and shortcuts (ImageNet), or resnetv2_{6n+2}, resnetv2_164, resnetv2_1001 (CIFAR; cifar-resnetv2_50 and cifar-resnetv2_152)",
  find: findPreactivation,
};
