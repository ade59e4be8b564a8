import type { ActivationName } from "../activation-name.ts";
import { activation } from "../activations.ts";
import { uniformFanIn } from "../initialization.ts";
import type { Module } from "../module.ts";
import { createShortcut, type ShortcutOptions } from "../shortcuts/create.ts";
import type { BlockOptions } from "./options.ts";
import { blockLayers, inOrder, residualBlock, residualEnd } from "./residual.ts";

/** Options of an airbench block. */
export interface AirbenchBlockOptions
  extends
    ShortcutOptions,
    Pick<BlockOptions, "shortcut" | "zeroInitResidual" | "diracInit" | "attention" | "dropPath"> {
  /** Convolutions in F. */
  readonly depth: number;
  /** What follows each norm but the last, and the addition. */
  readonly activation: ActivationName;
}

/**
 * One or two 3×3 convolutions, each with batch norm: F = BN(conv(x)), or F = BN(conv(act(BN(conv(x))))). No block changes the
 * shape.
 *
 * @shape `[N, channels, H, W]` → the same
 * @source Jordan 2024, arXiv:2404.00498, listing 2; github.com/KellerJordan/cifar10-airbench, `ConvGroup` after its first
 *   activation; convolutions start as `torch.nn.Conv2d`
 */
export function airbenchBlock(channels: number, options: AirbenchBlockOptions): Module {
  const { conv, norm } = blockLayers(options);
  const layers = Array.from({ length: options.depth }, (_, index): Readonly<Record<string, Module>> => {
    const [place, last] = [index + 1, index === options.depth - 1];
    return {
      [`conv${place}`]: conv(channels, channels, { kernel: 3, padding: 1, initialize: uniformFanIn() }),
      [`bn${place}`]: norm(channels, { last }),
      ...(last ? {} : { [`act${place}`]: activation(options.activation) }),
    };
  });
  const branch: Readonly<Record<string, Module>> = Object.assign({}, ...layers, residualEnd(channels, options));
  const change = { inChannels: channels, outChannels: channels, stride: 1 };
  const shortcut = createShortcut(options.shortcut, change, options);
  const run = inOrder(Object.keys(branch));
  return residualBlock("AirbenchBlock", { branch, shortcut, run, activation: options.activation });
}
