import { denseLayer } from "../blocks/dense.ts";
import type { ModelFamily, ModelPlan } from "../family.ts";
import { averagePool, conv, globalAveragePool, linear, maxPool, relu, sequential } from "../layers.ts";
import type { CompleteModelOptions } from "../model-options.ts";
import type { Module } from "../module.ts";
import { normOf, type StemKind } from "./resnet.ts";
import { OptionError } from "../../tensor/errors.ts";

/** What distinguishes one DenseNet from another. */
export interface DensenetPlan {
  /** Channels that each layer adds, k. */
  readonly growth: number;
  /** Layers per block. */
  readonly counts: readonly number[];
  readonly stem: { readonly kind: StemKind; readonly width: number };
  /** 1×1 convolutions in the layers (B). */
  readonly bottleneck: boolean;
  /** The factor by which a transition multiplies the channels (C). */
  readonly compression: number;
}

/** BN, relu, a 1×1 convolution, and 2×2 average pooling. @source Huang et al. 2016, arXiv:1608.06993, section 3 */
function transition(inChannels: number, outChannels: number, options: CompleteModelOptions): Module {
  return sequential({
    norm: normOf(options)(inChannels),
    relu: relu(),
    conv: conv(inChannels, outChannels, { kernel: 1 }),
    pool: averagePool({ kernel: 2, stride: 2 }),
  });
}

/** A 7×7 convolution with norm and pooling; for small images a 3×3 alone, since the first layer begins with a norm. */
function stemLayers(kind: StemKind, width: number, options: CompleteModelOptions): Readonly<Record<string, Module>> {
  if (kind === "deep") throw new OptionError("stem", 'must be "7x7" or "3x3" for a DenseNet, got "deep"');
  if (kind === "3x3") return { conv0: conv(options.channels, width, { kernel: 3, padding: 1 }) };
  return {
    conv0: conv(options.channels, width, { kernel: 7, stride: 2, padding: 3 }),
    norm0: normOf(options)(width),
    relu0: relu(),
    pool0: maxPool({ kernel: 3, stride: 2, padding: 1 }),
  };
}

/**
 * Builds a DenseNet: within a block, each layer reads the channels of all layers before it.
 *
 * @shape `[N, channels, H, W]` → `[N, classes]`
 * @source Huang et al. 2016, arXiv:1608.06993, table 1; names as in torchvision
 */
export function buildDensenet(plan: DensenetPlan, options: CompleteModelOptions): Module {
  const { growth, counts, bottleneck, compression } = plan;
  const { stem = plan.stem.kind, stemWidth = plan.stem.width, dropout = 0, normEpsilon } = options;
  const layers: Record<string, Module> = { ...stemLayers(stem, stemWidth, options) };
  let channels = stemWidth;
  counts.forEach((count, index) => {
    const members = Array.from({ length: count }, (_, place) => {
      const member = denseLayer(channels + place * growth, {
        growth,
        bottleneck,
        dropout,
        ...(normEpsilon === undefined ? {} : { normEpsilon }),
      });
      return [`denselayer${place + 1}`, member] as const;
    });
    layers[`denseblock${index + 1}`] = sequential(Object.fromEntries(members));
    channels += count * growth;
    if (index === counts.length - 1) return;
    const kept = Math.floor(channels * compression);
    layers[`transition${index + 1}`] = transition(channels, kept, options);
    channels = kept;
  });
  layers[`norm${counts.length + 1}`] = normOf(options)(channels);
  return sequential({
    features: sequential(layers),
    relu: relu(),
    avgpool: globalAveragePool(),
    classifier: linear(channels, options.classes),
  });
}

const imagenet: Readonly<Record<string, Pick<DensenetPlan, "growth" | "counts"> & { readonly width: number }>> = {
  densenet121: { growth: 32, counts: [6, 12, 24, 16], width: 64 },
  densenet161: { growth: 48, counts: [6, 12, 36, 24], width: 96 },
  densenet169: { growth: 32, counts: [6, 12, 32, 32], width: 64 },
  densenet201: { growth: 32, counts: [6, 12, 48, 32], width: 64 },
};

/** DenseNet-{L} with growth k, or DenseNet-BC-{L}. @source Huang et al. 2016, section 4.2 ("Implementation Details") */
function cifarDensenetPlan(depth: number, growth: number, compressed: boolean): DensenetPlan | undefined {
  const count = (depth - 4) / (compressed ? 6 : 3);
  if (!Number.isInteger(count) || count < 1) return undefined;
  return {
    growth,
    counts: [count, count, count],
    stem: { kind: "3x3", width: compressed ? 2 * growth : 16 },
    bottleneck: compressed,
    compression: compressed ? 0.5 : 1,
  };
}

function model(plan: DensenetPlan, classes: number, side: number): ModelPlan {
  return {
    defaults: { shortcut: "concat", channels: 3, classes },
    accepts: ["shortcut", "channels", "classes", "dropout", "stem", "stemWidth", "normEpsilon"],
    shortcuts: ["concat"],
    extents: [side, side],
    build: (options) => buildDensenet(plan, options),
  };
}

/** DenseNet: shortcuts that concatenate channels instead of adding them. */
export const densenetFamily: ModelFamily = {
  title: "DenseNet",
  source: "Huang et al. 2016, arXiv:1608.06993",
  names: ["densenet40_k12", "densenetbc100_k12", "densenetbc190_k40", "densenetbc250_k24", ...Object.keys(imagenet)],
  forms: `${Object.keys(imagenet).join(", ")} (ImageNet), densenet{3n+4}_k{growth} or densenetbc{6n+4}_k{growth} (CIFAR)`,
  find: (name) => {
    const large = Object.hasOwn(imagenet, name) ? imagenet[name] : undefined;
    if (large !== undefined) {
      const stem = { kind: "7x7", width: large.width } as const;
      return model({ ...large, stem, bottleneck: true, compression: 0.5 }, 1000, 224);
    }
    const match = /^densenet(bc)?(\d{1,3})_k([1-9]\d?)$/.exec(name);
    const plan = match && cifarDensenetPlan(Number(match[2]), Number(match[3]), match[1] === "bc");
    return plan ? model(plan, 10, 32) : undefined;
  },
};
