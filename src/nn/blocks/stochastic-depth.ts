import { shapeOf } from "../../onnx/builder.ts";
import { OptionError } from "../../tensor/errors.ts";
import { defineModule, type Module } from "../module.ts";

/**
 * In training, drops each sample's residual with probability `probability` and scales the others by 1/(1 −
 * probability), so that the expectation equals evaluation.
 *
 * @source Huang et al. 2016, arXiv:1603.09382; `torchvision.ops.stochastic_depth` with mode "row", timm's DropPath
 */
export function dropPath(probability: number): Module {
  if (!(probability >= 0 && probability < 1)) {
    throw new OptionError("stochasticDepth", `must be in [0, 1), got ${probability}`);
  }
  return defineModule("DropPath", {}, (context, x) => {
    if (context.mode === "evaluate" || probability === 0) return x;
    const [batch, ...rest] = shapeOf(x);
    return context.g.op("Mul", [x, context.noise("mask", 1 - probability, [batch, ...rest.map(() => 1)])]);
  });
}

/**
 * Linear decay: the first block is never dropped, the last one with the full probability.
 * @source timm's `drop_path_rate`; the paper's p_l = 1 − l/L·(1 − p_L), counted from the first block
 */
export function decayedProbability(probability: number, block: number, blocks: number): number {
  return blocks > 1 ? (probability * block) / (blocks - 1) : probability;
}
