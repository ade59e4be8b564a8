/** Levels by which points are flooded: finer than the network's distances are. */
const LEVELS = 256;

/**
 * Grows seeds over a mask, the highest points first: each point goes to the neighbour by which it is reached from the
 * highest ground.
 *
 * @param height of each point, 0 to 1
 * @param seeds `[rows, columns]`, numbers from 1; the result is written over them
 * @param mask points that belong to a cell
 * @source Meyer 1994, "Topographic distance and watershed lines"; scikit-image `watershed`, without lines between basins
 */
export function floodFromSeeds(
  height: Float32Array,
  seeds: Int32Array,
  mask: Uint8Array,
  { rows, columns }: { readonly rows: number; readonly columns: number },
): void {
  // A queue for each level, as chains through the points: a point is in one of them at most.
  const heads = new Int32Array(LEVELS).fill(-1);
  const tails = new Int32Array(LEVELS).fill(-1);
  const next = new Int32Array(seeds.length).fill(-1);
  let level = 0;
  const append = (at: number, highest: number): void => {
    const own = Math.max(0, Math.min(LEVELS - 1, Math.floor(height[at] * LEVELS)));
    const place = Math.min(own, highest);
    if (heads[place] < 0) heads[place] = at;
    else next[tails[place]] = at;
    tails[place] = at;
    if (place > level) level = place;
  };
  for (let at = 0; at < seeds.length; at++) if (seeds[at] > 0) append(at, LEVELS - 1);
  const visit = (from: number, at: number): void => {
    if (mask[at] === 0 || seeds[at] !== 0) return;
    seeds[at] = seeds[from];
    append(at, level);
  };
  while (level >= 0) {
    const at = heads[level];
    if (at < 0) {
      level--;
      continue;
    }
    heads[level] = next[at];
    const column = at % columns;
    if (column > 0) visit(at, at - 1);
    if (column < columns - 1) visit(at, at + 1);
    if (at >= columns) visit(at, at - columns);
    if (at < (rows - 1) * columns) visit(at, at + columns);
  }
}
