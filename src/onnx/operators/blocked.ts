import { NCHWC_DOMAIN } from "../graph.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { type ConvAttributes, convolutionOperators } from "./convolution.ts";
import type { NoAttributes, OperatorTable } from "./definition.ts";
import { type AveragePoolAttributes, type MaxPoolAttributes, poolingOperators } from "./pooling.ts";

/** A convolution whose result passes through an activation before it is stored. */
export interface BlockedConvAttributes extends ConvAttributes {
  readonly activation?: string;
}

/**
 * ONNX Runtime's operators on blocked tensors: declared [N,C,H,W], stored as [N,C/b,H,W,b] with b the block size.
 * Inputs and weights are as their unblocked namesakes', declared in logical shapes.
 * @source ONNX Runtime, contrib operators of domain com.microsoft.nchwc, version 1
 */
export interface BlockedOperators {
  /** `(x, w, bias?, sum?) → y`: the convolution plus `sum`, then the activation */
  readonly BlockedConv: BlockedConvAttributes;
  readonly BlockedMaxPool: MaxPoolAttributes;
  readonly BlockedAveragePool: AveragePoolAttributes;
  readonly BlockedGlobalAveragePool: NoAttributes;
  /** `x [N,C,H,W] → the same, blocked`; C must be a multiple of 4 and is padded to the block */
  readonly BlockedReorderInput: { readonly channels_last?: number };
  /** `x blocked → [N,channels,H,W]` */
  readonly BlockedReorderOutput: { readonly channels: number; readonly channels_last?: number };
}

export const blockedOperators: OperatorTable<BlockedOperators> = {
  BlockedConv: {
    domain: NCHWC_DOMAIN,
    name: "Conv",
    attributes: { ...convolutionOperators.Conv.attributes, activation: "string" },
    infer: convolutionOperators.Conv.infer,
  },
  BlockedMaxPool: { ...poolingOperators.MaxPool, domain: NCHWC_DOMAIN },
  BlockedAveragePool: { ...poolingOperators.AveragePool, domain: NCHWC_DOMAIN },
  BlockedGlobalAveragePool: { ...poolingOperators.GlobalAveragePool, domain: NCHWC_DOMAIN },
  BlockedReorderInput: {
    domain: NCHWC_DOMAIN,
    name: "ReorderInput",
    attributes: { channels_last: "int" },
    infer: (call) => [call.input(0)],
  },
  BlockedReorderOutput: {
    domain: NCHWC_DOMAIN,
    name: "ReorderOutput",
    attributes: { channels: "int", channels_last: "int" },
    infer: (call) => {
      const { dtype, shape } = call.input(0);
      if (shape.length !== 4) throw new ShapeError(call.where, "a blocked tensor has four axes");
      return [{ dtype, shape: shape.with(1, call.attributes.channels) }];
    },
  },
};
