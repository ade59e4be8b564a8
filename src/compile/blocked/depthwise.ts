import { shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import type { BlockedContext, PendingConvolution } from "./context.ts";
import type { ConvolutionPlan } from "./convolution-plan.ts";
import { padPlanes, reshape, slice, spreadPlanes } from "./layout.ts";
import { channelDot } from "./reductions.ts";
import { constantIndices, gatherRows, weightLayout } from "./weight-layout.ts";

/**
 * The input gradient of a depthwise convolution: dy with zeros between its points (stride − 1 of them), convolved with
 * the reversed kernel.
 */
export function depthwiseInputGradient(
  c: BlockedContext,
  dy: Value,
  weight: Value,
  plan: ConvolutionPlan,
): PendingConvolution {
  const { block, input, output, kernel, strides, dilations, begins, blockedGroups } = plan;
  const taps = kernel[0] * kernel[1];
  const flat = reshape(c.g, weight, [blockedGroups / block, taps, block]);
  const order = Array.from(
    { length: (blockedGroups / block) * taps },
    (_, row) => row - (row % taps) + taps - 1 - (row % taps),
  );
  const turned = gatherRows(
    c.g,
    reshape(c.g, flat, [(blockedGroups / block) * taps, block]),
    constantIndices(c.g, Int32Array.from(order)),
  );
  const reach = (axis: 0 | 1): number => (kernel[axis] - 1) * dilations[axis];
  const before = (axis: 0 | 1): number => reach(axis) - begins[axis];
  const after = (axis: 0 | 1): number => input[axis] - output[axis] * strides[axis] + reach(axis) - before(axis);
  const cut = (by: number): number => Math.min(by, 0);
  const spread = spreadPlanes(c.g, dy, block, strides);
  const border = { top: cut(before(0)), left: cut(before(1)), bottom: cut(after(0)), right: cut(after(1)) };
  return {
    kind: "convolution",
    x: padPlanes(c.g, spread, block, border),
    weight: reshape(c.g, turned, shapeOf(weight)),
    attributes: {
      kernel_shape: kernel,
      dilations,
      strides: [1, 1],
      pads: [before(0), before(1), after(0), after(1)].map((by) => Math.max(by, 0)),
      group: blockedGroups,
    },
  };
}

/** The weight gradient of a depthwise convolution, one tap at a time: dy times displaced x, summed per channel. */
export function depthwiseWeightGradient(c: BlockedContext, x: Value, dy: Value, plan: ConvolutionPlan): Value {
  const { g, block } = c;
  const { batch, input, output, kernel, strides, dilations, begins, blockedGroups } = plan;
  const end = (axis: 0 | 1): number =>
    (output[axis] - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1 - input[axis] - begins[axis];
  const padded = padPlanes(g, x, block, { top: begins[0], left: begins[1], bottom: end(0), right: end(1) });
  const [, , H, W] = shapeOf(padded) as readonly [number, number, number, number];
  const rows = reshape(g, padded, [(batch * blockedGroups) / block, H, W, block]);
  const taps = Array.from({ length: kernel[0] * kernel[1] }, (_, tap) => {
    const start = [Math.floor(tap / kernel[1]) * dilations[0], (tap % kernel[1]) * dilations[1]] as const;
    const stop = (axis: 0 | 1): number => start[axis] + (output[axis] - 1) * strides[axis] + 1;
    const down = slice(g, rows, 1, start[0], stop(0), strides[0]);
    const met = slice(g, down, 2, start[1], stop(1), strides[1]);
    const sums = channelDot(g, reshape(g, met, [batch, blockedGroups, ...output]), dy, block);
    return reshape(g, sums, [blockedGroups / block, 1, block]);
  });
  return reshape(g, taps.length === 1 ? taps[0] : g.op("Concat", taps, { axis: 1 }), weightLayout(plan).shape);
}
