import { shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { onnxDtypes } from "../../onnx/operators/elementwise.ts";
import { poolingWindow } from "../../onnx/operators/pooling.ts";
import type { Window } from "../../onnx/operators/window.ts";
import { type Shape, sizeOf, stridesOf } from "../../tensor/shape.ts";
import { float32, type Tensor } from "../../tensor/tensor.ts";
import type { Rewrite } from "../rewrite.ts";
import type { PortableChoices } from "./choices.ts";
import { placeFilters, unfold, unfoldedCount } from "./unfold.ts";

/**
 * Pools again for the indices of the maxima, counted over all of x, and adds each gradient at its maximum. Among equal
 * values the first in row-major order is the maximum, as in PyTorch.
 */
const byScattering: Rewrite<"MaxPoolGradient"> = (g, { inputs: [dy, x], attributes }) => {
  const { masked: _, ...window } = attributes;
  const shape = shapeOf(x);
  const size = g.ints([-1]);
  const [, places] = g.ops("MaxPool", [x], 2, { ...window, storage_order: 0 });
  const zero = g.op("Expand", [g.fill(0), g.ints([sizeOf(shape)])]);
  const indices = g.op("Unsqueeze", [g.op("Reshape", [places, size]), g.ints([1])]);
  const scattered = g.op("ScatterND", [zero, indices, g.op("Reshape", [dy, size])], { reduction: "add" });
  return [g.op("Reshape", [scattered, g.ints(shape)])];
};

/** 1 for every place of every window that is inside x: `[1,1,count,windows]`, 0 for the places that `unfold` adds. */
function placesInside(extents: Shape, outputs: Shape, { kernel, strides, dilations, begins }: Window): Tensor {
  const count = unfoldedCount(kernel);
  const windows = sizeOf(outputs);
  const inside = new Float32Array(count * windows);
  const [kernelStrides, outputStrides] = [stridesOf(kernel), stridesOf(outputs)];
  for (let place = 0; place < sizeOf(kernel); place++)
    for (let window = 0; window < windows; window++) {
      const isInside = extents.every((extent, axis) => {
        const tap = Math.floor(place / kernelStrides[axis]) % kernel[axis];
        const output = Math.floor(window / outputStrides[axis]) % outputs[axis];
        const at = output * strides[axis] - begins[axis] + tap * dilations[axis];
        return at >= 0 && at < extent;
      });
      inside[place * windows + window] = isInside ? 1 : 0;
    }
  return float32([1, 1, count, windows], inside);
}

/** `[1,1,count,count]`: multiplied by marks of places, counts the marks before each. */
function marksBefore(count: number): Tensor {
  const before = Float32Array.from({ length: count * count }, (_, at) => (at % count < Math.floor(at / count) ? 1 : 0));
  return float32([1, 1, count, count], before);
}

/**
 * Compares all places of each window with its maximum and gives the gradient to the first that is equal, as in PyTorch. Takes no
 * indices; an infinity or NaN in x spreads to the other places of its windows.
 */
const byComparing: Rewrite<"MaxPoolGradient"> = (g, { node, inputs: [dy, x, y], attributes }) => {
  const { masked: _, ...pooling } = attributes;
  const window = poolingWindow(node.name, pooling);
  const { kernel, strides, dilations, begins } = window;
  const [batch, channels, ...extents] = shapeOf(x);
  const outputs = shapeOf(dy).slice(2);
  // How far the windows reach beyond x: cropped if negative.
  const excess = outputs.map(
    (count, axis) =>
      (count - 1) * strides[axis] + dilations[axis] * (kernel[axis] - 1) + 1 - begins[axis] - extents[axis],
  );
  const ends = excess.map((by) => Math.max(by, 0));
  const [count, windows] = [unfoldedCount(kernel), sizeOf(outputs)];
  const spread = (value: Value, places: number): Value =>
    g.op("Reshape", [value, g.ints([batch, channels, places, windows])]);
  const how = { kernel_shape: kernel, strides, dilations, pads: [...begins, ...ends] };
  const places = spread(unfold(g, x, how), count);
  const isEqual = g.op("Equal", [places, spread(y ?? g.op("MaxPool", [x], pooling), 1)]);
  const inside = g.constant(placesInside(extents, outputs, window));
  const marks = g.op("Mul", [g.op("Cast", [isEqual], { to: onnxDtypes.float32 }), inside]);
  const before = g.op("MatMul", [g.constant(marksBefore(count)), marks]);
  const first = g.op("Mul", [marks, g.op("Relu", [g.op("Sub", [g.fill(1), before])])]);
  const shares = g.op("Reshape", [g.op("Mul", [first, spread(dy, 1)]), g.ints([batch * channels, count, ...outputs])]);
  const folded = g.op("ConvTranspose", [shares, placeFilters(g, 1, kernel)], {
    ...how,
    group: 1,
    output_padding: excess.map((by) => Math.max(-by, 0)),
  });
  return [g.op("Reshape", [folded, g.ints([batch, channels, ...extents])])];
};

/** Max pooling's gradient, as chosen. */
export const maxPoolGradients: Readonly<Record<PortableChoices["maxPoolGradient"], Rewrite<"MaxPoolGradient">>> = {
  scatter: byScattering,
  compare: byComparing,
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
