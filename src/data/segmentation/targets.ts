import { distanceToOutside } from "./distance.ts";
import { IGNORED } from "./set.ts";

/** The classes of a point where cells are told apart. */
export const pointClasses = ["background", "inside", "boundary"] as const;
/** What {@link pointClasses} has no class for: the loss leaves these points out. */
export const IGNORED_CLASS = 255;
/** A whole number stands for a distance: targets are int64. */
export const DISTANCE_SCALE = 1000;

/**
 * What a network learns of the cells in a plane: for each point its class, and its distance to the outside of its cell, 1 at
 * the deepest point of each. A cell's boundary is those of its points that have a neighbour outside it.
 *
 * @param mask `[height, width]` of ids; 0 is background
 * @param classes written: places in {@link pointClasses}, or {@link IGNORED_CLASS}
 * @param distances written: 0 to {@link DISTANCE_SCALE}
 */
export function writeInstanceTargets(
  mask: Uint16Array,
  { height, width }: { readonly height: number; readonly width: number },
  classes: Int32Array,
  distances: Int32Array,
): void {
  const depths = distanceToOutside(mask, height, width);
  const deepest = new Map<number, number>();
  for (let at = 0; at < mask.length; at++) {
    const id = mask[at];
    if (id !== 0 && depths[at] > (deepest.get(id) ?? 0)) deepest.set(id, depths[at]);
  }
  let [last, scale] = [0, 0];
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      const id = mask[at];
      if (id === 0 || id === IGNORED) {
        classes[2 * at] = id === 0 ? 0 : IGNORED_CLASS;
        distances[2 * at] = 0;
        continue;
      }
      if (id !== last) [last, scale] = [id, DISTANCE_SCALE / deepest.get(id)!];
      const isBoundary =
        (column > 0 && mask[at - 1] !== id) ||
        (column < width - 1 && mask[at + 1] !== id) ||
        (row > 0 && mask[at - width] !== id) ||
        (row < height - 1 && mask[at + width] !== id);
      classes[2 * at] = isBoundary ? 2 : 1;
      distances[2 * at] = Math.round(depths[at] * scale);
    }
  }
}
