import type { GraphBuilder, Operand } from "../onnx/builder.ts";
import type { Value } from "../onnx/graph.ts";
import type { OperatorName, Operators } from "../onnx/operators/index.ts";

/** A node of the forward graph, as its gradient rule sees it. */
export interface ForwardNode<Op extends OperatorName> {
  readonly where: string;
  /** The inputs; an absent optional one is undefined. */
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: Operators[Op];
  /** Whether the gradient of this input is needed; if not, a rule may skip the work. */
  readonly needs: (index: number) => boolean;
}

/**
 * The chain rule for one operator: from the gradients of the loss with respect to its outputs to those with respect
 * to its inputs. `dy` is the gradient of the first output, `dys` those of all; undefined means zero.
 */
export type GradientRule<Op extends OperatorName> = (
  g: GraphBuilder,
  node: ForwardNode<Op>,
  dy: Value,
  dys: readonly Operand[],
) => readonly Operand[];

/** Operators whose output is constant under small changes of the input: no gradient passes through them. */
export type ZeroGradientOp =
  | "And"
  | "ArgMax"
  | "Ceil"
  | "Equal"
  | "Floor"
  | "Greater"
  | "GreaterOrEqual"
  | "Less"
  | "LessOrEqual"
  | "Not"
  | "OneHot"
  | "Or"
  | "Round"
  | "Shape"
  | "Sign"
  | "Xor";

/** Operators that only appear in gradients and lowered graphs; they are not differentiated again. */
export type UndifferentiableOp =
  | "AveragePoolGradient"
  | "BatchNormTrainingGradient"
  | "BlockedAveragePool"
  | "BlockedConv"
  | "BlockedGlobalAveragePool"
  | "BlockedMaxPool"
  | "BlockedReorderInput"
  | "BlockedReorderOutput"
  | "ConvInputGradient"
  | "ConvWeightGradient"
  | "FusedConv"
  | "GatherRanks"
  | "MaxPoolGradient"
  | "ReluGradient"
  | "ScatterND";

/** Operators with a row in the table of gradient rules. */
export type DifferentiableOp = Exclude<OperatorName, ZeroGradientOp | UndifferentiableOp>;

/** A table of rules; a missing row does not compile. */
export type GradientRules<Op extends OperatorName> = { readonly [Name in Op]: GradientRule<Name> };
