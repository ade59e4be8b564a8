import type { GraphBuilder } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { OptionError } from "../../tensor/errors.ts";
import { conv, relu } from "../layers.ts";
import { defineModule, type Module } from "../module.ts";
import type { BlockLayers } from "./residual.ts";

/** Options of split attention. */
export interface SplitAttentionOptions {
  /** Convolutions side by side, of which each channel takes a weighted sum. With one, its outputs are weighted alone. */
  readonly radix: number;
  /** Groups of channels; each attends by itself. */
  readonly groups: number;
  readonly stride: number;
  readonly dilation: number;
}

/** What is attended by are a quarter of the splits' channels, at least 32. @source timm/layers/split_attn.py */
const REDUCTION = 4;
const LEAST_SQUEEZED = 32;
const DIVISOR = 8;

/**
 * Channels between the two layers that compute the weights: channels · radix / 4, rounded to a multiple of 8.
 * @source timm's `make_divisible(…, min_value=32, divisor=8)`, which goes down by a tenth at most
 */
export function attentionChannels(channels: number, radix: number): number {
  const wanted = (channels * radix) / REDUCTION;
  const rounded = Math.max(LEAST_SQUEEZED, Math.floor((wanted + DIVISOR / 2) / DIVISOR) * DIVISOR);
  return rounded < 0.9 * wanted ? rounded + DIVISOR : rounded;
}

/** The parts of x along its channels, `count` equal ones. */
function split(g: GraphBuilder, x: Value, count: number, channels: number): readonly Value[] {
  const sizes = Array.from({ length: count }, () => channels);
  return count === 1 ? [x] : g.ops("Split", [x, g.ints(sizes)], count, { axis: 1 });
}

const sum = (g: GraphBuilder, values: readonly Value[]): Value => values.reduce((a, b) => g.op("Add", [a, b]));

/**
 * Weights of the splits that add up to 1 for each channel; of a single split, σ. Scores lie by group, then by split; weights by
 * split, then by group, as the splits' channels do.
 *
 * @shape `[N, groups·radix·C/groups, 1, 1]` → radix times `[N, C, 1, 1]`
 */
function weightSplits(
  g: GraphBuilder,
  scores: Value,
  { channels, radix, groups }: { readonly channels: number; readonly radix: number; readonly groups: number },
): readonly Value[] {
  if (radix === 1) return [g.op("Sigmoid", [scores])];
  const byGroup = g.op("Reshape", [scores, g.ints([0, groups, radix, channels / groups])]);
  const bySplit = g.op("Transpose", [byGroup], { perm: [0, 2, 1, 3] });
  const weights = g.op("Softmax", [bySplit], { axis: 1 });
  return split(g, g.op("Reshape", [weights, g.ints([0, radix * channels, 1, 1])]), radix, channels);
}

/**
 * `radix` 3×3 convolutions with batch norm and relu, as one with groups, and for each channel their weighted sum
 * Σᵣ wᵣ·Uᵣ(x). The weights are w = softmax over r of fc₂(relu(BN(fc₁(mean of each plane of Σᵣ Uᵣ(x))))).
 *
 * @shape `[N, channels, H, W]` → `[N, channels, ⌈H/stride⌉, ⌈W/stride⌉]`
 * @throws {OptionError} if radix · groups does not divide the channels
 * @source Zhang et al. 2020, arXiv:2004.08955, figure 2; names as in timm's SplitAttn
 */
export function splitAttention(
  channels: number,
  layers: BlockLayers,
  { radix, groups, stride, dilation }: SplitAttentionOptions,
): Module {
  if (!Number.isSafeInteger(radix) || radix < 1)
    throw new OptionError("radix", `must be a whole number above 0, got ${radix}`);
  const all = channels * radix;
  const squeezed = attentionChannels(channels, radix);
  const children = {
    conv: layers.conv(channels, all, { kernel: 3, stride, padding: dilation, dilation, groups: groups * radix }),
    bn0: layers.norm(all),
    relu: relu(),
    fc1: conv(channels, squeezed, { kernel: 1, bias: true, groups }),
    bn1: layers.norm(squeezed),
    fc2: conv(squeezed, all, { kernel: 1, bias: true, groups }),
  };
  return defineModule("SplitAttention", { children }, ({ g, call }, x) => {
    const splits = split(g, call("relu", call("bn0", call("conv", x))), radix, channels);
    const means = g.op("GlobalAveragePool", [sum(g, splits)]);
    const scores = call("fc2", call("relu", call("bn1", call("fc1", means))));
    const weights = weightSplits(g, scores, { channels, radix, groups });
    return sum(
      g,
      splits.map((one, index) => g.op("Mul", [one, weights[index]])),
    );
  });
}
