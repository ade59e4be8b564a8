import type { NormalizeRule } from "./rewriting.ts";

/** Sizes were an attribute before version 13; from 18 on, an equal split says into how many parts. */
const split: NormalizeRule = (rewriting) => {
  const { outputs } = rewriting.node;
  const axis = rewriting.int("axis", 0);
  const attributes = { axis: { kind: "int", value: axis }, split: undefined } as const;
  const sizes = rewriting.opset < 13 ? rewriting.ints("split") : undefined;
  if (sizes !== undefined) {
    const inputs = [rewriting.input(0), rewriting.wholes(sizes)];
    return rewriting.keep({ inputs, attributes });
  }
  if (rewriting.optional(1) !== undefined || rewriting.opset >= 18) return rewriting.keep();
  return rewriting.keep({ attributes: { ...attributes, num_outputs: { kind: "int", value: outputs.length } } });
};

/** Version 18 can pad some axes only; the internal form names all. */
const pad: NormalizeRule = (rewriting) => {
  if (rewriting.text("mode", "constant") === "wrap")
    rewriting.refuse('has the mode "wrap", which version 18 does not have');
  if (rewriting.optional(3) === undefined) return rewriting.keep();
  const rank = rewriting.type(0).shape.length;
  const axes = rewriting.numbers(3).map((axis) => (axis < 0 ? axis + rank : axis));
  const given = rewriting.numbers(1);
  if (given.length !== 2 * axes.length || axes.some((axis) => axis < 0 || axis >= rank)) {
    rewriting.refuse(`needs two pads for each of the axes ${axes.join(", ")} of ${rank}, got ${given.length}`);
  }
  const pads = Array.from({ length: 2 * rank }, () => 0);
  axes.forEach((axis, index) => {
    pads[axis] = given[index];
    pads[axis + rank] = given[index + axes.length];
  });
  const value = rewriting.optional(2);
  const inputs = [rewriting.input(0), rewriting.wholes(pads), ...(value === undefined ? [] : [value])];
  return rewriting.keep({ inputs });
};

/** Operators that move elements and changed between versions. */
export const movementRules: Readonly<Record<string, NormalizeRule>> = { Pad: pad, Split: split };
