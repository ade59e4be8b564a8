import type { Shape } from "../../tensor/shape.ts";

/**
 * A value whose elements are each an element of another value or zero, described per axis: slices with steps, zero
 * padding, cropping, and the reshapes that put zeros between elements. Subsampling with padded channels (option A) and
 * its gradient are such values, however they are written in the graph.
 */
export interface Rearrangement {
  /** Logical name of the value that the elements come from, [N,C,H,W]. */
  readonly base: string;
  readonly axes: readonly AxisMap[];
}

/** For each index along an axis, the index it comes from, or −1 for zero. */
export interface AxisMap {
  /** The base's axis; undefined for one inserted by a reshape, whose only source is 0. */
  readonly from: number | undefined;
  readonly places: readonly number[];
}

const range = (extent: number): readonly number[] => Array.from({ length: extent }, (_, index) => index);

/** The value as it is. */
export function identityRearrangement(base: string, shape: Shape): Rearrangement {
  return { base, axes: shape.map((extent, from) => ({ from, places: range(extent) })) };
}

/** Adds zeros at the ends of each axis; crops elements where negative. @param pads all begins, then all ends */
export function padAxes({ base, axes }: Rearrangement, pads: readonly number[]): Rearrangement {
  const zeros = (count: number): readonly number[] => Array.from({ length: Math.max(count, 0) }, () => -1);
  return {
    base,
    axes: axes.map(({ from, places }, axis) => {
      const begin = pads[axis];
      const end = pads[axis + axes.length];
      const kept = places.slice(Math.max(-begin, 0), places.length - Math.max(-end, 0));
      return { from, places: [...zeros(begin), ...kept, ...zeros(end)] };
    }),
  };
}

/** Takes every `step`-th index of one axis. */
export function sliceAxis(
  { base, axes }: Rearrangement,
  axis: number,
  start: number,
  count: number,
  step: number,
): Rearrangement {
  const { from, places } = axes[axis];
  const taken = range(count).map((index) => places[start + index * step]);
  return { base, axes: axes.with(axis, { from, places: taken }) };
}

/** Merges two neighbouring axes, at least one of them inserted by a reshape. */
function mergeAxes(outer: AxisMap, inner: AxisMap): AxisMap {
  const places = outer.places.flatMap((far) =>
    inner.places.map((near) => {
      if (far < 0 || near < 0) return -1;
      return outer.from === undefined ? near : far;
    }),
  );
  return { from: outer.from ?? inner.from, places };
}

/**
 * A reshape that only inserts axes of extent 1, removes them, or merges them with a neighbour; undefined for others.
 */
export function reshapeAxes({ base, axes }: Rearrangement, shape: Shape): Rearrangement | undefined {
  const result: AxisMap[] = [];
  const rest = [...axes];
  for (const extent of shape) {
    const [first, second] = rest;
    if (first?.places.length === extent) {
      result.push(first);
      rest.shift();
    } else if (extent === 1) {
      result.push({ from: undefined, places: [0] });
    } else if (first && second && first.places.length * second.places.length === extent && canMerge(first, second)) {
      result.push(mergeAxes(first, second));
      rest.splice(0, 2);
    } else {
      return undefined;
    }
  }
  return rest.every(({ from, places }) => from === undefined && places.join() === "0")
    ? { base, axes: result }
    : undefined;
}

const canMerge = (a: AxisMap, b: AxisMap): boolean => a.from === undefined || b.from === undefined;

/** How the indices of one axis are taken from the base's. */
export interface AxisStep {
  /** The first index taken from the base, how many, and the distance between them. */
  readonly start: number;
  readonly count: number;
  readonly step: number;
  /** Where the first one goes, and the distance between them there; zeros lie between and around. */
  readonly offset: number;
  readonly spread: number;
  /** The total number of indices. */
  readonly extent: number;
}

/** The distance between evenly rising numbers; undefined if they are not. A single one has distance 1. */
function evenDistance(values: readonly number[]): number | undefined {
  const distance = values.length > 1 ? values[1] - values[0] : 1;
  return distance > 0 && values.every((value, index) => value === values[0] + index * distance) ? distance : undefined;
}

/** An axis map as one strided copy; undefined if it is not one. */
export function axisStep({ places }: AxisMap): AxisStep | undefined {
  const targets = places.flatMap((place, at) => (place >= 0 ? [at] : []));
  const sources = targets.map((at) => places[at]);
  const step = evenDistance(sources);
  const distance = evenDistance(targets);
  if (sources.length === 0 || step === undefined || distance === undefined) return undefined;
  const extent = places.length;
  const [offset] = targets;
  // A single element among zeros does not determine the distance; the extent of the axis is the usual one.
  const spread = targets.length === 1 ? Math.max(1, extent - offset) : distance;
  return { start: sources[0], count: sources.length, step, offset: offset, spread, extent };
}

/** Whether the rearrangement has the base's four axes in order. */
export function isImageRearrangement({ axes }: Rearrangement): boolean {
  return (
    axes.length === 4 &&
    axes.every(({ from, places }, axis) => from === axis || (from === undefined && places.length === 1))
  );
}

/** Whether an axis is taken as it is. */
export function isWholeAxis({ places }: AxisMap, extent: number): boolean {
  return places.length === extent && places.every((place, at) => place === at);
}
