import { averagePool, relu } from "../layers.ts";
import type { Module } from "../module.ts";
import { createShortcut } from "../shortcuts/create.ts";
import { BOTTLENECK_EXPANSION, innerWidth } from "./bottleneck.ts";
import type { BlockOptions } from "./options.ts";
import { blockLayers, inOrder, residualBlock, residualEnd } from "./residual.ts";
import { splitAttention } from "./split-attention.ts";

/** Options of a ResNeSt block. */
export interface ResnestBlockOptions extends BlockOptions {
  /** Splits of its attention. */
  readonly radix: number;
  /** Whether the plane shrinks before the splits, which is faster, not after them. Default false. */
  readonly averageFirst?: boolean;
}

/**
 * A bottleneck with split attention in the place of the 3×3 convolution. Its stride is an average over 3×3 windows, so that no
 * point is skipped.
 *
 * @shape `[N, inChannels, H, W]` → `[N, 4·width, ⌈H/stride⌉, ⌈W/stride⌉]`
 * @throws {OptionError} if radix · groups does not divide the channels inside
 * @throws {ShapeError} if the shortcut cannot follow the change of shape
 * @source Zhang et al. 2020, arXiv:2004.08955, sections 3 and 4; names as in timm's ResNestBottleneck
 */
export function resnestBottleneck(inChannels: number, width: number, options: ResnestBlockOptions): Module {
  const { stride = 1, groups = 1, dilation = 1, firstDilation = dilation, radix, averageFirst = false } = options;
  const layers = blockLayers(options);
  const { conv, norm } = layers;
  const inner = innerWidth(width, options);
  const channels = width * BOTTLENECK_EXPANSION;
  const pool = stride === 1 ? undefined : averageFirst ? "avd_first" : "avd_last";
  const end = residualEnd(channels, options);
  const branch = {
    conv1: conv(inChannels, inner, { kernel: 1 }),
    bn1: norm(inner),
    relu: relu(),
    conv2: splitAttention(inner, layers, { radix, groups, stride: 1, dilation: firstDilation }),
    ...(pool === undefined ? {} : { [pool]: averagePool({ kernel: 3, stride, padding: 1 }) }),
    conv3: conv(inner, channels, { kernel: 1 }),
    bn3: norm(channels, { last: true }),
    ...end,
  };
  const middle = pool === undefined ? ["conv2"] : averageFirst ? [pool, "conv2"] : ["conv2", pool];
  const shortcut = createShortcut(options.shortcut, { inChannels, outChannels: channels, stride }, options);
  const run = inOrder(["conv1", "bn1", "relu", ...middle, "conv3", "bn3", ...Object.keys(end)]);
  return residualBlock("ResNeStBottleneck", { branch, shortcut, run, activation: "relu" });
}
