import { RESIDUA_DOMAIN } from "../graph.ts";
import type { NoAttributes, OperatorTable } from "./definition.ts";

/** Gradients of activations with a faster form than their formula. */
export interface ActivationGradientOperators {
  /** `(dy, y) → dx`: dy where the relu's output y is above 0, else 0 */
  readonly ReluGradient: NoAttributes;
}

export const activationGradientOperators: OperatorTable<ActivationGradientOperators> = {
  ReluGradient: { domain: RESIDUA_DOMAIN, name: "ReluGradient", attributes: {}, infer: (call) => [call.input(0)] },
};
