import { constantInitializer } from "../initialization.ts";
import { callInOrder, relu } from "../layers.ts";
import type { Module } from "../module.ts";
import { fixupStart, scalarBias, scalarFactor } from "../norm-free.ts";
import { createShortcut } from "../shortcuts/create.ts";
import { BOTTLENECK_EXPANSION, innerWidth } from "./bottleneck.ts";
import type { BlockOptions } from "./options.ts";
import { blockLayers, residualBlock, residualEnd } from "./residual.ts";

const zero = constantInitializer(0);

/** The layers of F in order, all scalars included, and the shape that they lead to. */
interface FixupBranch {
  readonly layers: Readonly<Record<string, Module>>;
  /** Names of the layers after the first bias, as they run; a name may come twice. */
  readonly rest: readonly string[];
  readonly channels: number;
}

/** A projection reads what the first convolution reads, x + b. */
function fixupBlock(
  kind: string,
  inChannels: number,
  { layers, rest, channels }: FixupBranch,
  options: BlockOptions,
): Module {
  const end = residualEnd(channels, options);
  const change = { inChannels, outChannels: channels, stride: options.stride ?? 1 };
  return residualBlock(kind, {
    branch: { ...layers, ...end },
    shortcut: createShortcut(options.shortcut, change, options),
    run: (context, x) => {
      const activated = context.call("bias1a", x);
      return { residual: callInOrder(context, activated, [...rest, ...Object.keys(end)]), activated };
    },
    activation: "relu",
  });
}

/**
 * Two 3×3 convolutions without norms, F = s·conv(relu(conv(x + b₁) + b₂) + b₃) + b₄, where the last convolution starts at 0.
 *
 * @shape `[N, inChannels, H, W]` → `[N, channels, ⌈H/stride⌉, ⌈W/stride⌉]`
 * @source Zhang et al. 2019, arXiv:1901.09321, figure 1 right; names as in hongyi-zhang/Fixup, each scalar in a module of its own
 */
export function fixupBasicBlock(inChannels: number, channels: number, options: BlockOptions): Module {
  const { stride = 1, dilation = 1, firstDilation = dilation, branches = 1 } = options;
  const { conv } = blockLayers(options);
  const initialize = fixupStart(branches, 2);
  const first = { kernel: 3, stride, padding: firstDilation, dilation: firstDilation };
  const layers = {
    bias1a: scalarBias(),
    conv1: conv(inChannels, channels, { ...first, initialize }),
    bias1b: scalarBias(),
    relu: relu(),
    bias2a: scalarBias(),
    conv2: conv(channels, channels, { kernel: 3, padding: dilation, dilation, initialize: zero }),
    scale: scalarFactor(),
    bias2b: scalarBias(),
  };
  const rest = ["conv1", "bias1b", "relu", "bias2a", "conv2", "scale", "bias2b"];
  return fixupBlock("FixupBasicBlock", inChannels, { layers, rest, channels }, options);
}

/**
 * The same with 1×1, 3×3 and 1×1 convolutions.
 *
 * @shape `[N, inChannels, H, W]` → `[N, 4·width, ⌈H/stride⌉, ⌈W/stride⌉]`
 * @source Zhang et al. 2019, arXiv:1901.09321, section 3; names as in hongyi-zhang/Fixup
 */
export function fixupBottleneck(inChannels: number, width: number, options: BlockOptions): Module {
  const { stride = 1, stridePlace = "3x3", groups = 1, dilation = 1, firstDilation = dilation, branches = 1 } = options;
  const { conv } = blockLayers(options);
  const initialize = fixupStart(branches, 3);
  const inner = innerWidth(width, options);
  const channels = width * BOTTLENECK_EXPANSION;
  const [firstStride, secondStride] = stridePlace === "1x1" ? [stride, 1] : [1, stride];
  const middle = { kernel: 3, padding: firstDilation, dilation: firstDilation, groups, initialize };
  const layers = {
    bias1a: scalarBias(),
    conv1: conv(inChannels, inner, { kernel: 1, stride: firstStride, initialize }),
    bias1b: scalarBias(),
    relu: relu(),
    bias2a: scalarBias(),
    conv2: conv(inner, inner, { ...middle, stride: secondStride }),
    bias2b: scalarBias(),
    bias3a: scalarBias(),
    conv3: conv(inner, channels, { kernel: 1, initialize: zero }),
    scale: scalarFactor(),
    bias3b: scalarBias(),
  };
  const first = ["conv1", "bias1b", "relu", "bias2a", "conv2", "bias2b", "relu"];
  const rest = [...first, "bias3a", "conv3", "scale", "bias3b"];
  return fixupBlock("FixupBottleneck", inChannels, { layers, rest, channels }, options);
}
