import { relu } from "../layers.ts";
import type { Module } from "../module.ts";
import { createShortcut } from "../shortcuts/create.ts";
import type { BlockOptions } from "./options.ts";
import { blockLayers, innerDropout, inOrder, residualBlock, residualEnd } from "./residual.ts";

/**
 * Two 3×3 convolutions: F = BN(conv(relu(BN(conv(x))))).
 *
 * @shape `[N, inChannels, H, W]` → `[N, channels, ⌈H/stride⌉, ⌈W/stride⌉]`
 * @throws {ShapeError} if the shortcut cannot follow the change of shape
 * @source He et al. 2015, arXiv:1512.03385, figure 5 left; names as in torchvision's BasicBlock
 */
export function basicBlock(inChannels: number, channels: number, options: BlockOptions): Module {
  const { stride = 1, dilation = 1, firstDilation = dilation } = options;
  const { conv, norm } = blockLayers(options);
  const inner = innerDropout(options);
  const end = residualEnd(channels, options);
  const branch = {
    conv1: conv(inChannels, channels, { kernel: 3, stride, padding: firstDilation, dilation: firstDilation }),
    bn1: norm(channels),
    relu: relu(),
    ...inner,
    conv2: conv(channels, channels, { kernel: 3, padding: dilation, dilation }),
    bn2: norm(channels, { last: true }),
    ...end,
  };
  const order = ["conv1", "bn1", "relu", ...Object.keys(inner), "conv2", "bn2", ...Object.keys(end)];
  const shortcut = createShortcut(options.shortcut, { inChannels, outChannels: channels, stride }, options);
  return residualBlock("BasicBlock", { branch, shortcut, run: inOrder(order), activation: "relu" });
}
