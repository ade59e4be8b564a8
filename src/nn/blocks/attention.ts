import type { Value } from "../../onnx/graph.ts";
import { batchNorm, conv } from "../layers.ts";
import { defineModule, type ForwardContext, type Module } from "../module.ts";

/** What weights a residual before the addition. */
export type AttentionType = "none" | "se" | "cbam";

/** All attention types. */
export const attentionTypes: readonly AttentionType[] = ["none", "se", "cbam"];

/** Spatial axes, and the factor by which channels are squeezed: 16 if left out. */
export interface AttentionOptions {
  readonly dimensions?: number;
  readonly reduction?: number;
}

/** The same, or the channels that are left. */
export interface SqueezeOptions extends AttentionOptions {
  readonly squeezed?: number;
}

const REDUCTION = 16;

/** Makes the module of a type. */
export function attention(
  type: Exclude<AttentionType, "none">,
  channels: number,
  options: AttentionOptions = {},
): Module {
  return type === "se" ? squeezeExcitation(channels, options) : convolutionalAttention(channels, options);
}

/** channels / reduction, rounded to a multiple of 8 that is above 0. @source timm's `make_divisible(…, 8, round_limit=0)` */
function squeezedChannels(channels: number, reduction: number): number {
  return Math.max(8, Math.floor((channels / reduction + 4) / 8) * 8);
}

/**
 * x·σ(fc2(relu(fc1(mean of each plane)))): one weight per channel.
 *
 * @shape `[N, channels, H, W]` → the same
 * @source Hu et al. 2017, arXiv:1709.01507; names and rounding as in timm's SEModule
 */
export function squeezeExcitation(channels: number, options: SqueezeOptions = {}): Module {
  const { dimensions = 2, reduction = REDUCTION, squeezed = squeezedChannels(channels, reduction) } = options;
  const children = {
    fc1: conv(channels, squeezed, { kernel: 1, bias: true, dimensions }),
    fc2: conv(squeezed, channels, { kernel: 1, bias: true, dimensions }),
  };
  return defineModule("SqueezeExcitation", { children }, (context, x) => {
    const { g } = context;
    return g.op("Mul", [x, g.op("Sigmoid", [squeeze(context, g.op("GlobalAveragePool", [x]))])]);
  });
}

/** fc2(relu(fc1(x))) */
function squeeze({ g, call }: ForwardContext, x: Value): Value {
  return call("fc2", g.op("Relu", [call("fc1", x)]));
}

/**
 * CBAM: one weight per channel, from the means and the maxima of planes, then one weight per point, from the mean and
 * the maximum over channels.
 *
 * @shape `[N, channels, H, W]` → the same
 * @source Woo et al. 2018, arXiv:1807.06521; names as in timm's CbamModule
 */
export function convolutionalAttention(channels: number, options: AttentionOptions = {}): Module {
  const { dimensions = 2, reduction = REDUCTION } = options;
  const children = {
    channel: channelAttention(channels, { dimensions, reduction }),
    spatial: spatialAttention(dimensions),
  };
  return defineModule("Cbam", { children }, ({ call }, x) => call("spatial", call("channel", x)));
}

function channelAttention(channels: number, { dimensions, reduction }: Required<AttentionOptions>): Module {
  const squeezed = Math.max(1, Math.floor(channels / reduction + 0.5));
  const children = {
    fc1: conv(channels, squeezed, { kernel: 1, dimensions }),
    fc2: conv(squeezed, channels, { kernel: 1, dimensions }),
  };
  return defineModule("ChannelAttention", { children }, (context, x) => {
    const { g } = context;
    const axes = g.ints(x.shape.slice(2).map((_, axis) => axis + 2));
    const means = squeeze(context, g.op("GlobalAveragePool", [x]));
    const maxima = squeeze(context, g.op("ReduceMax", [x, axes], { keepdims: 1 }));
    return g.op("Mul", [x, g.op("Sigmoid", [g.op("Add", [means, maxima])])]);
  });
}

const SPATIAL_KERNEL = 7;

function spatialAttention(dimensions: number): Module {
  const norm = defineModule(
    "ConvNorm",
    {
      children: {
        conv: conv(2, 1, { kernel: SPATIAL_KERNEL, padding: (SPATIAL_KERNEL - 1) / 2, dimensions }),
        bn: batchNorm(1),
      },
    },
    ({ call }, x) => call("bn", call("conv", x)),
  );
  return defineModule("SpatialAttention", { children: { conv: norm } }, ({ g, call }, x) => {
    const over = g.ints([1]);
    const mean = g.op("ReduceMean", [x, over], { keepdims: 1 });
    const maximum = g.op("ReduceMax", [x, over], { keepdims: 1 });
    return g.op("Mul", [x, g.op("Sigmoid", [call("conv", g.op("Concat", [mean, maximum], { axis: 1 }))])]);
  });
}
