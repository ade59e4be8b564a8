import { OptionError } from "../../tensor/errors.ts";

/** A correction by hand of the cells that were found. */
export type CellEdit =
  | { readonly kind: "delete"; readonly id: number }
  | { readonly kind: "merge"; readonly id: number; readonly other: number }
  /** In two, across its length, through its middle. */
  | { readonly kind: "split"; readonly id: number };

/** What a correction changed. */
export interface LabelChange {
  readonly places: readonly number[];
  /** The numbers that these places had. */
  readonly before: readonly number[];
}

/** @throws {OptionError} if no point has the number */
function placesOf(labels: Int32Array, id: number): readonly number[] {
  const places: number[] = [];
  if (id > 0) labels.forEach((label, place) => void (label === id && places.push(place)));
  if (places.length === 0) throw new OptionError("cell", `there is no cell ${id}`);
  return places;
}

/**
 * The points of a cell that lie beyond its middle along its longer axis.
 *
 * The axis has the angle ½ atan2(2 s_xy, s_xx − s_yy) of the second moments s about the mean.
 */
function halfOf(places: readonly number[], width: number): readonly number[] {
  const points = places.map((place) => [place % width, Math.floor(place / width)] as const);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(([u]) => u)), mean(points.map(([, v]) => v))];
  const xx = mean(points.map(([u]) => (u - x) ** 2));
  const yy = mean(points.map(([, v]) => (v - y) ** 2));
  const xy = mean(points.map(([u, v]) => (u - x) * (v - y)));
  const angle = Math.atan2(2 * xy, xx - yy) / 2;
  const [across, down] = [Math.cos(angle), Math.sin(angle)];
  return places.filter((_, index) => (points[index][0] - x) * across + (points[index][1] - y) * down > 1e-9);
}

/**
 * Corrects cells in place. A merged cell keeps the first one's number; of a split one, the second half gets a number of its own. Other
 * cells keep theirs, so that numbers may be missing.
 *
 * @param labels `[height, width]`: the number of the cell at each point; 0 is background
 * @throws {OptionError} if there is no such cell, a cell is to be merged with itself, or is too small to be split
 */
export function correctCells(labels: Int32Array, width: number, edit: CellEdit): LabelChange {
  if (edit.kind === "merge" && edit.id === edit.other)
    throw new OptionError("cell", `${edit.id} cannot be merged with itself; choose another`);
  const own = placesOf(labels, edit.id);
  const change = (places: readonly number[], to: number): LabelChange => {
    const before = places.map((place) => labels[place]);
    for (const place of places) labels[place] = to;
    return { places, before };
  };
  if (edit.kind === "delete") return change(own, 0);
  if (edit.kind === "merge") return change(placesOf(labels, edit.other), edit.id);
  const half = halfOf(own, width);
  if (half.length === 0) throw new OptionError("cell", `${edit.id} is too small to be split`);
  return change(half, labels.reduce((most, label) => Math.max(most, label), 0) + 1);
}

/** Takes back the correction that was made last. */
export function takeBack(labels: Int32Array, { places, before }: LabelChange): void {
  places.forEach((place, index) => (labels[place] = before[index]));
}
