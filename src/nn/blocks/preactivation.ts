import { callInOrder, relu } from "../layers.ts";
import type { Module } from "../module.ts";
import { createShortcut, type Shortcut } from "../shortcuts/create.ts";
import { BOTTLENECK_EXPANSION, innerWidth } from "./bottleneck.ts";
import type { BlockOptions } from "./options.ts";
import { blockLayers, innerDropout, residualBlock, type ResidualParts, residualEnd } from "./residual.ts";

/** A projection reads the first activation and has no norm of its own, as in the paper's code; names as in timm. */
function createPreactivationShortcut(
  inChannels: number,
  outChannels: number,
  { stride = 1, projectionNorm = false, ...options }: BlockOptions,
): Shortcut {
  const named = { ...options, projectionNorm, projectionNames: "words" } as const;
  return createShortcut(options.shortcut, { inChannels, outChannels, stride }, named);
}

/** norm1 and relu first, kept separate because a projection reads their output. */
function afterFirstActivation(rest: readonly string[]): ResidualParts["run"] {
  return (context, x) => {
    const activated = callInOrder(context, x, ["norm1", "relu"]);
    return { residual: callInOrder(context, activated, rest), activated };
  };
}

/**
 * Full pre-activation: F = conv(relu(BN(conv(relu(BN(x)))))), and nothing after the addition, so that an identity
 * shortcut carries the input to the network's end.
 *
 * @shape `[N, inChannels, H, W]` → `[N, channels, ⌈H/stride⌉, ⌈W/stride⌉]`
 * @throws {ShapeError} if the shortcut cannot follow the change of shape
 * @source He et al. 2016, arXiv:1603.05027, figure 4(e); names as in timm's PreActBasic; with `innerDropout` it is the
 *   block of Zagoruyko and Komodakis 2016, arXiv:1605.07146, figure 1(d)
 */
export function preactivationBlock(inChannels: number, channels: number, options: BlockOptions): Module {
  const { stride = 1, dilation = 1, firstDilation = dilation } = options;
  const { conv, norm } = blockLayers(options);
  const inner = innerDropout(options);
  const end = residualEnd(channels, options);
  const branch = {
    norm1: norm(inChannels),
    relu: relu(),
    conv1: conv(inChannels, channels, { kernel: 3, stride, padding: firstDilation, dilation: firstDilation }),
    norm2: norm(channels, { last: true }),
    ...inner,
    conv2: conv(channels, channels, { kernel: 3, padding: dilation, dilation }),
    ...end,
  };
  const rest = ["conv1", "norm2", "relu", ...Object.keys(inner), "conv2", ...Object.keys(end)];
  const shortcut = createPreactivationShortcut(inChannels, channels, options);
  return residualBlock("PreActBlock", { branch, shortcut, run: afterFirstActivation(rest), activation: "none" });
}

/**
 * The same with 1×1, 3×3 and 1×1 convolutions.
 *
 * @shape `[N, inChannels, H, W]` → `[N, 4·width, ⌈H/stride⌉, ⌈W/stride⌉]`
 * @throws {ShapeError} if the shortcut cannot follow the change of shape
 * @source He et al. 2016, arXiv:1603.05027; names as in timm's PreActBottleneck
 */
export function preactivationBottleneck(inChannels: number, width: number, options: BlockOptions): Module {
  const { stride = 1, stridePlace = "3x3", groups = 1, dilation = 1, firstDilation = dilation } = options;
  const { conv, norm } = blockLayers(options);
  const inner = innerWidth(width, options);
  const channels = width * BOTTLENECK_EXPANSION;
  const dropped = innerDropout(options);
  const end = residualEnd(channels, options);
  const middle = { kernel: 3, padding: firstDilation, dilation: firstDilation, groups };
  const branch = {
    norm1: norm(inChannels),
    relu: relu(),
    conv1: conv(inChannels, inner, { kernel: 1, stride: stridePlace === "1x1" ? stride : 1 }),
    norm2: norm(inner),
    conv2: conv(inner, inner, { ...middle, stride: stridePlace === "3x3" ? stride : 1 }),
    norm3: norm(inner, { last: true }),
    ...dropped,
    conv3: conv(inner, channels, { kernel: 1 }),
    ...end,
  };
  const first = ["conv1", "norm2", "relu", "conv2", "norm3", "relu"];
  const rest = [...first, ...Object.keys(dropped), "conv3", ...Object.keys(end)];
  const shortcut = createPreactivationShortcut(inChannels, channels, options);
  return residualBlock("PreActBottleneck", { branch, shortcut, run: afterFirstActivation(rest), activation: "none" });
}
