import type { Value } from "../onnx/graph.ts";
import { batchNorm, callInOrder, conv, relu } from "./layers.ts";
import { defineModule, type ForwardContext, type Module } from "./module.ts";
import { createShortcut, type Shortcut, type ShortcutOptions } from "./shortcuts/create.ts";
import type { ShortcutType } from "./shortcuts/type.ts";

/** Options of a residual block. */
export interface BlockOptions extends ShortcutOptions {
  readonly shortcut: ShortcutType;
  readonly stride?: number;
  /** Starts the last batch norm's scale at 0, so that the block starts as its shortcut. Default false. */
  readonly zeroInitResidual?: boolean;
  /** Which convolution of a bottleneck takes the stride: the 3×3 (v1.5) or the first 1×1 (v1). Default "3x3". */
  readonly stridePlace?: "3x3" | "1x1";
}

/** The shortcut as a child: a projection under torchvision's name, anything else without parameters under its own. */
function shortcutChild(shortcut: Shortcut): Readonly<Record<string, Module>> {
  if (shortcut.module === undefined) return {};
  return shortcut.kind === "projection" ? { downsample: shortcut.module } : { shortcut: shortcut.module };
}

/** act(F(x) + S(x)), or act(F(x)) where there is no shortcut. */
function joinShortcut({ g, call }: ForwardContext, shortcut: Shortcut, x: Value, residual: Value): Value {
  if (shortcut.kind === "none") return g.op("Relu", [residual]);
  const carried =
    shortcut.module === undefined ? x : call(shortcut.kind === "projection" ? "downsample" : "shortcut", x);
  return g.op("Relu", [g.op("Add", [residual, carried])]);
}

function residualBlock(
  kind: string,
  branch: Readonly<Record<string, Module>>,
  order: readonly string[],
  shortcut: Shortcut,
): Module {
  const children = { ...branch, ...shortcutChild(shortcut) };
  return defineModule(kind, { children, facts: { block: true, shortcut: shortcut.kind } }, (context, x) =>
    joinShortcut(context, shortcut, x, callInOrder(context, x, order)),
  );
}

/**
 * Two 3×3 convolutions: F = BN(conv(relu(BN(conv(x))))).
 *
 * @shape `[N, inChannels, H, W]` → `[N, channels, ⌈H/stride⌉, ⌈W/stride⌉]`
 * @throws {ShapeError} if the shortcut cannot follow the change of shape
 * @source He et al. 2015, arXiv:1512.03385, figure 5 left; names as in torchvision's BasicBlock
 */
export function basicBlock(inChannels: number, channels: number, options: BlockOptions): Module {
  const { stride = 1, zeroInitResidual = false } = options;
  const branch = {
    conv1: conv(inChannels, channels, { kernel: 3, stride, padding: 1 }),
    bn1: batchNorm(channels),
    relu: relu(),
    conv2: conv(channels, channels, { kernel: 3, padding: 1 }),
    bn2: batchNorm(channels, { initialScale: zeroInitResidual ? 0 : 1 }),
  };
  const shortcut = createShortcut(options.shortcut, { inChannels, outChannels: channels, stride }, options);
  return residualBlock("BasicBlock", branch, ["conv1", "bn1", "relu", "conv2", "bn2"], shortcut);
}

/** Channels out of a bottleneck, as a multiple of its inner width. */
export const BOTTLENECK_EXPANSION = 4;

/**
 * 1×1, 3×3 and 1×1 convolutions, narrow in the middle: F = BN(conv(relu(BN(conv(relu(BN(conv(x)))))))).
 *
 * @shape `[N, inChannels, H, W]` → `[N, 4·width, ⌈H/stride⌉, ⌈W/stride⌉]`
 * @throws {ShapeError} if the shortcut cannot follow the change of shape
 * @source He et al. 2015, arXiv:1512.03385, figure 5 right; names as in torchvision's Bottleneck
 */
export function bottleneck(inChannels: number, width: number, options: BlockOptions): Module {
  const { stride = 1, zeroInitResidual = false, stridePlace = "3x3" } = options;
  const channels = width * BOTTLENECK_EXPANSION;
  const branch = {
    conv1: conv(inChannels, width, { kernel: 1, stride: stridePlace === "1x1" ? stride : 1 }),
    bn1: batchNorm(width),
    relu: relu(),
    conv2: conv(width, width, { kernel: 3, stride: stridePlace === "3x3" ? stride : 1, padding: 1 }),
    bn2: batchNorm(width),
    conv3: conv(width, channels, { kernel: 1 }),
    bn3: batchNorm(channels, { initialScale: zeroInitResidual ? 0 : 1 }),
  };
  const shortcut = createShortcut(options.shortcut, { inChannels, outChannels: channels, stride }, options);
  return residualBlock(
    "Bottleneck",
    branch,
    ["conv1", "bn1", "relu", "conv2", "bn2", "relu", "conv3", "bn3"],
    shortcut,
  );
}
