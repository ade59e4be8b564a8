import { type GraphBuilder, shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { resolveWindow, type Window } from "../../onnx/operators/window.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import type { Rewrite } from "../rewrite.ts";
import { unfold } from "./unfold.ts";

const every = (values: readonly number[], wanted: number): boolean => values.every((value) => value === wanted);

/**
 * With stride 1 the input gradient is the convolution of dy with the kernel reversed in space and its two channel axes
 * swapped; otherwise it is a transposed convolution, padded where the last rows of x had no window.
 */
export const convInputGradient: Rewrite<"ConvInputGradient"> = (g, { node, inputs: [dy, w], attributes, outputs }) => {
  const { input_extents, ...forward } = attributes;
  const weightShape = shapeOf(w);
  const window = resolveWindow(node.name, forward, weightShape.slice(2));
  const group = forward.group ?? 1;
  const reach = window.kernel.map((extent, axis) => window.dilations[axis] * (extent - 1));
  const pads = [
    ...window.begins.map((pad, axis) => reach[axis] - pad),
    ...window.ends.map((pad, axis) => reach[axis] - pad),
  ];
  if (every(window.strides, 1) && group === 1 && pads.every((pad) => pad >= 0)) {
    const reversed = reverseKernel(g, w, weightShape);
    return [
      g.op("Conv", [dy, reversed], {
        kernel_shape: window.kernel,
        pads,
        dilations: window.dilations,
        strides: window.strides,
      }),
    ];
  }
  const covered = shapeOf(dy)
    .slice(2)
    .map(
      (extent, axis) => (extent - 1) * window.strides[axis] + reach[axis] + 1 - window.begins[axis] - window.ends[axis],
    );
  const output_padding = input_extents.map((extent, axis) => extent - covered[axis]);
  const dx = g.op("ConvTranspose", [dy, w], { ...forward, group, output_padding });
  return [{ ...dx, shape: outputs[0].shape }];
};

/** `[O,C,k…]` → `[C,O,k…]`, each kernel reversed. By Gather, since not every backend supports negative steps. */
function reverseKernel(g: GraphBuilder, w: Value, [out, inChannels, ...kernel]: Shape): Value {
  const size = sizeOf(kernel);
  const swapped = g.op("Transpose", [w], { perm: [1, 0, ...kernel.map((_, axis) => axis + 2)] });
  if (size === 1) return swapped;
  const flat = g.op("Reshape", [swapped, g.ints([inChannels, out, size])]);
  const reversed = g.op("Gather", [flat, g.ints(Array.from({ length: size }, (_, index) => size - 1 - index))], {
    axis: 2,
  });
  return g.op("Reshape", [reversed, g.ints([inChannels, out, ...kernel])]);
}

/** `[N,C,…]` → `[N,group,C/group,Π…]` */
function flattenGroups(g: GraphBuilder, value: Value, group: number): Value {
  const [batch, channels, ...spatial] = shapeOf(value);
  return g.op("Reshape", [value, g.ints([batch, group, channels / group, sizeOf(spatial)])]);
}

/**
 * `[N,C,…]` → `[N,group,Π…,C/group]`. In one group, the channels are moved last before the points are joined: a device that stores them
 * last need not move them at all.
 */
function flattenTurned(g: GraphBuilder, value: Value, group: number): Value {
  if (group > 1) return g.op("Transpose", [flattenGroups(g, value, group)], { perm: [0, 1, 3, 2] });
  const [batch, channels, ...spatial] = shapeOf(value);
  const turned = g.op("Transpose", [value], { perm: [0, ...spatial.map((_, axis) => axis + 2), 1] });
  return g.op("Reshape", [turned, g.ints([batch, 1, sizeOf(spatial), channels])]);
}

/** Σ over N and the points of a·b for `a [N,O,…]` and `b [N,C,…]`: `[group,O/group,C/group]` */
function sumOfProducts(g: GraphBuilder, a: Value, b: Value, group: number): Value {
  const product = g.op("MatMul", [flattenGroups(g, a, group), flattenTurned(g, b, group)]);
  return g.op("ReduceSum", [product, g.ints([0])], { keepdims: 0 });
}

/**
 * Σ over N and the points of dy·x, with x displaced by the kernel position: one product of dy with unfolded x gives all
 * positions of `[O,C/group,k…]` at once. In the most common case x is unfolded into columns only and dy into rows, six
 * copies instead of nine.
 */
export const convWeightGradient: Rewrite<"ConvWeightGradient"> = (
  g,
  { node, inputs: [x, dy], attributes, outputs },
) => {
  const [out, inGroup, ...kernel] = shapeOf(outputs[0]);
  const group = attributes.group ?? 1;
  const window = resolveWindow(node.name, attributes, kernel);
  if (isSame3x3(window)) {
    const columns = unfold(g, x, { kernel_shape: [1, 3], pads: [0, 1, 0, 1] });
    // Moving dy down a row is moving x up.
    const rows = unfold(g, dy, { kernel_shape: [3, 1], pads: [1, 0, 1, 0] }, "backwards");
    const product = sumOfProducts(g, rows, columns, group);
    const byPlace = g.op("Reshape", [product, g.ints([out, 3, inGroup, 3])]);
    return [g.op("Transpose", [byPlace], { perm: [0, 2, 1, 3] })];
  }
  const { strides, dilations, begins, ends } = window;
  const isWhole = every([...kernel, ...strides], 1) && every([...begins, ...ends], 0);
  const places = isWhole ? x : unfold(g, x, { kernel_shape: kernel, strides, dilations, pads: [...begins, ...ends] });
  const product = sumOfProducts(g, dy, places, group);
  const byPlace = g.op("Reshape", [product, g.ints([out, inGroup, -1])]);
  const taken = g.op("Slice", [byPlace, g.ints([0]), g.ints([sizeOf(kernel)]), g.ints([2])]);
  return [g.op("Reshape", [taken, g.ints([out, inGroup, ...kernel])])];
};

/** Whether dy is as large as x because of a 3×3 window with padding. */
function isSame3x3({ kernel, strides, dilations, begins, ends }: Window): boolean {
  return kernel.length === 2 && every(kernel, 3) && every([...strides, ...dilations, ...begins, ...ends], 1);
}
