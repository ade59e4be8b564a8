import type { OperatorName } from "../operators/index.ts";
import type { ReduceAttributes } from "../operators/reduction.ts";
import type { NormalizeRule, Rewriting } from "./rewriting.ts";

/** The axes as an input, which they are from version `since` on; an attribute before. */
function axesInput(rewriting: Rewriting, since: number): readonly string[] {
  const axes = rewriting.opset < since ? rewriting.ints("axes") : undefined;
  const given = axes === undefined ? rewriting.optional(1) : rewriting.wholes(axes);
  return given === undefined ? [rewriting.input(0)] : [rewriting.input(0), given];
}

const withAxes =
  (since: number): NormalizeRule =>
  (rewriting) =>
    rewriting.keep({
      inputs: axesInput(rewriting, since),
      attributes: rewriting.opset < since ? { axes: undefined } : {},
    });

/** A reduction in terms of another: `after(reduce(before(x)))`. */
const reduceBy =
  (
    before: "Abs" | "Neg" | undefined,
    reduce: "ReduceMax" | "ReduceSum" | "ReduceSumSquare",
    after?: OperatorName,
  ): NormalizeRule =>
  (rewriting) => {
    const [x, ...axes] = axesInput(rewriting, 18);
    const attributes: ReduceAttributes = {
      keepdims: rewriting.int("keepdims", 1),
      noop_with_empty_axes: rewriting.int("noop_with_empty_axes", 0),
    };
    const prepared = before === undefined ? x : rewriting.add(before, [x]);
    if (after === undefined) rewriting.finish(reduce, [prepared, ...axes], attributes);
    else rewriting.finish(after, [rewriting.add(reduce, [prepared, ...axes], attributes)]);
  };

/** Operators whose axes moved from an attribute to an input. @source ONNX, changelog of versions 13 and 18 */
export const axesRules: Readonly<Record<string, NormalizeRule>> = {
  ReduceL1: reduceBy("Abs", "ReduceSum"),
  ReduceL2: reduceBy(undefined, "ReduceSumSquare", "Sqrt"),
  ReduceMax: withAxes(18),
  ReduceMean: withAxes(18),
  ReduceMin: reduceBy("Neg", "ReduceMax", "Neg"),
  ReduceSum: withAxes(13),
  ReduceSumSquare: withAxes(18),
  Squeeze: withAxes(13),
  Unsqueeze: withAxes(13),
};
