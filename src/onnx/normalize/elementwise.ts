import { onnxDtypes } from "../operators/elementwise.ts";
import {
  composeGelu,
  composeMish,
  composeSoftsign,
  composeTanhGelu,
  composeThresholdedRelu,
} from "../compose/activations.ts";
import type { Writer } from "../compose/writer.ts";
import { type NormalizeRule, type Rewriting, writerOf } from "./rewriting.ts";

/** Version 12 allows an exponent of another type. */
const pow: NormalizeRule = (rewriting) => {
  const [base, exponent] = [rewriting.type(0).dtype, rewriting.type(1).dtype];
  if (base === exponent) return rewriting.keep();
  if (!base.startsWith("float")) rewriting.refuse(`raises ${base} to ${exponent}; both must be of one type`);
  const cast = rewriting.add("Cast", [rewriting.input(1)], { to: onnxDtypes[base] });
  return rewriting.keep({ inputs: [rewriting.input(0), cast] });
};

/** Sums any number of values. */
const sum: NormalizeRule = (rewriting) => {
  const [first, ...others] = rewriting.node.inputs.map((_, index) => rewriting.input(index));
  const total = others.reduce((sofar, other) => rewriting.add("Add", [sofar, other]), first);
  rewriting.replace(rewriting.node.outputs[0], total);
};

/** The mean of any number of values. */
const mean: NormalizeRule = (rewriting) => {
  const [first, ...others] = rewriting.node.inputs.map((_, index) => rewriting.input(index));
  const total = others.reduce((sofar, other) => rewriting.add("Add", [sofar, other]), first);
  rewriting.finish("Mul", [total, rewriting.floats([], [1 / (others.length + 1)])]);
};

/** An operator on one value that is composed of others. */
const composed =
  (compose: (w: Writer<string>, x: string, rewriting: Rewriting) => string): NormalizeRule =>
  (rewriting) =>
    rewriting.replace(rewriting.node.outputs[0], compose(writerOf(rewriting), rewriting.input(0), rewriting));

const gelu = composed((w, x, rewriting) => {
  const approximation = rewriting.text("approximate", "none");
  if (approximation === "tanh") return composeTanhGelu(w, x);
  return approximation === "none" ? composeGelu(w, x) : rewriting.refuse(`has the approximation "${approximation}"`);
});

/** x · HardSigmoid(x), alpha 1/6. @source ONNX, HardSwish-14 */
const hardSwish: NormalizeRule = (rewriting) => {
  const x = rewriting.input(0);
  rewriting.finish("Mul", [x, rewriting.add("HardSigmoid", [x], { alpha: 1 / 6, beta: 0.5 })]);
};

/** Elementwise operators that changed between versions, or that others express. */
export const elementwiseRules: Readonly<Record<string, NormalizeRule>> = {
  Gelu: gelu,
  HardSwish: hardSwish,
  Identity: (rewriting) => rewriting.replace(rewriting.node.outputs[0], rewriting.input(0)),
  Mean: mean,
  Mish: composed(composeMish),
  Pow: pow,
  Softsign: composed(composeSoftsign),
  Sum: sum,
  ThresholdedRelu: composed((w, x, rewriting) => composeThresholdedRelu(w, x, rewriting.float("alpha", 1))),
};
