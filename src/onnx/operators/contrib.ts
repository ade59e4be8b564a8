import { MICROSOFT_DOMAIN } from "../graph.ts";
import { type ConvAttributes, convolutionOperators } from "./convolution.ts";
import type { OperatorTable } from "./definition.ts";

/**
 * ONNX Runtime's own operators on ordinary tensors: its CPU and WebAssembly builds run them, other runtimes do not.
 * @source ONNX Runtime, contrib operators of domain com.microsoft, version 1
 */
export interface ContribOperators {
  /** `(x, w, bias?, sum?) → y`: the convolution plus `sum`, then the activation */
  readonly FusedConv: ConvAttributes & { readonly activation?: string };
}

export const contribOperators: OperatorTable<ContribOperators> = {
  FusedConv: {
    domain: MICROSOFT_DOMAIN,
    name: "FusedConv",
    attributes: { ...convolutionOperators.Conv.attributes, activation: "string" },
    infer: convolutionOperators.Conv.infer,
  },
};
