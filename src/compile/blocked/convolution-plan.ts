import type { TensorType } from "../../onnx/graph.ts";
import { resolveWindow, type WindowAttributes } from "../../onnx/operators/window.ts";
import type { Shape } from "../../tensor/shape.ts";
import { type BlockSize, roundUp } from "./layout.ts";

/** A two-dimensional convolution with all attributes explicit; pairs are (vertical, horizontal). */
export interface ConvolutionGeometry {
  readonly batch: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
  readonly input: readonly [height: number, width: number];
  readonly output: readonly [height: number, width: number];
  readonly kernel: readonly [height: number, width: number];
  readonly strides: readonly [height: number, width: number];
  readonly dilations: readonly [height: number, width: number];
  readonly begins: readonly [top: number, left: number];
  readonly ends: readonly [bottom: number, right: number];
}

/**
 * How a convolution is blocked.
 * - `dense`: input and output blocked, in `groups` groups with whole blocks each. Narrow groups are merged: their
 *   weights lie on the diagonal of the merged group's.
 * - `image`: fewer input channels than a block, read row-major; only the output is blocked.
 * - `depthwise`: one channel per group, in and out.
 */
export interface ConvolutionPlan extends ConvolutionGeometry {
  readonly kind: "dense" | "image" | "depthwise";
  readonly block: BlockSize;
  /** Groups after merging; for `depthwise` the padded number of channels. */
  readonly blockedGroups: number;
  /** Blocks of input channels in a merged group. */
  readonly inBlocks: number;
  /** Blocks of output channels in a merged group. */
  readonly outBlocks: number;
}

type Pair = readonly [number, number];

const isStatic = (type: TensorType): boolean =>
  type.shape.length === 4 && type.dtype === "float32" && type.shape.every((extent) => typeof extent === "number");

/** The convolution from x and a weight to y; undefined if it is not two-dimensional or an extent is open. */
export function convolutionGeometry(
  where: string,
  attributes: WindowAttributes & { readonly group?: number },
  { x, weight, y }: { readonly x: TensorType; readonly weight: TensorType; readonly y: TensorType },
): ConvolutionGeometry | undefined {
  if (![x, weight, y].every(isStatic)) return undefined;
  const [batch, inChannels, ...input] = x.shape as Shape;
  const [, outChannels, ...output] = y.shape as Shape;
  const window = resolveWindow(where, attributes, (weight.shape as Shape).slice(2));
  return {
    batch: batch,
    inChannels: inChannels,
    outChannels: outChannels,
    groups: attributes.group ?? 1,
    input: input as unknown as Pair,
    output: output as unknown as Pair,
    kernel: window.kernel as Pair,
    strides: window.strides as Pair,
    dilations: window.dilations as Pair,
    begins: window.begins as Pair,
    ends: window.ends as Pair,
  };
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** The number of groups that must be merged for each side to fill whole blocks. */
function mergedGroups(inGroup: number, outGroup: number, block: BlockSize): number {
  const inCount = block / gcd(block, inGroup);
  const outCount = block / gcd(block, outGroup);
  return (inCount * outCount) / gcd(inCount, outCount);
}

/** Decides how to block a convolution; undefined if its groups do not fit whole blocks. */
export function planConvolution(
  geometry: ConvolutionGeometry,
  block: BlockSize,
  takesImage: boolean,
): ConvolutionPlan | undefined {
  const { inChannels, outChannels, groups } = geometry;
  const outBlocks = Math.ceil(outChannels / block);
  const inBlocks = Math.ceil(inChannels / block);
  if (groups === 1) {
    if (takesImage && inChannels < block)
      return { ...geometry, kind: "image", block, blockedGroups: 1, inBlocks: 1, outBlocks };
    return { ...geometry, kind: "dense", block, blockedGroups: 1, inBlocks, outBlocks };
  }
  if (groups === inChannels && groups === outChannels) {
    return { ...geometry, kind: "depthwise", block, blockedGroups: roundUp(groups, block), inBlocks: 1, outBlocks: 1 };
  }
  const merged = mergedGroups(inChannels / groups, outChannels / groups, block);
  const blockedGroups = Math.ceil(groups / merged);
  const inGroupBlocks = ((inChannels / groups) * merged) / block;
  const outGroupBlocks = ((outChannels / groups) * merged) / block;
  // The last merged group may be partly empty, but must not reach beyond the channels that the tensors have.
  if (blockedGroups * inGroupBlocks !== inBlocks || blockedGroups * outGroupBlocks !== outBlocks) return undefined;
  return { ...geometry, kind: "dense", block, blockedGroups, inBlocks: inGroupBlocks, outBlocks: outGroupBlocks };
}

/** Whether any window meets the input at all; with some strides and paddings none does. */
export function meetsInput({ output, strides, kernel, dilations, begins }: ConvolutionGeometry): boolean {
  return ([0, 1] as const).every(
    (axis) => (output[axis] - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] >= begins[axis],
  );
}
