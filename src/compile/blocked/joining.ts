import { normalizeAxis } from "../../tensor/shape.ts";
import { type BlockedContext, type BlockedRule, imageShape } from "./context.ts";

/**
 * Whether values concatenated along the channels keep whole blocks: blocked [N,C₁,H,W] and [N,C₂,H,W] are then, sample
 * by sample, blocked [N,C₁+C₂,H,W], so that ONNX's own operators can concatenate and split them.
 */
function keepsBlocks(c: BlockedContext, names: readonly string[], axis: number): boolean {
  return names.every((name) => {
    const shape = imageShape(c, name);
    return shape !== undefined && normalizeAxis("axis", axis, 4) === 1 && shape[1] % c.block === 0;
  });
}

export const concat: BlockedRule<"Concat"> = (c, { inputs, outputs: [y], attributes: { axis } }) => {
  if (!inputs.some((name) => c.isBlocked(name)) || !keepsBlocks(c, inputs, axis)) return false;
  c.define(y, { parts: inputs, blocked: () => c.g.op("Concat", inputs.map(c.blocked), { axis: 1 }) });
  return true;
};

/** The values that were concatenated, if they are split again as they were. */
function partsLike(c: BlockedContext, name: string, outputs: readonly string[]): readonly string[] | undefined {
  const { parts } = c.formsOf(name);
  const fits =
    parts?.length === outputs.length &&
    parts.every((part, index) => imageShape(c, part)![1] === imageShape(c, outputs[index])![1]);
  return fits ? parts : undefined;
}

export const split: BlockedRule<"Split"> = (c, { inputs: [x], outputs, attributes: { axis = 0 } }) => {
  if (!c.isBlocked(x) || outputs.includes("") || !keepsBlocks(c, outputs, axis)) return false;
  const parts = partsLike(c, x, outputs);
  if (parts !== undefined) {
    outputs.forEach((name, index) => c.define(name, { blocked: c.blocked(parts[index]) }));
    return true;
  }
  const sizes = c.g.ints(outputs.map((name) => imageShape(c, name)![1]));
  const taken = c.g.ops("Split", [c.blocked(x), sizes], outputs.length, { axis: 1 });
  outputs.forEach((name, index) => c.define(name, { blocked: taken[index] }));
  return true;
};
