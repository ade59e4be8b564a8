import type { GraphBuilder } from "../../onnx/builder.ts";
import type { Node, TensorType, Value } from "../../onnx/graph.ts";
import type { BlockedConvAttributes } from "../../onnx/operators/blocked.ts";
import type { OperatorName, Operators } from "../../onnx/operators/index.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { ConvolutionPlan } from "./convolution-plan.ts";
import type { BlockSize } from "./layout.ts";
import type { Rearrangement } from "./rearrangement.ts";
import { clearPadding, type WeightLayout } from "./weight-layout.ts";

/**
 * A blocked convolution that is not written yet, so that what follows can be fused into it: an addition as its `sum`, a
 * relu as its activation, a batch norm's shift as its bias. Per-channel normalisation is such a convolution too.
 */
export interface PendingConvolution {
  readonly kind: "convolution";
  readonly x: Value;
  readonly weight: Value;
  readonly bias?: Value | undefined;
  /** What is added: the logical name of a value, or another pending convolution. */
  readonly sum?: string | PendingConvolution | undefined;
  readonly attributes: BlockedConvAttributes;
}

/**
 * The input gradient of operators with stride s, split into s·s planes of points with equal remainders modulo s (its
 * phases). Each phase is a convolution of dy without a stride; interleaved, they make the gradient. When the gradients
 * of several such operators are added, a phase that both reach takes one as the other's sum.
 */
export interface StridedGradient {
  readonly kind: "strided";
  /** The logical shape [N,C,H,W] of the gradient. */
  readonly shape: Shape;
  readonly strides: readonly [down: number, across: number];
  /** Groups of the convolution; its phases lie within each group. */
  readonly groups: number;
  readonly contributions: readonly Contribution[];
}

/** Which rows and columns of a phase's points: 0 ≤ row < strides[0], likewise column. */
export type Phase = readonly [row: number, column: number];

/** One operator's share of a strided gradient. */
export interface Contribution {
  /** Whether it reaches a phase at all. */
  readonly reaches: (phase: Phase) => boolean;
  /** Writes phases as [N, groups·phases·C', ⌈H/s⌉, ⌈W/s⌉], added to `sum`. */
  readonly write: (c: BlockedContext, phases: readonly Phase[], sum: Value | undefined) => Value;
}

/** A value that is not computed yet. */
export type Pending = PendingConvolution | StridedGradient;

/**
 * The forms in which a logical value is available. Functions are called when the form is first requested; a missing
 * form is converted from another one.
 */
export interface Forms {
  /** Row-major, as in the logical graph. */
  readonly plain?: Value | (() => Value);
  /** Channels in blocks. */
  readonly blocked?: Value | (() => Value);
  /** The same, but the channels that fill up the last block are only finite, not zero: for elementwise operators alone. */
  readonly unmasked?: Value;
  /** In the layout of a convolution's weight. */
  readonly stored?: StoredValue;
  readonly pending?: Pending;
  readonly scaled?: ScaledValue;
  /** The value in terms of a blocked one, if it only moves elements. */
  readonly rearrangement?: Rearrangement;
  /** The blocked values of which it is the concatenation along the channels; concatenated only on request. */
  readonly parts?: readonly string[];
}

/**
 * A blocked value that lacks a factor, for users that can apply the factor where it costs less than a pass over the
 * value. For other users the value itself is computed as well.
 */
export interface ScaledValue {
  readonly value: Value;
  /** Per channel, [Cp]. */
  readonly scale: Value;
}

/** A weight, or a value computed from it, as stored. */
export interface StoredValue {
  readonly value: Value;
  readonly layout: WeightLayout;
  /** Entries without a logical counterpart: all zero, or any finite values. */
  readonly padding: "zero" | "finite";
}

/** Batch statistics kept from the forward pass for the gradient. */
export interface NormStatistics {
  /** x minus the shift, blocked. */
  readonly centred: Value;
  /** Mean of `centred`, [Cp]. */
  readonly mean: Value;
  /** 1/√(variance + ε), [Cp]. */
  readonly inverse: Value;
  /** γ·inverse, [Cp]. */
  readonly scale: Value;
}

/** What a rule may use: the logical graph around its node, and the graph being written. */
export interface BlockedContext {
  readonly g: GraphBuilder;
  readonly block: BlockSize;
  readonly typeOf: (name: string) => TensorType;
  /** The constant behind a logical value, if it is one. */
  readonly constantOf: (name: string) => Tensor | undefined;
  /** Whether exactly one node or output uses a logical value. */
  readonly isUsedOnce: (name: string) => boolean;
  readonly planOf: (node: Node) => ConvolutionPlan | undefined;
  /** The layout in which a logical value is stored, if it belongs to a convolution's weight. */
  readonly layoutOf: (name: string) => WeightLayout | undefined;
  readonly formsOf: (name: string) => Forms;
  /** Whether a logical value has a blocked form without a conversion. */
  readonly isBlocked: (name: string) => boolean;
  readonly plain: (name: string) => Value;
  readonly blocked: (name: string) => Value;
  readonly stored: (name: string, layout: WeightLayout) => StoredValue;
  readonly define: (name: string, forms: Forms) => void;
  /** Makes something once per key. */
  readonly memo: <T>(key: string, make: () => T) => T;
  /** Batch statistics by the logical name of the mean. */
  readonly norms: Map<string, NormStatistics>;
}

/** A node of the logical graph with its attributes read. */
export interface LogicalNode<Op extends OperatorName> {
  readonly node: Node;
  readonly op: Op;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Operators[Op];
}

/**
 * Writes one node in blocked form and defines its outputs; returns false if it has no such form, so that it stays as it
 * is.
 */
export type BlockedRule<Op extends OperatorName> = (context: BlockedContext, node: LogicalNode<Op>) => boolean;

/** Rules by operator; operators without one are written by the portable lowering. */
export type BlockedRules = { readonly [Op in OperatorName]?: BlockedRule<Op> };

/** The static shape of a logical float32 image batch [N,C,H,W]; undefined for anything else. */
export function imageShape(c: BlockedContext, name: string): Shape | undefined {
  const { dtype, shape } = c.typeOf(name);
  const isImage = dtype === "float32" && shape.length === 4 && shape.every((extent) => typeof extent === "number");
  return isImage ? shape : undefined;
}

/** A stored weight whose padding is zero, as convolutions and files need it. */
export function cleanStored(c: BlockedContext, name: string, layout: WeightLayout): Value {
  const { value, padding } = c.stored(name, layout);
  return padding === "zero" ? value : clearPadding(c.g, value, layout);
}
