import { dropout, relu } from "../layers.ts";
import type { Module } from "../module.ts";
import { createShortcut } from "../shortcuts/create.ts";
import { blockLayers, inOrder, residualBlock } from "./residual.ts";

/** Options of a dense layer. */
export interface DenseLayerOptions {
  /** Channels that the layer adds. */
  readonly growth: number;
  /** Whether a 1×1 convolution to 4·growth channels comes first (DenseNet-B). */
  readonly bottleneck: boolean;
  /** Probability of dropout after the last convolution. Default 0. */
  readonly dropout?: number;
  readonly normEpsilon?: number;
}

/** Channels within, as a multiple of the growth. */
const INNER = 4;

/**
 * A dense layer: F = conv(relu(BN(x))), or with a 1×1 convolution before it, concatenated to x.
 *
 * @shape `[N, inChannels, H, W]` → `[N, inChannels + growth, H, W]`
 * @source Huang et al. 2016, arXiv:1608.06993, section 3; names as in torchvision's _DenseLayer
 */
export function denseLayer(inChannels: number, options: DenseLayerOptions): Module {
  const { growth, bottleneck, dropout: probability = 0, normEpsilon } = options;
  const { conv, norm } = blockLayers({
    shortcut: "concat",
    ...(normEpsilon === undefined ? {} : { normEpsilon }),
  });
  const inner = INNER * growth;
  const last = bottleneck ? 2 : 1;
  const branch: Readonly<Record<string, Module>> = {
    ...(bottleneck ? { norm1: norm(inChannels), relu1: relu(), conv1: conv(inChannels, inner, { kernel: 1 }) } : {}),
    [`norm${last}`]: norm(bottleneck ? inner : inChannels),
    [`relu${last}`]: relu(),
    [`conv${last}`]: conv(bottleneck ? inner : inChannels, growth, { kernel: 3, padding: 1 }),
    ...(probability === 0 ? {} : { drop: dropout(probability) }),
  };
  const shortcut = createShortcut("concat", { inChannels, outChannels: inChannels + growth, stride: 1 });
  return residualBlock("DenseLayer", { branch, shortcut, run: inOrder(Object.keys(branch)), activation: "none" });
}
