import { distanceToOutside } from "./distance.ts";
import { IGNORED } from "./set.ts";

/** The classes of a point where cells are told apart. */
export const pointClasses = ["background", "inside", "boundary"] as const;
/** What {@link pointClasses} has no class for: the loss leaves these points out. */
export const IGNORED_CLASS = 255;
/** A whole number stands for a distance: targets are int64. */
export const DISTANCE_SCALE = 1000;

/** How near another cell is for a point to be on the boundary between them, along rows and columns. */
const NEAR = 2;

/** Whether a window around a point of a cell holds a point of another cell. */
function meetsAnother(
  mask: Uint16Array,
  { height, width }: { readonly height: number; readonly width: number },
  row: number,
  column: number,
): boolean {
  const own = mask[row * width + column];
  const [left, right] = [Math.max(0, column - NEAR), Math.min(width - 1, column + NEAR)];
  for (let y = Math.max(0, row - NEAR); y <= Math.min(height - 1, row + NEAR); y++) {
    for (let at = y * width + left; at <= y * width + right; at++) {
      const id = mask[at];
      if (id !== own && id !== 0 && id !== IGNORED) return true;
    }
  }
  return false;
}

/**
 * What a network learns of the cells in a plane: for each point its class, and its distance to the outside of its cell, 1 at
 * the deepest point of each. A cell's boundary is those of its points that lie near another cell: where it meets the background
 * nothing has to be told apart, and a band is easier to learn than a line.
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
      classes[2 * at] = meetsAnother(mask, { height, width }, row, column) ? 2 : 1;
      distances[2 * at] = Math.round(depths[at] * scale);
    }
  }
}
