import { ShapeError } from "../../tensor/errors.ts";
import { broadcastShapes, type Dimension, formatShape, normalizeAxis, type SymbolicShape } from "../../tensor/shape.ts";
import type { TensorType } from "../graph.ts";
import type { NoAttributes, OperatorCall, OperatorDefinition, OperatorTable } from "./definition.ts";

/** Operators that move elements without computing on them. */
export interface MovementOperators {
  readonly Concat: { readonly axis: number };
  /** `(x, shape)` */
  readonly Expand: NoAttributes;
  readonly Flatten: { readonly axis?: number };
  /** `(data, indices)` */
  readonly Gather: { readonly axis?: number };
  /** `(indices, depth, [off, on])` */
  readonly OneHot: { readonly axis?: number };
  /** `(x, pads, value?)`; negative pads crop */
  readonly Pad: { readonly mode?: string };
  /** `(x, shape)` */
  readonly Reshape: { readonly allowzero?: number };
  /** `(data, indices […,K], updates)`; K leading axes are indexed */
  readonly ScatterND: { readonly reduction?: string };
  readonly Shape: { readonly start?: number; readonly end?: number };
  /** `(x, starts, ends, axes?, steps?)` */
  readonly Slice: NoAttributes;
  /** `(x, sizes?)` */
  readonly Split: { readonly axis?: number; readonly num_outputs?: number };
  /** `(x, axes?)` */
  readonly Squeeze: NoAttributes;
  /** `(x, repeats)`: x repeated along each axis */
  readonly Tile: NoAttributes;
  readonly Transpose: { readonly perm?: readonly number[] };
  /** `(x, axes)` */
  readonly Unsqueeze: NoAttributes;
}

/** Product of the extents; symbolic ones are carried along by name. */
function countElements(shape: SymbolicShape): { readonly known: number; readonly names: readonly string[] } {
  const names = shape.filter((extent) => typeof extent === "string");
  return {
    known: shape.reduce<number>((product, extent) => (typeof extent === "number" ? product * extent : product), 1),
    names,
  };
}

function inferReshape(call: OperatorCall<{ readonly allowzero?: number }>): readonly TensorType[] {
  const { dtype, shape } = call.input(0);
  const wanted = call
    .constants(1)
    .map((extent, axis): Dimension => (extent === 0 && !call.attributes.allowzero ? shape[axis] : extent));
  const from = countElements(shape);
  const to = countElements(wanted.filter((extent) => extent !== -1));
  const open = wanted.indexOf(-1);
  const names = from.names.filter((name) => !to.names.includes(name));
  const fail = (): never => {
    throw new ShapeError(call.where, `cannot reshape ${formatShape(shape)} to ${formatShape(wanted)}`);
  };
  if (open < 0) return from.known === to.known && names.length === 0 ? [{ dtype, shape: wanted }] : fail();
  const quotient = from.known / to.known;
  if (!Number.isInteger(quotient) || names.length > 1 || (names.length === 1 && quotient !== 1)) {
    // A product of a name and a number has no name of its own: keep it open under a derived one.
    if (names.length === 0) return fail();
    return [{ dtype, shape: wanted.with(open, `${names.join("*")}*${quotient}`) }];
  }
  return [{ dtype, shape: wanted.with(open, names[0] ?? quotient) }];
}

function inferSlice(call: OperatorCall<NoAttributes>): readonly TensorType[] {
  const { dtype, shape } = call.input(0);
  const starts = call.constants(1);
  const ends = call.constants(2);
  const axes = call.inputs[3] ? call.constants(3) : starts.map((_, index) => index);
  const steps = call.inputs[4] ? call.constants(4) : starts.map(() => 1);
  const extents = [...shape];
  axes.forEach((axis, index) => {
    const place = normalizeAxis(call.where, axis, shape.length);
    const extent = shape[place];
    const step = steps[index];
    if (typeof extent === "string") {
      if (starts[index] === 0 && step === 1 && ends[index] > 2 ** 30) return;
      throw new ShapeError(call.where, `cannot slice the open extent "${extent}" of ${formatShape(shape)}`);
    }
    const clamp = (value: number, low: number, high: number): number =>
      Math.min(Math.max(value < 0 ? value + extent : value, low), high);
    const start = step > 0 ? clamp(starts[index], 0, extent) : clamp(starts[index], 0, extent - 1);
    const end = step > 0 ? clamp(ends[index], 0, extent) : clamp(ends[index], -1, extent - 1);
    extents[place] = Math.max(0, Math.ceil((end - start) / step));
  });
  return [{ dtype, shape: extents }];
}

function inferPad(call: OperatorCall<unknown>): readonly TensorType[] {
  const { dtype, shape } = call.input(0);
  const pads = call.constants(1);
  if (pads.length !== 2 * shape.length) {
    throw new ShapeError(call.where, `needs ${2 * shape.length} pads for ${formatShape(shape)}, got ${pads.length}`);
  }
  const extents = shape.map((extent, axis): Dimension => {
    const more = pads[axis] + pads[axis + shape.length];
    if (more === 0) return extent;
    if (typeof extent === "string") throw new ShapeError(call.where, `cannot pad the open extent "${extent}"`);
    return extent + more;
  });
  return [{ dtype, shape: extents }];
}

function inferSplit(
  call: OperatorCall<{ readonly axis?: number; readonly num_outputs?: number }>,
): readonly TensorType[] {
  const { dtype, shape } = call.input(0);
  const axis = normalizeAxis(call.where, call.attributes.axis ?? 0, shape.length);
  const extent = shape[axis];
  if (typeof extent === "string") throw new ShapeError(call.where, `cannot split the open extent "${extent}"`);
  const chunk = Math.ceil(extent / call.outputCount);
  const sizes = call.inputs[1]
    ? call.constants(1)
    : Array.from({ length: call.outputCount }, (_, index) => Math.min(chunk, extent - index * chunk));
  if (sizes.reduce((sum, size) => sum + size, 0) !== extent || sizes.length !== call.outputCount) {
    throw new ShapeError(call.where, `sizes ${formatShape(sizes)} do not split ${extent} into ${call.outputCount}`);
  }
  return sizes.map((size) => ({ dtype, shape: shape.with(axis, size) }));
}

function inferConcat(call: OperatorCall<{ readonly axis: number }>): readonly TensorType[] {
  const first = call.input(0);
  const axis = normalizeAxis(call.where, call.attributes.axis, first.shape.length);
  let total = 0;
  call.inputs.forEach((_, index) => {
    const { shape } = call.input(index);
    const extent = shape[axis];
    const fits =
      shape.length === first.shape.length && shape.every((size, at) => at === axis || size === first.shape[at]);
    if (!fits || typeof extent !== "number") {
      throw new ShapeError(
        call.where,
        `cannot join ${formatShape(shape)} to ${formatShape(first.shape)} along axis ${axis}`,
      );
    }
    total += extent;
  });
  return [{ dtype: first.dtype, shape: first.shape.with(axis, total) }];
}

function inferSqueeze(call: OperatorCall<NoAttributes>): readonly TensorType[] {
  const { dtype, shape } = call.input(0);
  const axes = call.inputs[1]
    ? call.constants(1).map((axis) => normalizeAxis(call.where, axis, shape.length))
    : shape.flatMap((extent, axis) => (extent === 1 ? [axis] : []));
  if (axes.some((axis) => shape[axis] !== 1)) {
    throw new ShapeError(call.where, `cannot squeeze axes ${formatShape(axes)} of ${formatShape(shape)}: not 1`);
  }
  return [{ dtype, shape: shape.filter((_, axis) => !axes.includes(axis)) }];
}

function inferUnsqueeze(call: OperatorCall<NoAttributes>): readonly TensorType[] {
  const { dtype, shape } = call.input(0);
  const rank = shape.length + call.constants(1).length;
  const axes = call.constants(1).map((axis) => normalizeAxis(call.where, axis, rank));
  const rest = [...shape];
  return [{ dtype, shape: Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : rest.shift()!)) }];
}

function inferTranspose(call: OperatorCall<{ readonly perm?: readonly number[] }>): readonly TensorType[] {
  const { dtype, shape } = call.input(0);
  const perm = call.attributes.perm ?? shape.map((_, axis) => shape.length - 1 - axis);
  if (perm.length !== shape.length || new Set(perm).size !== perm.length) {
    throw new ShapeError(call.where, `perm ${formatShape(perm)} does not order the axes of ${formatShape(shape)}`);
  }
  return [{ dtype, shape: perm.map((axis) => shape[axis]) }];
}

function inferTile(call: OperatorCall<NoAttributes>): readonly TensorType[] {
  const { dtype, shape } = call.input(0);
  const repeats = call.constants(1);
  if (repeats.length !== shape.length) {
    throw new ShapeError(call.where, `needs ${shape.length} repeats for ${formatShape(shape)}, got ${repeats.length}`);
  }
  const extents = shape.map((extent, axis): Dimension => {
    if (repeats[axis] === 1) return extent;
    return typeof extent === "string" ? `${extent}*${repeats[axis]}` : extent * repeats[axis];
  });
  return [{ dtype, shape: extents }];
}

const define = <Op extends keyof MovementOperators>(
  name: Op,
  attributes: OperatorDefinition<MovementOperators[Op]>["attributes"],
  infer: OperatorDefinition<MovementOperators[Op]>["infer"],
): OperatorDefinition<MovementOperators[Op]> => ({ domain: "", name, attributes, infer });

export const movementOperators: OperatorTable<MovementOperators> = {
  Concat: define("Concat", { axis: "int" }, inferConcat),
  Expand: define("Expand", {}, (call) => [
    { dtype: call.input(0).dtype, shape: broadcastShapes(call.where, call.input(0).shape, call.constants(1)) },
  ]),
  Flatten: define("Flatten", { axis: "int" }, (call) => {
    const { dtype, shape } = call.input(0);
    const axis = call.attributes.axis ?? 1;
    const side = (part: SymbolicShape): Dimension => {
      const { known, names } = countElements(part);
      if (names.length === 0) return known;
      return names.length === 1 && known === 1 ? names[0] : `${names.join("*")}*${known}`;
    };
    const at = axis < 0 ? axis + shape.length : axis;
    return [{ dtype, shape: [side(shape.slice(0, at)), side(shape.slice(at))] }];
  }),
  Gather: define("Gather", { axis: "int" }, (call) => {
    const { dtype, shape } = call.input(0);
    const axis = normalizeAxis(call.where, call.attributes.axis ?? 0, shape.length);
    return [{ dtype, shape: [...shape.slice(0, axis), ...call.input(1).shape, ...shape.slice(axis + 1)] }];
  }),
  OneHot: define("OneHot", { axis: "int" }, (call) => {
    const { shape } = call.input(0);
    const axis = normalizeAxis(call.where, call.attributes.axis ?? -1, shape.length + 1);
    return [{ dtype: call.input(2).dtype, shape: shape.toSpliced(axis, 0, call.constants(1)[0]) }];
  }),
  Pad: define("Pad", { mode: "string" }, inferPad),
  Reshape: define("Reshape", { allowzero: "int" }, inferReshape),
  ScatterND: define("ScatterND", { reduction: "string" }, (call) => [call.input(0)]),
  Shape: define("Shape", { start: "int", end: "int" }, (call) => {
    const { shape } = call.input(0);
    return [
      { dtype: "int64", shape: [shape.slice(call.attributes.start ?? 0, call.attributes.end ?? shape.length).length] },
    ];
  }),
  Slice: define("Slice", {}, inferSlice),
  Split: define("Split", { axis: "int", num_outputs: "int" }, inferSplit),
  Squeeze: define("Squeeze", {}, inferSqueeze),
  Tile: define("Tile", {}, inferTile),
  Transpose: define("Transpose", { perm: "ints" }, inferTranspose),
  Unsqueeze: define("Unsqueeze", {}, inferUnsqueeze),
};
