import { relu, sequence, sequential } from "../layers.ts";
import type { Module } from "../module.ts";
import { createShortcut, type ShortcutOptions } from "../shortcuts/create.ts";
import { squeezeExcitation } from "./attention.ts";
import type { BlockOptions } from "./options.ts";
import { blockLayers, inOrder, residualBlock, residualEnd } from "./residual.ts";

/** Options of a RegNet block. */
export interface RegnetBlockOptions
  extends ShortcutOptions, Pick<BlockOptions, "shortcut" | "stride" | "zeroInitResidual" | "diracInit" | "dropPath"> {
  /** Channels in each group of the 3×3 convolution. */
  readonly groupWidth: number;
  /** Channels that squeeze-and-excitation keeps within the block (RegNetY); left out, there is none (RegNetX). */
  readonly squeezed?: number;
}

/**
 * 1×1, grouped 3×3 and 1×1 convolutions, all of one width; RegNetY weights the channels after the 3×3.
 *
 * @shape `[N, inChannels, H, W]` → `[N, channels, ⌈H/stride⌉, ⌈W/stride⌉]`
 * @throws {OptionError} if the group width does not divide the channels
 * @throws {ShapeError} if the shortcut cannot follow the change of shape
 * @source Radosavovic et al. 2020, arXiv:2003.13678, figures 4 and 18; names as in torchvision's ResBottleneckBlock
 */
export function regnetBlock(
  inChannels: number,
  channels: number,
  { groupWidth, squeezed, ...options }: RegnetBlockOptions,
): Module {
  const { stride = 1, dropPath = 0 } = options;
  const { conv, norm } = blockLayers(options);
  const branch = {
    f: sequential({
      a: sequence([conv(inChannels, channels, { kernel: 1 }), norm(channels), relu()]),
      b: sequence([
        conv(channels, channels, { kernel: 3, stride, padding: 1, groups: channels / groupWidth }),
        norm(channels),
        relu(),
      ]),
      ...(squeezed === undefined ? {} : { se: squeezeExcitation(channels, { squeezed }) }),
      c: sequence([conv(channels, channels, { kernel: 1 }), norm(channels, { last: true })]),
    }),
    ...residualEnd(channels, { shortcut: options.shortcut, dropPath }),
  };
  const change = { inChannels, outChannels: channels, stride };
  const shortcut = createShortcut(options.shortcut, change, { ...options, projectionName: "proj" });
  return residualBlock("RegNetBottleneck", {
    branch,
    shortcut,
    run: inOrder(Object.keys(branch)),
    activation: "relu",
  });
}
