import { type Shape, sizeOf, stridesOf } from "../../tensor/shape.ts";
import { axisWithin, type Evaluate, type FoldCall, intAttribute, intsAttribute } from "./call.ts";
import { type Element, type Elements, elementsOf, isFloat, MAXIMUM_ELEMENTS, wholeNumbers } from "./elements.ts";

/** Fills a shape with elements taken from the index that `source` gives for each index of the result. */
function take(
  input: Elements,
  shape: Shape,
  source: (places: readonly number[]) => number | undefined,
): Elements | undefined {
  if (sizeOf(shape) > MAXIMUM_ELEMENTS) return undefined;
  const strides = stridesOf(shape);
  const values = Array.from({ length: sizeOf(shape) }, (_, index): Element => {
    const from = source(shape.map((extent, axis) => Math.floor(index / strides[axis]) % extent));
    return from === undefined ? undefined : input.values[from];
  });
  return { dtype: input.dtype, shape, values };
}

const indexOf = (places: readonly number[], strides: Shape): number =>
  places.reduce((sum, place, axis) => sum + place * strides[axis], 0);

/** The axes of an operator, as an attribute or, from version 13, as an input. */
function axesOf(call: FoldCall): readonly number[] | undefined {
  return call.node.inputs[1] ? wholeNumbers(call.input(1)) : intsAttribute(call.node, "axes");
}

/** Axes counted from the front; undefined if one is out of range. */
function placeAxes(axes: readonly number[] | undefined, rank: number): readonly number[] | undefined {
  const placed = axes?.map((axis) => axisWithin(axis, rank));
  return placed?.every((axis) => axis !== undefined) ? placed : undefined;
}

const shapeOf: Evaluate = (call) => {
  const type = call.type(0);
  if (type === undefined) return undefined;
  const part = type.shape.slice(intAttribute(call.node, "start", 0), intAttribute(call.node, "end", type.shape.length));
  const values = part.map((extent) => (typeof extent === "number" ? BigInt(extent) : extent));
  return { dtype: "int64", shape: [values.length], values };
};

const sizeOfInput: Evaluate = (call) => {
  const known = call.type(0)?.shape.map((extent) => (typeof extent === "number" ? extent : NaN));
  const size = known && sizeOf(known);
  return Number.isSafeInteger(size) ? { dtype: "int64", shape: [], values: [BigInt(size!)] } : undefined;
};

const gather: Evaluate = (call) => {
  const [data, indices] = [call.input(0), call.input(1)];
  const wanted = wholeNumbers(indices);
  const axis = data && axisWithin(intAttribute(call.node, "axis", 0), data.shape.length);
  if (data === undefined || indices === undefined || wanted === undefined || axis === undefined) return undefined;
  const { shape } = data;
  const rank = indices.shape.length;
  const strides = stridesOf(shape);
  const inner = stridesOf(indices.shape);
  return take(data, [...shape.slice(0, axis), ...indices.shape, ...shape.slice(axis + 1)], (places) => {
    const place = axisWithin(wanted[indexOf(places.slice(axis, axis + rank), inner)], shape[axis]);
    return place === undefined ? undefined : indexOf(places.toSpliced(axis, rank, place), strides);
  });
};

/** Start, step and length along an axis. @source ONNX, Slice: bounds beyond the ends are clamped */
function sliceRange(
  extent: number,
  start: number,
  end: number,
  step: number,
): { start: number; step: number; length: number } {
  const bound = (value: number, low: number, high: number): number =>
    Math.min(Math.max(value < 0 ? value + extent : value, low), high);
  const [low, high] = step > 0 ? [0, extent] : [-1, extent - 1];
  const first = bound(start, Math.max(low, 0), high);
  return { start: first, step, length: Math.max(0, Math.ceil((bound(end, low, high) - first) / step)) };
}

const slice: Evaluate = (call) => {
  const input = call.input(0);
  const [starts, ends] = [1, 2].map((index) => wholeNumbers(call.input(index)));
  if (input === undefined || starts === undefined || ends === undefined) return undefined;
  const { shape } = input;
  const given = (index: number, byDefault: (at: number) => number): readonly number[] | undefined =>
    call.node.inputs[index] ? wholeNumbers(call.input(index)) : starts.map((_, at) => byDefault(at));
  const axes = placeAxes(
    given(3, (at) => at),
    shape.length,
  );
  const steps = given(4, () => 1);
  if (axes?.length !== starts.length || steps?.length !== starts.length || steps.includes(0)) return undefined;
  const ranges = shape.map((extent, axis) => {
    const at = axes.indexOf(axis);
    return at < 0 ? { start: 0, step: 1, length: extent } : sliceRange(extent, starts[at], ends[at], steps[at]);
  });
  const strides = stridesOf(shape);
  const from = (place: number, axis: number): number => ranges[axis].start + place * ranges[axis].step;
  return take(
    input,
    ranges.map(({ length }) => length),
    (places) => indexOf(places.map(from), strides),
  );
};

/** Concatenates vectors and scalars, which is all that shapes consist of. */
const concat: Evaluate = (call) => {
  const parts = call.node.inputs.map((_, index) => call.input(index)).filter((part) => part !== undefined);
  if (
    parts.length === 0 ||
    parts.length !== call.node.inputs.length ||
    parts.some((part) => part.shape.length !== 1 || part.dtype !== parts[0].dtype)
  )
    return undefined;
  const values = parts.flatMap((part) => part.values);
  return values.length > MAXIMUM_ELEMENTS ? undefined : { dtype: parts[0].dtype, shape: [values.length], values };
};

const squeeze: Evaluate = (call) => {
  const input = call.input(0);
  if (input === undefined) return undefined;
  const all = input.shape.flatMap((extent, axis) => (extent === 1 ? [axis] : []));
  const given =
    call.node.inputs[1] || call.node.attributes.has("axes") ? placeAxes(axesOf(call), input.shape.length) : all;
  if (given === undefined || given.some((axis) => input.shape[axis] !== 1)) return undefined;
  return { ...input, shape: input.shape.filter((_, axis) => !given.includes(axis)) };
};

const unsqueeze: Evaluate = (call) => {
  const input = call.input(0);
  const wanted = axesOf(call);
  if (input === undefined || wanted === undefined) return undefined;
  const rank = input.shape.length + wanted.length;
  const axes = placeAxes(wanted, rank);
  if (axes === undefined || new Set(axes).size !== axes.length) return undefined;
  const rest = input.shape.values();
  return { ...input, shape: Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : rest.next().value!)) };
};

const reshape: Evaluate = (call) => {
  const input = call.input(0);
  const target = wholeNumbers(call.input(1));
  if (input === undefined || target === undefined) return undefined;
  const copies = intAttribute(call.node, "allowzero", 0) === 0;
  const wanted = target.map((extent, axis) => (extent === 0 && copies ? (input.shape[axis] ?? NaN) : extent));
  const rest = input.values.length / sizeOf(wanted.filter((extent) => extent !== -1));
  const shape = wanted.map((extent) => (extent === -1 ? rest : extent));
  const fits =
    shape.every((extent) => Number.isInteger(extent) && extent >= 0) && sizeOf(shape) === input.values.length;
  return fits ? { ...input, shape } : undefined;
};

const transpose: Evaluate = (call) => {
  const input = call.input(0);
  if (input === undefined) return undefined;
  const { shape } = input;
  const perm = intsAttribute(call.node, "perm") ?? shape.map((_, axis) => shape.length - 1 - axis);
  if (perm.length !== shape.length || new Set(placeAxes(perm, shape.length)).size !== perm.length) return undefined;
  const strides = stridesOf(shape);
  const moved = perm.map((axis) => strides[axis]);
  return take(
    input,
    perm.map((axis) => shape[axis]),
    (places) => indexOf(places, moved),
  );
};

const expand: Evaluate = (call) => {
  const input = call.input(0);
  const target = wholeNumbers(call.input(1));
  if (input === undefined || target === undefined || target.length < input.shape.length) return undefined;
  const offset = target.length - input.shape.length;
  const own = target.map((_, axis) => input.shape[axis - offset] ?? 1);
  const shape = target.map((extent, axis) => (own[axis] === 1 ? extent : own[axis]));
  if (shape.some((extent, axis) => extent < 0 || (target[axis] !== 1 && target[axis] !== extent))) return undefined;
  const strides = stridesOf(own);
  return take(input, shape, (places) =>
    indexOf(
      places.map((place, axis) => (own[axis] === 1 ? 0 : place)),
      strides,
    ),
  );
};

const constantOfShape: Evaluate = (call) => {
  const shape = wholeNumbers(call.input(0));
  const attribute = call.node.attributes.get("value");
  const value = attribute?.kind === "tensor" ? elementsOf(attribute.value) : undefined;
  if (shape === undefined || shape.some((extent) => extent < 0) || sizeOf(shape) > MAXIMUM_ELEMENTS) return undefined;
  if (attribute !== undefined && value?.values.length !== 1) return undefined;
  const element = value?.values[0] ?? 0;
  return { dtype: value?.dtype ?? "float32", shape, values: Array.from({ length: sizeOf(shape) }, () => element) };
};

/** The numbers from `start`, below `limit`. */
const range: Evaluate = (call) => {
  const bounds = [0, 1, 2].map((index) => call.input(index));
  const [start, limit, delta] = bounds.map((bound) =>
    isFloat(bound?.dtype ?? "float32") ? undefined : wholeNumbers(bound)?.[0],
  );
  if (start === undefined || limit === undefined || !delta) return undefined;
  const length = Math.max(0, Math.ceil((limit - start) / delta));
  if (length > MAXIMUM_ELEMENTS) return undefined;
  const values = Array.from({ length }, (_, index) => BigInt(start + index * delta));
  return { dtype: bounds[0]!.dtype, shape: [length], values };
};

/** Operators that make, split and join shapes. */
export const movementFolds: Readonly<Record<string, Evaluate>> = {
  Concat: concat,
  ConstantOfShape: constantOfShape,
  Expand: expand,
  Gather: gather,
  Range: range,
  Reshape: reshape,
  Shape: shapeOf,
  Size: sizeOfInput,
  Slice: slice,
  Squeeze: squeeze,
  Transpose: transpose,
  Unsqueeze: unsqueeze,
};
