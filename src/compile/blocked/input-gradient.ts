import type { Value } from "../../onnx/graph.ts";
import {
  type BlockedContext,
  type BlockedRule,
  cleanStored,
  type PendingConvolution,
  type StridedGradient,
} from "./context.ts";
import type { ConvolutionPlan } from "./convolution-plan.ts";
import { depthwiseInputGradient } from "./depthwise.ts";
import { gradientWeight } from "./transposed-weight.ts";
import { outputGradient, scaleFilters } from "./scaled.ts";
import { convolutionContribution } from "./strided-gradient.ts";
import { weightLayout } from "./weight-layout.ts";

/** With stride 1 the input gradient is the convolution of dy with the reversed kernel. */
function unstridedGradient(
  c: BlockedContext,
  dy: Value,
  weight: Value,
  plan: ConvolutionPlan,
): PendingConvolution | undefined {
  const { kernel, dilations, begins, input, output, blockedGroups } = plan;
  const reach = (axis: 0 | 1): number => (kernel[axis] - 1) * dilations[axis];
  const before = [reach(0) - begins[0], reach(1) - begins[1]] as const;
  const after = [input[0] - output[0] + begins[0], input[1] - output[1] + begins[1]] as const;
  if ([...before, ...after].some((by) => by < 0)) return undefined;
  const count = kernel[0] * kernel[1];
  const backwards = Array.from({ length: count }, (_, tap) => count - 1 - tap);
  const attributes = {
    kernel_shape: kernel,
    dilations,
    strides: [1, 1],
    pads: [...before, ...after],
    group: blockedGroups,
  };
  return { kind: "convolution", x: dy, weight: gradientWeight(c, weight, plan, kernel, [backwards]), attributes };
}

function stridedGradient(dy: Value, weight: Value, plan: ConvolutionPlan): StridedGradient {
  const { batch, inChannels, input, strides, blockedGroups } = plan;
  return {
    kind: "strided",
    shape: [batch, inChannels, ...input],
    strides,
    groups: blockedGroups,
    contributions: [convolutionContribution(dy, weight, plan)],
  };
}

export const convInputGradient: BlockedRule<"ConvInputGradient"> = (c, { node, inputs: [dy, w], outputs: [dx] }) => {
  const plan = c.planOf(node);
  if (plan === undefined) return false;
  const { value: gradient, scale } = outputGradient(c, dy, plan);
  const weight = scaleFilters(c, cleanStored(c, w, weightLayout(plan)), scale);
  if (plan.kind === "depthwise") {
    c.define(dx, { pending: depthwiseInputGradient(c, gradient, weight, plan) });
    return true;
  }
  const isStrided = plan.strides[0] !== 1 || plan.strides[1] !== 1;
  const pending = isStrided ? undefined : unstridedGradient(c, gradient, weight, plan);
  c.define(dx, { pending: pending ?? stridedGradient(gradient, weight, plan) });
  return true;
};
