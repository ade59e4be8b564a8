import type { Dimension } from "../../tensor/shape.ts";
import type { Element } from "../fold/elements.ts";
import type { NormalizeRule, Rewriting } from "./rewriting.ts";

/** How one axis is resized. */
interface AxisResize {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

/** Weights of the input's points for one point of the output. */
type Taps = ReadonlyMap<number, number>;

/** Functions by the names used in files. */
type Table<F> = ReadonlyMap<string, F>;

const table = <F>(entries: Readonly<Record<string, F>>): Table<F> => new Map(Object.entries(entries));

const clamp = (value: number, high: number): number => Math.min(Math.max(value, 0), high);

/** The position of an output point in the input. @source ONNX, Resize: coordinate_transformation_mode */
const coordinates: Table<(place: number, axis: AxisResize) => number> = table({
  half_pixel: (place, { scale }) => (place + 0.5) / scale - 0.5,
  half_pixel_symmetric: (place, { from, to, scale }) => {
    const adjustment = to / (scale * from);
    return (from / 2) * (1 - adjustment) + (place + 0.5) / scale - 0.5;
  },
  pytorch_half_pixel: (place, { to, scale }) => (to > 1 ? (place + 0.5) / scale - 0.5 : 0),
  align_corners: (place, { from, to }) => (to === 1 ? 0 : (place * (from - 1)) / (to - 1)),
  asymmetric: (place, { scale }) => place / scale,
});

/** @source ONNX, Resize: nearest_mode */
const roundings: Table<(value: number) => number> = table({
  round_prefer_floor: (value) => Math.ceil(value - 0.5),
  round_prefer_ceil: (value) => Math.floor(value + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
});

function linearTaps(at: number, { from }: AxisResize): Taps {
  const place = clamp(at, from - 1);
  const low = Math.min(Math.floor(place), from - 1);
  const weight = place - low;
  return weight === 0
    ? new Map([[low, 1]])
    : new Map([
        [low, 1 - weight],
        [low + 1, weight],
      ]);
}

/** @source Keys 1981, "Cubic convolution interpolation"; a is ONNX's cubic_coeff_a */
function cubicWeight(distance: number, a: number): number {
  const d = Math.abs(distance);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

function cubicTaps(at: number, { from }: AxisResize, a: number, excludeOutside: boolean): Taps {
  const low = Math.floor(at);
  const places = [low - 1, low, low + 1, low + 2].filter(
    (place) => !excludeOutside || clamp(place, from - 1) === place,
  );
  const weights = places.map((place) => cubicWeight(at - place, a));
  const total = excludeOutside ? weights.reduce((sum, weight) => sum + weight, 0) : 1;
  const taps = new Map<number, number>();
  places.forEach((place, index) => {
    const inside = clamp(place, from - 1);
    taps.set(inside, (taps.get(inside) ?? 0) + weights[index] / total);
  });
  return taps;
}

type Wanted = (index: number, from: Dimension) => AxisResize | undefined;

/** Whether an element of `sizes` equals the present extent. */
const isSame = (element: Element, from: Dimension): boolean =>
  typeof from === "number" ? element === BigInt(from) : element === from;

/** Reads `sizes`, which gives the output's extents. */
function bySizes(rewriting: Rewriting, sizes: readonly Element[]): Wanted {
  return (index, from) => {
    const element = sizes[index];
    if (isSame(element, from)) return undefined;
    if (typeof element !== "bigint" || typeof from !== "number" || element < 1n || from === 0) {
      return rewriting.refuse("needs the extents before and after as numbers");
    }
    return { from, to: Number(element), scale: Math.fround(Number(element) / from) };
  };
}

/** Reads `scales`: an output's extent is ⌊extent · scale⌋. */
function byScales(rewriting: Rewriting, scales: readonly Element[]): Wanted {
  return (index, from) => {
    const scale = scales[index];
    if (scale === 1) return undefined;
    if (typeof scale !== "number" || !(scale > 0) || typeof from !== "number") {
      return rewriting.refuse("needs its scales, and the extents that they change, as numbers");
    }
    return { from, to: Math.floor(Math.fround(from * scale)), scale };
  };
}

/** Reads scales or sizes: the inputs moved with version 11. */
function readWanted(rewriting: Rewriting): Wanted {
  const early = rewriting.node.op === "Upsample" || rewriting.opset < 11;
  const sizes = early || rewriting.optional(3) === undefined ? [] : rewriting.elements(3);
  if (sizes.length > 0) return bySizes(rewriting, sizes);
  // Version 7 of Upsample had them as an attribute.
  const scales = rewriting.floatList("scales") ?? rewriting.elements(early ? 1 : 2);
  return scales.length > 0 ? byScales(rewriting, scales) : rewriting.refuse("gives neither scales nor sizes");
}

/** The axes that change. */
function readAxes(rewriting: Rewriting): ReadonlyMap<number, AxisResize> {
  const { shape } = rewriting.type(0);
  const axes = rewriting.ints("axes")?.map((axis) => (axis < 0 ? axis + shape.length : axis)) ?? [...shape.keys()];
  const wanted = readWanted(rewriting);
  const found = new Map<number, AxisResize>();
  axes.forEach((axis, index) => {
    if (!(axis in shape)) rewriting.refuse(`has the axis ${axis}, which its input does not have`);
    const resize = wanted(index, shape[axis]);
    if (resize === undefined) return;
    found.set(axis, resize);
  });
  return found;
}

/** The points from which an output point is computed, by the node's attributes. */
function readTaps(rewriting: Rewriting): (place: number, axis: AxisResize) => Taps {
  const mode = rewriting.text("mode", "nearest");
  // Before version 11, a point came from ⌊place / scale⌋, whatever the operator was called.
  const early = rewriting.node.op === "Upsample" || rewriting.opset < 11;
  const transform = rewriting.text("coordinate_transformation_mode", early ? "asymmetric" : "half_pixel");
  const coordinate =
    coordinates.get(transform) ?? rewriting.refuse(`has the coordinate_transformation_mode "${transform}"`);
  const at = (place: number, axis: AxisResize): number => Math.fround(coordinate(place, axis));
  if (rewriting.int("antialias", 0) !== 0) rewriting.refuse("asks for antialiasing");
  if (rewriting.text("keep_aspect_ratio_policy", "stretch") !== "stretch")
    rewriting.refuse("asks to keep the aspect ratio");
  if (mode === "linear") return (place, axis) => linearTaps(at(place, axis), axis);
  if (mode === "cubic") {
    const a = rewriting.float("cubic_coeff_a", -0.75);
    const excludeOutside = rewriting.int("exclude_outside", 0) === 1;
    return (place, axis) => cubicTaps(at(place, axis), axis, a, excludeOutside);
  }
  if (mode !== "nearest") rewriting.refuse(`has the mode "${mode}"`);
  const rounding = rewriting.text("nearest_mode", early ? "floor" : "round_prefer_floor");
  const round = roundings.get(rounding) ?? rewriting.refuse(`has the nearest_mode "${rounding}"`);
  return (place, axis) => new Map([[clamp(round(at(place, axis)), axis.from - 1), 1]]);
}

/** Multiplies along an axis by a matrix `[to, from]`: one row per point of the output. */
function multiplyAlong(
  rewriting: Rewriting,
  x: string,
  axis: number,
  resize: AxisResize,
  rows: readonly Taps[],
): string {
  const { shape } = rewriting.type(0);
  const { from, to } = resize;
  const last = axis === shape.length - 1;
  const matrix = new Float32Array(from * to);
  rows.forEach((taps, row) =>
    taps.forEach((weight, place) => (matrix[last ? place * to + row : row * from + place] = weight)),
  );
  if (last) return rewriting.add("MatMul", [x, rewriting.floats([from, to], matrix)]);
  const weights = rewriting.floats([to, from], matrix);
  if (axis === shape.length - 2) return rewriting.add("MatMul", [weights, x]);
  const after = shape
    .slice(axis + 1)
    .map((extent) =>
      typeof extent === "number" ? extent : rewriting.refuse(`needs the open extent "${extent}" as a number`),
    );
  const before = shape.slice(0, axis).map(() => 0);
  const flat = rewriting.add("Reshape", [x, rewriting.wholes([...before, from, -1])]);
  return rewriting.add("Reshape", [
    rewriting.add("MatMul", [weights, flat]),
    rewriting.wholes([...before, to, ...after]),
  ]);
}

/**
 * Resizing is linear, axis by axis: nearest is a Gather, the other modes are products with a matrix that is known once
 * the extents are. Their rules therefore differentiate it.
 */
const resize: NormalizeRule = (rewriting) => {
  const taps = readTaps(rewriting);
  const nearest = rewriting.text("mode", "nearest") === "nearest";
  const { dtype, shape } = rewriting.type(0);
  if (!nearest && (dtype !== "float32" || shape.length < 2)) rewriting.refuse(`is on ${dtype} of ${shape.length} axes`);
  let x = rewriting.input(0);
  for (const [axis, change] of readAxes(rewriting)) {
    rewriting.reserve(change.to * (nearest ? 32 : 32 + change.from));
    const rows = Array.from({ length: change.to }, (_, place) => taps(place, change));
    x = nearest
      ? rewriting.add("Gather", [x, rewriting.wholes(rows.flatMap((row) => [...row.keys()]))], { axis })
      : multiplyAlong(rewriting, x, axis, change, rows);
  }
  rewriting.replace(rewriting.node.outputs[0], x);
};

export const resizeRules: Readonly<Record<string, NormalizeRule>> = { Resize: resize, Upsample: resize };
