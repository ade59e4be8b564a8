import { onnxDtypes } from "../operators/elementwise.ts";
import type { NormalizeRule } from "./rewriting.ts";

/** Version 12 lets the exponent be of another type. */
const pow: NormalizeRule = (rewriting) => {
  const [base, exponent] = [rewriting.type(0).dtype, rewriting.type(1).dtype];
  if (base === exponent) return rewriting.keep();
  if (!base.startsWith("float")) rewriting.refuse(`raises ${base} to ${exponent}; both must be of one type`);
  const cast = rewriting.add("Cast", [rewriting.input(1)], { to: onnxDtypes[base] });
  return rewriting.keep({ inputs: [rewriting.input(0), cast] });
};

/** Adds up any number of values. */
const sum: NormalizeRule = (rewriting) => {
  const [first, ...others] = rewriting.node.inputs.map((_, index) => rewriting.input(index));
  const total = others.reduce((sofar, other) => rewriting.add("Add", [sofar, other]), first);
  rewriting.replace(rewriting.node.outputs[0], total);
};

/** x · HardSigmoid(x), alpha 1/6. @source ONNX, HardSwish-14 */
const hardSwish: NormalizeRule = (rewriting) => {
  const x = rewriting.input(0);
  rewriting.finish("Mul", [x, rewriting.add("HardSigmoid", [x], { alpha: 1 / 6, beta: 0.5 })]);
};

/** Elementwise operators that changed, or that others say. */
export const elementwiseRules: Readonly<Record<string, NormalizeRule>> = {
  // From version 19 on, `saturate` speaks of eight-bit floats, which Residua does not have.
  Cast: (rewriting) => rewriting.keep({ attributes: { saturate: undefined } }),
  HardSwish: hardSwish,
  Identity: (rewriting) => rewriting.replace(rewriting.node.outputs[0], rewriting.input(0)),
  Pow: pow,
  Sum: sum,
};
