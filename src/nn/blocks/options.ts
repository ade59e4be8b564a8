import type { AttentionType } from "./attention.ts";
import type { ShortcutOptions } from "../shortcuts/create.ts";
import type { ShortcutType } from "../shortcuts/type.ts";

/** Options of a residual block. */
export interface BlockOptions extends ShortcutOptions {
  readonly shortcut: ShortcutType;
  readonly stride?: number;
  /** Dilation of the 3×3 convolutions. Default 1. */
  readonly dilation?: number;
  /** The dilation of the convolution that takes the stride. Default `dilation`. */
  readonly firstDilation?: number;
  /** Starts the last batch norm's scale at 0, so that the block starts as its shortcut. Default false. */
  readonly zeroInitResidual?: boolean;
  /** Starts the convolutions with the identity on their first channels. Default false. */
  readonly diracInit?: boolean;
  /** Which convolution of a bottleneck takes the stride: the 3×3 (v1.5) or the first 1×1 (v1). Default "3x3". */
  readonly stridePlace?: "3x3" | "1x1";
  /** Groups of a bottleneck's 3×3 convolution. Default 1. */
  readonly groups?: number;
  /** Inner width of a bottleneck per 64 channels of its stage and per group. Default 64. */
  readonly baseWidth?: number;
  /** What weights the residual's channels or points before the addition. Default "none". */
  readonly attention?: AttentionType;
  /** The factor by which attention squeezes channels. Default 16. */
  readonly attentionReduction?: number;
  /** Probability that a sample's residual is dropped in training. Default 0. */
  readonly dropPath?: number;
  /** Residual branches of the whole network, by which Fixup scales how each starts. Default 1. */
  readonly branches?: number;
  /** Probability of dropout between the convolutions. Default 0. */
  readonly innerDropout?: number;
}
