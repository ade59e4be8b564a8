import { shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { BlockedContext, ScaledValue } from "./context.ts";
import { affine, writeConvolution } from "./convolution.ts";
import type { ConvolutionPlan } from "./convolution-plan.ts";
import { reshape } from "./layout.ts";
import { weightLayout } from "./weight-layout.ts";

/**
 * How many times larger than its weight a convolution's output must be for a factor to be applied to the weight and its
 * gradient instead.
 */
const WORTHWHILE = 4;

/** The gradient of a convolution's output, with its factor separate if that is cheaper to apply to the weight. */
export function outputGradient(
  c: BlockedContext,
  name: string,
  plan: ConvolutionPlan,
): Pick<ScaledValue, "value"> & Partial<ScaledValue> {
  const { scaled } = c.formsOf(name);
  const isWorthwhile = scaled && sizeOf(shapeOf(scaled.value)) >= WORTHWHILE * sizeOf(weightLayout(plan).shape);
  return isWorthwhile ? scaled : { value: c.blocked(name) };
}

/**
 * A stored weight, or its gradient, times a factor per output channel: these are innermost, like an image's channels.
 */
export function scaleFilters(c: BlockedContext, weight: Value, scale: Value | undefined): Value {
  if (scale === undefined) return weight;
  const shape = shapeOf(weight);
  const [filters, inGroup, kh, kw] = shape as readonly [number, number, number, number];
  const image = reshape(c.g, weight, [1, filters, inGroup * kh, kw]);
  return reshape(c.g, writeConvolution(c, affine(c, image, scale)), shape);
}
