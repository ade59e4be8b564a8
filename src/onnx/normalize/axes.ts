import type { OperatorName } from "../operators/index.ts";
import type { ReduceAttributes } from "../operators/reduction.ts";
import type { NormalizeRule, Rewriting } from "./rewriting.ts";

/** The axes as an input, which they are from version `since`; an attribute before. */
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

/** log Σ exp(x), shifted by the maximum so that it does not overflow. */
const logSumExp: NormalizeRule = (rewriting) => {
  const [x, ...axes] = axesInput(rewriting, 18);
  const noop_with_empty_axes = rewriting.int("noop_with_empty_axes", 0);
  const keepdims = rewriting.int("keepdims", 1);
  const highest = rewriting.add("ReduceMax", [x, ...axes], { keepdims: 1, noop_with_empty_axes });
  const powers = rewriting.add("Exp", [rewriting.add("Sub", [x, highest])]);
  const log = rewriting.add("Log", [rewriting.add("ReduceSum", [powers, ...axes], { keepdims, noop_with_empty_axes })]);
  const shift = keepdims ? highest : rewriting.add("ReduceMax", [x, ...axes], { keepdims, noop_with_empty_axes });
  rewriting.finish("Add", [log, shift]);
};

/** Operators whose axes moved from an attribute to an input. @source ONNX, changelog of versions 13 and 18 */
export const axesRules: Readonly<Record<string, NormalizeRule>> = {
  ReduceL1: reduceBy("Abs", "ReduceSum"),
  ReduceL2: reduceBy(undefined, "ReduceSumSquare", "Sqrt"),
  ReduceLogSum: reduceBy(undefined, "ReduceSum", "Log"),
  ReduceLogSumExp: logSumExp,
  ReduceMax: withAxes(18),
  ReduceMean: withAxes(18),
  ReduceMin: reduceBy("Neg", "ReduceMax", "Neg"),
  ReduceSum: withAxes(13),
  ReduceSumSquare: withAxes(18),
  Squeeze: withAxes(13),
  Unsqueeze: withAxes(13),
};
