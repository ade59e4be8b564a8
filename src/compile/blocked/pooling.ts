import { shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { poolingWindow } from "../../onnx/operators/pooling.ts";
import type { Window } from "../../onnx/operators/window.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { float32 } from "../../tensor/tensor.ts";
import { windowWeights } from "../portable/pooling.ts";
import { type BlockedContext, type BlockedRule, imageShape, type LogicalNode } from "./context.ts";
import { memoryShape, padPlanes, reshape, spreadPlanes } from "./layout.ts";

type PoolOp = "MaxPool" | "AveragePool";

/** The window with `ceil_mode` expressed as padding at the ends, if that is equivalent. */
function explicitWindow(window: Window, extents: Shape, outputs: Shape): Window {
  const ends = window.ends.map((end, axis) => {
    const reach = window.dilations[axis] * (window.kernel[axis] - 1) + 1;
    return Math.max(end, (outputs[axis] - 1) * window.strides[axis] + reach - extents[axis] - window.begins[axis]);
  });
  return { ...window, ends };
}

function pool(
  c: BlockedContext,
  { node, inputs, outputs, attributes }: LogicalNode<PoolOp>,
  op: "BlockedMaxPool" | "BlockedAveragePool",
): boolean {
  const shape = imageShape(c, inputs[0]);
  const result = imageShape(c, outputs[0]);
  if (
    shape === undefined ||
    result === undefined ||
    outputs.slice(1).some((name) => name !== "") ||
    !c.isBlocked(inputs[0])
  )
    return false;
  const { ceil_mode = 0, ...rest } = attributes;
  const window = poolingWindow(node.name, rest);
  const explicit = ceil_mode ? explicitWindow(window, shape.slice(2), result.slice(2)) : window;
  if (explicit.ends.some((end, axis) => end >= window.kernel[axis])) return false;
  const pooled = c.g.op(op, [c.blocked(inputs[0])], {
    kernel_shape: window.kernel,
    strides: window.strides,
    pads: [...window.begins, ...explicit.ends],
    ...(op === "BlockedMaxPool"
      ? { dilations: window.dilations, storage_order: 0 }
      : { count_include_pad: ("count_include_pad" in attributes && attributes.count_include_pad) || 0 }),
  });
  c.define(outputs[0], { blocked: pooled });
  return true;
}

export const maxPool: BlockedRule<"MaxPool"> = (c, logical) => pool(c, logical, "BlockedMaxPool");

export const averagePool: BlockedRule<"AveragePool"> = (c, logical) => {
  const { ceil_mode, count_include_pad, dilations } = logical.attributes;
  // With both, the last window is averaged differently than with padding alone.
  if ((ceil_mode && count_include_pad) || dilations?.some((dilation) => dilation !== 1)) return false;
  return pool(c, logical, "BlockedAveragePool");
};

export const globalAveragePool: BlockedRule<"GlobalAveragePool"> = (c, { inputs: [x], outputs: [y] }) => {
  if (imageShape(c, x) === undefined || !c.isBlocked(x)) return false;
  c.define(y, { blocked: c.g.op("BlockedGlobalAveragePool", [c.blocked(x)]) });
  return true;
};

/** dy divided by the number of points in each window. */
function shareGradient(c: BlockedContext, dy: Value, weights: Float32Array): Value {
  const [first] = weights;
  if (weights.every((weight) => weight === first)) return c.g.op("Mul", [dy, c.g.fill(first)]);
  const [N, C, H, W] = shapeOf(dy) as readonly [number, number, number, number];
  const size = H * W * c.block;
  const perPoint = Float32Array.from({ length: size }, (_, index) => weights[Math.floor(index / c.block)]);
  const planes = reshape(c.g, dy, [(N * C) / c.block, size]);
  return reshape(c.g, c.g.op("Mul", [planes, c.g.constant(float32([1, size], perPoint))]), [N, C, H, W]);
}

/** Adds each window's share to all of its points: dy spread by the stride, convolved with ones. */
export const averagePoolGradient: BlockedRule<"AveragePoolGradient"> = (
  c,
  { node, inputs: [dyName, x], outputs: [dx], attributes },
) => {
  const shape = imageShape(c, x);
  const outputs = imageShape(c, dyName)?.slice(2);
  const { ceil_mode: _, count_include_pad = 0, ...rest } = attributes;
  if (shape === undefined || outputs === undefined || !(c.isBlocked(dyName) || c.isBlocked(x))) return false;
  const window = poolingWindow(node.name, rest);
  const extents = shape.slice(2);
  const share = shareGradient(c, c.blocked(dyName), windowWeights(extents, outputs, window, count_include_pad === 1));
  const spread = spreadPlanes(c.g, share, c.block, window.strides as [number, number]);
  const reach = window.kernel.map((extent, axis) => (extent - 1) * window.dilations[axis]);
  const before = reach.map((by, axis) => by - window.begins[axis]);
  const after = reach.map((by, axis) => extents[axis] - outputs[axis] * window.strides[axis] + by - before[axis]);
  const cut = (by: number | undefined): number => Math.min(by!, 0);
  const border = { top: cut(before[0]), left: cut(before[1]), bottom: cut(after[0]), right: cut(after[1]) };
  const channels = memoryShape(shape, c.block)[1] * c.block;
  const dilated = c.g.op(
    "BlockedConv",
    [padPlanes(c.g, spread, c.block, border), c.g.fill(1, [channels, 1, ...window.kernel])],
    {
      kernel_shape: window.kernel,
      dilations: window.dilations,
      strides: [1, 1],
      pads: [...before, ...after].map((by) => Math.max(by, 0)),
      group: channels,
    },
  );
  c.define(dx, { blocked: dilated });
  return true;
};

/** [N,C,1,1] repeated over planes, as in the gradient of global average pooling; written in the requested form. */
export const expand: BlockedRule<"Expand"> = (c, { node, inputs: [x, target], outputs: [y] }) => {
  const shape = imageShape(c, x);
  const full = imageShape(c, y);
  if (shape === undefined || full === undefined || shape[0] !== full[0] || shape[1] !== full[1]) return false;
  if (sizeOf(shape.slice(2)) !== 1) return false;
  const [N, blocks, H, W] = memoryShape(full, c.block) as [number, number, number, number];
  c.define(y, {
    plain: () => c.g.append({ ...node, inputs: [c.plain(x).name, c.plain(target).name] })[0],
    blocked: () => {
      const points = reshape(c.g, c.blocked(x), [N * blocks, 1, c.block]);
      const planes = c.g.op("Expand", [points, c.g.ints([N * blocks, H * W, c.block])]);
      return reshape(c.g, planes, [N, blocks * c.block, H, W]);
    },
  });
  return true;
};
