import { shapeOf } from "../../onnx/builder.ts";
import { poolingWindow } from "../../onnx/operators/pooling.ts";
import type { Window } from "../../onnx/operators/window.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { float32 } from "../../tensor/tensor.ts";
import type { Rewrite } from "../rewrite.ts";

/**
 * Pools again for the indices of the maxima, counted over all of x, and adds each gradient at its maximum. Among equal
 * values the first in row-major order is the maximum, as in PyTorch.
 */
export const maxPoolGradient: Rewrite<"MaxPoolGradient"> = (g, { inputs: [dy, x], attributes }) => {
  const { masked: _, ...window } = attributes;
  const shape = shapeOf(x);
  const size = g.ints([-1]);
  const [, places] = g.ops("MaxPool", [x], 2, { ...window, storage_order: 0 });
  const zero = g.op("Expand", [g.fill(0), g.ints([sizeOf(shape)])]);
  const indices = g.op("Unsqueeze", [g.op("Reshape", [places, size]), g.ints([1])]);
  const scattered = g.op("ScatterND", [zero, indices, g.op("Reshape", [dy, size])], { reduction: "add" });
  return [g.op("Reshape", [scattered, g.ints(shape)])];
};

/** For each window along one axis, how many of its elements count: those inside x, or inside the padded x. */
function countedPlaces(
  extent: number,
  outputs: number,
  window: Window,
  axis: number,
  includePadding: boolean,
): readonly number[] {
  const { kernel, strides, dilations, begins, ends } = window;
  return Array.from({ length: outputs }, (_, output) => {
    const places = Array.from(
      { length: kernel[axis] },
      (__, index) => output * strides[axis] - begins[axis] + index * dilations[axis],
    );
    const low = includePadding ? -begins[axis] : 0;
    const high = includePadding ? extent + ends[axis] : extent;
    return places.filter((place) => place >= low && place < high).length;
  });
}

/** 1 / (number of counted elements) for every window, as `[1,1,…]`. */
export function windowWeights(extents: Shape, outputs: Shape, window: Window, includePadding: boolean): Float32Array {
  const counts = outputs.map((count, axis) => countedPlaces(extents[axis], count, window, axis, includePadding));
  const products = counts.reduce<readonly number[]>(
    (all, axis) => all.flatMap((product) => axis.map((count) => product * count)),
    [1],
  );
  return Float32Array.from(products, (count) => 1 / count);
}

/**
 * Each window's gradient, divided by the number of its elements and added to all of them: a transposed convolution with
 * ones.
 */
export const averagePoolGradient: Rewrite<"AveragePoolGradient"> = (g, { node, inputs: [dy, x], attributes }) => {
  const { ceil_mode: _, count_include_pad = 0, ...rest } = attributes;
  const window = poolingWindow(node.name, rest);
  const [, channels, ...extents] = shapeOf(x);
  const outputs = shapeOf(dy).slice(2);
  const weights = windowWeights(extents, outputs, window, count_include_pad === 1);
  const share = g.op("Mul", [dy, g.constant(float32([1, 1, ...outputs], weights))]);
  // How far the windows reach beyond x: cropped if positive, padded if negative.
  const excess = outputs.map(
    (count, axis) =>
      (count - 1) * window.strides[axis] +
      window.dilations[axis] * (window.kernel[axis] - 1) +
      1 -
      window.begins[axis] -
      extents[axis],
  );
  return [
    g.op("ConvTranspose", [share, g.fill(1, [channels, 1, ...window.kernel])], {
      kernel_shape: window.kernel,
      strides: window.strides,
      dilations: window.dilations,
      group: channels,
      pads: [...window.begins, ...excess.map((by) => Math.max(by, 0))],
      output_padding: excess.map((by) => Math.max(-by, 0)),
    }),
  ];
};
