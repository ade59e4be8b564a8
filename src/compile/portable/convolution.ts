import { type GraphBuilder, shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { resolveWindow, type Window } from "../../onnx/operators/window.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import type { Rewrite } from "../rewrite.ts";
import type { PortableChoices } from "./choices.ts";

const every = (values: readonly number[], wanted: number): boolean => values.every((value) => value === wanted);

/** All places of a kernel in row-major order: `[0,0], [0,1] …`. */
function kernelPlaces(kernel: Shape): readonly Shape[] {
  return kernel.reduce<readonly Shape[]>(
    (places, extent) => places.flatMap((place) => Array.from({ length: extent }, (_, index) => [...place, index])),
    [[]],
  );
}

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

/** `[O,C,k…]` → `[C,O,k…]`, each kernel turned back to front. By Gather: not every backend has negative steps. */
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

/** Σ over N of a·bᵀ for `a [N,G,O,K]` and `b [N,G,C,K]`: `[G,O,C]` */
function sumOfProducts(g: GraphBuilder, a: Value, b: Value): Value {
  const product = g.op("MatMul", [a, g.op("Transpose", [b], { perm: [0, 1, 3, 2] })]);
  return g.op("ReduceSum", [product, g.ints([0])], { keepdims: 0 });
}

/** A weight gradient `[O,C/group,k…]` from `x [N,C,…]` and `dy [N,O,…]`. */
type WeightGradient = Rewrite<"ConvWeightGradient">;

/** `[N,C,…]` → `[N,group,C/group,Π…]` */
function flattenGroups(g: GraphBuilder, value: Value, group: number): Value {
  const [batch, channels, ...spatial] = shapeOf(value);
  return g.op("Reshape", [value, g.ints([batch, group, channels / group, sizeOf(spatial)])]);
}

/**
 * One matrix product a place of the kernel: that entry of the weight meets x at one displacement, so its gradient is
 * Σ over N of dy · x(displaced)ᵀ.
 */
const gradientByPlace: WeightGradient = (g, { node, inputs: [x, dy], attributes, outputs }) => {
  const [out, inGroup, ...kernel] = shapeOf(outputs[0]);
  const group = attributes.group ?? 1;
  const window = resolveWindow(node.name, attributes, kernel);
  const places = pairsOf(g, x, dy, window).map(([left, right]) => {
    const product = sumOfProducts(g, flattenGroups(g, left, group), flattenGroups(g, right, group));
    return g.op("Reshape", [product, g.ints([out, inGroup, 1])]);
  });
  const joined = places.length === 1 ? places[0] : g.op("Concat", places, { axis: 2 });
  return [g.op("Reshape", [joined, g.ints([out, inGroup, ...kernel])])];
};

function pairsOf(g: GraphBuilder, x: Value, dy: Value, window: Window): readonly (readonly [Value, Value])[] {
  if (!isSame3x3(window, shapeOf(x), shapeOf(dy))) return slicedPairs(g, x, dy, window);
  const { rows, columns } = shifts(g, x, dy);
  return rows.flatMap((row) => columns.map((column) => [row, column] as const));
}

/** For 3×3 with stride and padding 1, one product of all shifts; by place otherwise. */
const gradientByJoin: WeightGradient = (g, call) => {
  const { node, inputs, attributes, outputs } = call;
  const [x, dy] = inputs;
  const [out, inGroup, ...kernel] = shapeOf(outputs[0]);
  const window = resolveWindow(node.name, attributes, kernel);
  if ((attributes.group ?? 1) !== 1 || !isSame3x3(window, shapeOf(x), shapeOf(dy))) return gradientByPlace(g, call);
  const { rows, columns } = shifts(g, x, dy);
  const join = (values: readonly Value[]): Value => flattenGroups(g, g.op("Concat", values, { axis: 1 }), 1);
  const product = sumOfProducts(g, join(rows), join(columns));
  const byShift = g.op("Reshape", [product, g.ints([3, out, 3, inGroup])]);
  return [g.op("Transpose", [byShift], { perm: [1, 3, 0, 2] })];
};

/** The weight gradient of a convolution, as chosen. */
export const convWeightGradients: Readonly<Record<PortableChoices["weightGradient"], WeightGradient>> = {
  shift: gradientByPlace,
  join: gradientByJoin,
};

function isSame3x3(window: Window, x: Shape, dy: Shape): boolean {
  const unit =
    every(window.strides, 1) && every(window.dilations, 1) && every(window.begins, 1) && every(window.ends, 1);
  return unit && window.kernel.length === 2 && every(window.kernel, 3) && x[2] === dy[2] && x[3] > 1 && x[2] > 1;
}

/**
 * For a 3×3 kernel with stride and padding 1: three copies of x shifted by a column and three of dy shifted by a row
 * make all nine pairs, a third of the copies that nine slices of x would take.
 */
function shifts(
  g: GraphBuilder,
  x: Value,
  dy: Value,
): { readonly rows: readonly Value[]; readonly columns: readonly Value[] } {
  const shift = (value: Value, rows: number, columns: number): Value =>
    rows === 0 && columns === 0 ? value : g.op("Pad", [value, g.ints([0, 0, rows, columns, 0, 0, -rows, -columns])]);
  return {
    columns: [1, 0, -1].map((by) => shift(x, 0, by)),
    rows: [-1, 0, 1].map((by) => shift(dy, by, 0)),
  };
}

/** Any window: for each place, the points of padded x that it meets. */
function slicedPairs(g: GraphBuilder, x: Value, dy: Value, window: Window): readonly (readonly [Value, Value])[] {
  const { kernel, strides, dilations, begins, ends } = window;
  const padded = every([...begins, ...ends], 0) ? x : g.op("Pad", [x, g.ints([0, 0, ...begins, 0, 0, ...ends])]);
  const extents = shapeOf(padded).slice(2);
  const counts = shapeOf(dy).slice(2);
  const axes = kernel.map((_, axis) => axis + 2);
  return kernelPlaces(kernel).map((place) => {
    const starts = place.map((index, axis) => index * dilations[axis]);
    const stops = starts.map((start, axis) => start + (counts[axis] - 1) * strides[axis] + 1);
    const whole = every(strides, 1) && starts.every((start, axis) => start === 0 && stops[axis] === extents[axis]);
    const met = whole ? padded : g.op("Slice", [padded, g.ints(starts), g.ints(stops), g.ints(axes), g.ints(strides)]);
    return [dy, met] as const;
  });
}
