import { relu } from "../layers.ts";
import type { Module } from "../module.ts";
import { createShortcut } from "../shortcuts/create.ts";
import type { BlockOptions } from "./options.ts";
import { blockLayers, innerDropout, inOrder, residualBlock, residualEnd } from "./residual.ts";

/** Channels out of a bottleneck, as a multiple of its stage's width. */
export const BOTTLENECK_EXPANSION = 4;

/** Channels within a bottleneck: ⌊width · baseWidth/64⌋ · groups. */
export function innerWidth(width: number, { groups = 1, baseWidth = 64 }: BlockOptions): number {
  return Math.floor((width * baseWidth) / 64) * groups;
}

/**
 * 1×1, 3×3 and 1×1 convolutions, narrow in the middle: F = BN(conv(relu(BN(conv(relu(BN(conv(x)))))))). With groups it
 * is ResNeXt's block; with a larger base width, Wide ResNet's.
 *
 * @shape `[N, inChannels, H, W]` → `[N, 4·width, ⌈H/stride⌉, ⌈W/stride⌉]`
 * @throws {ShapeError} if the shortcut cannot follow the change of shape
 * @source He et al. 2015, arXiv:1512.03385, figure 5 right; Xie et al. 2016, arXiv:1611.05431, figure 3(c); names as in
 *   torchvision's Bottleneck
 */
export function bottleneck(inChannels: number, width: number, options: BlockOptions): Module {
  const { stride = 1, stridePlace = "3x3", groups = 1, dilation = 1, firstDilation = dilation } = options;
  const { conv, norm } = blockLayers(options);
  const inner = innerWidth(width, options);
  const channels = width * BOTTLENECK_EXPANSION;
  const dropped = innerDropout(options);
  const end = residualEnd(channels, options);
  const middle = { kernel: 3, padding: firstDilation, dilation: firstDilation, groups };
  const branch = {
    conv1: conv(inChannels, inner, { kernel: 1, stride: stridePlace === "1x1" ? stride : 1 }),
    bn1: norm(inner),
    relu: relu(),
    conv2: conv(inner, inner, { ...middle, stride: stridePlace === "3x3" ? stride : 1 }),
    bn2: norm(inner),
    ...dropped,
    conv3: conv(inner, channels, { kernel: 1 }),
    bn3: norm(channels, { last: true }),
    ...end,
  };
  const order = ["conv1", "bn1", "relu", "conv2", "bn2", "relu", ...Object.keys(dropped), "conv3", "bn3"];
  const shortcut = createShortcut(options.shortcut, { inChannels, outChannels: channels, stride }, options);
  const run = inOrder([...order, ...Object.keys(end)]);
  return residualBlock("Bottleneck", { branch, shortcut, run, activation: "relu" });
}
