import { type GraphBuilder, shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import type { MovementOperators } from "../../onnx/operators/movement.ts";
import { UnsupportedError } from "../../tensor/errors.ts";
import { normalizeAxis, type Shape } from "../../tensor/shape.ts";
import type { DifferentiableOp, ForwardNode, GradientRules } from "../rule.ts";
import { reshapeTo, sumTo } from "./broadcast.ts";

const constantInts = (g: GraphBuilder, value: Value): readonly number[] =>
  Array.from(g.constantOf(value)!.data as ArrayLike<number | bigint>, Number);

const backToInput = (g: GraphBuilder, node: { readonly inputs: readonly Value[] }, dy: Value): readonly Value[] => [
  reshapeTo(g, dy, shapeOf(node.inputs[0])),
];

/** Pads (or crops, where negative) one axis with zeros. */
function padAxis(g: GraphBuilder, value: Value, axis: number, begin: number, end: number): Value {
  if (begin === 0 && end === 0) return value;
  const rank = value.shape.length;
  const pads = Array.from({ length: 2 * rank }, (_, index) =>
    index === axis ? begin : index === axis + rank ? end : 0,
  );
  return g.op("Pad", [value, g.ints(pads)]);
}

/** Reverses one axis by a Gather: a Slice with a negative step is not accepted everywhere. */
function reverseAxis(g: GraphBuilder, value: Value, axis: number): Value {
  const extent = shapeOf(value)[axis];
  return g.op("Gather", [value, g.ints(Array.from({ length: extent }, (_, index) => extent - 1 - index))], { axis });
}

/** Puts `step − 1` zeros behind each element along one axis. */
function spreadAxis(g: GraphBuilder, value: Value, axis: number, step: number): Value {
  if (step === 1) return value;
  const shape = shapeOf(value);
  const apart = g.op("Reshape", [value, g.ints(shape.toSpliced(axis + 1, 0, 1))]);
  return g.op("Reshape", [padAxis(g, apart, axis + 1, 0, step - 1), g.ints(shape.with(axis, shape[axis] * step))]);
}

/** The adjoint of taking every `step`-th element from `start`: puts them back among zeros. */
function unsliceAxis(g: GraphBuilder, dy: Value, axis: number, extent: number, start: number, step: number): Value {
  const count = shapeOf(dy)[axis];
  const first = step > 0 ? start : start + step * (count - 1);
  const ordered = step > 0 ? dy : reverseAxis(g, dy, axis);
  const spread = spreadAxis(g, ordered, axis, Math.abs(step));
  return padAxis(g, spread, axis, first, extent - first - count * Math.abs(step));
}

function sliceGradient(g: GraphBuilder, node: ForwardNode<"Slice">, dy: Value): readonly Value[] {
  const [x, starts, , axes, steps] = node.inputs;
  const shape = shapeOf(x);
  const begins = constantInts(g, starts);
  const places = axes ? constantInts(g, axes) : begins.map((_, index) => index);
  const strides = steps ? constantInts(g, steps) : begins.map(() => 1);
  const dx = places.reduce((gradient, place, index) => {
    const axis = normalizeAxis(node.where, place, shape.length);
    const extent = shape[axis];
    const start =
      begins[index] < 0 ? begins[index] + extent : Math.min(begins[index], strides[index] < 0 ? extent - 1 : extent);
    return unsliceAxis(g, gradient, axis, extent, Math.max(0, start), strides[index]);
  }, dy);
  return [dx];
}

/** Adds each row of the gradient to the row of a tensor of `shape` that it was gathered from. */
function ungather(g: GraphBuilder, dy: Value, shape: Shape, axis: number, indices: Value): Value {
  const indexRank = indices.shape.length;
  const rank = dy.shape.length;
  const indexAxes = Array.from({ length: indexRank }, (_, index) => axis + index);
  const others = Array.from({ length: rank }, (_, index) => index).filter((index) => !indexAxes.includes(index));
  const rows = g.op("Transpose", [dy], { perm: [...indexAxes, ...others] });
  const front = [shape[axis], ...shape.toSpliced(axis, 1)];
  const size = front.reduce((product, extent) => product * extent, 1);
  const zero = g.op("Expand", [g.fill(0), g.ints(size === 0 ? [0] : front)]);
  const wrapped = g.op("Where", [
    g.op("Less", [indices, g.op("Cast", [g.fill(0)], { to: 7 })]),
    g.op("Add", [indices, g.op("Cast", [g.fill(shape[axis])], { to: 7 })]),
    indices,
  ]);
  const scattered = g.op("ScatterND", [zero, g.op("Unsqueeze", [wrapped, g.ints([-1])]), rows], { reduction: "add" });
  const back: Shape = shape.map((_, at) => (at === axis ? 0 : at < axis ? at + 1 : at));
  return g.op("Transpose", [scattered], { perm: back });
}

/** Indices along an axis from which the padded elements come. @param mode "reflect" or "edge" */
function paddedPlaces(mode: string, extent: number, begin: number, end: number): readonly number[] {
  return Array.from({ length: begin + extent + end }, (_, index) => {
    const place = index - begin;
    const mirrored = place < 0 ? -place : place >= extent ? 2 * (extent - 1) - place : place;
    return mode === "reflect" ? mirrored : Math.min(Math.max(place, 0), extent - 1);
  });
}

/** Padding with elements of the tensor itself is a Gather along each axis, and so has the Gather's gradient. */
function padGradient(g: GraphBuilder, node: ForwardNode<"Pad">, dy: Value): readonly Value[] {
  const { mode = "constant" } = node.attributes;
  const pads = constantInts(g, node.inputs[1]);
  if (mode === "constant") return [g.op("Pad", [dy, g.ints(pads.map((pad) => -pad))])];
  const shape = shapeOf(node.inputs[0]);
  if ((mode !== "reflect" && mode !== "edge") || pads.some((pad) => pad < 0)) {
    throw new UnsupportedError(
      node.where,
      `Pad in mode "${mode}" with pads ${pads.join(", ")} has no gradient rule; modes "constant", "edge" and "reflect" have one, the latter two if no pad is negative`,
    );
  }
  const dx = shape.reduce((gradient, extent, axis) => {
    const [begin, end] = [pads[axis], pads[axis + shape.length]];
    if (begin === 0 && end === 0) return gradient;
    const places = g.ints(paddedPlaces(mode, extent, begin, end));
    return ungather(g, gradient, shapeOf(gradient).with(axis, extent), axis, places);
  }, dy);
  return [dx];
}

/** Sums the copies: each axis is split into (copies, extent). */
function tileGradient(g: GraphBuilder, { inputs: [x, repeats] }: ForwardNode<"Tile">, dy: Value): readonly Value[] {
  const shape = shapeOf(x);
  const counts = constantInts(g, repeats);
  const apart = g.op("Reshape", [dy, g.ints(shape.flatMap((extent, axis) => [counts[axis], extent]))]);
  return [g.op("ReduceSum", [apart, g.ints(shape.map((_, axis) => 2 * axis))], { keepdims: 0 })];
}

export const movementRules: GradientRules<keyof MovementOperators & DifferentiableOp> = {
  Concat: (g, { inputs, attributes: { axis } }, dy) => {
    const place = normalizeAxis("Concat", axis, dy.shape.length);
    return g.ops("Split", [dy, g.ints(inputs.map((x) => shapeOf(x)[place]))], inputs.length, { axis: place });
  },
  Expand: (g, { inputs: [x] }, dy) => [sumTo(g, dy, x)],
  Flatten: backToInput,
  Gather: (g, { where, inputs: [x, indices], attributes: { axis = 0 } }, dy) => [
    ungather(g, dy, shapeOf(x), normalizeAxis(where, axis, x.shape.length), indices),
  ],
  Pad: padGradient,
  Reshape: backToInput,
  Slice: sliceGradient,
  Split: (g, { outputs, attributes: { axis = 0 } }, _, dys) => {
    const parts = outputs.map((output, index) => dys[index] ?? g.op("Expand", [g.fill(0), g.ints(shapeOf(output))]));
    return [g.op("Concat", parts, { axis })];
  },
  Squeeze: backToInput,
  Tile: tileGradient,
  Transpose: (g, { attributes, inputs: [x] }, dy) => {
    const perm = attributes.perm ?? x.shape.map((_, axis) => x.shape.length - 1 - axis);
    return [g.op("Transpose", [dy], { perm: perm.map((_, axis) => perm.indexOf(axis)) })];
  },
  Unsqueeze: backToInput,
};
