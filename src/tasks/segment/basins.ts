/** Levels by which points are flooded: finer than the network's distances are. */
const LEVELS = 2048;
/** A basin of fewer points is noise, however deep. */
const LEAST_POINTS = 6;

/** A plane of values with the points that count. */
export interface Terrain {
  readonly rows: number;
  readonly columns: number;
  /** How deep each point lies. */
  readonly depth: Float32Array;
  /** 1 for points that are flooded. */
  readonly mask: Uint8Array;
}

/** The points of a mask, the deepest first; among equals, in the order of rows. */
function deepestFirst({ depth, mask }: Terrain): Int32Array {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let at = 0; at < mask.length; at++) {
    if (mask[at] === 0) continue;
    low = Math.min(low, depth[at]);
    high = Math.max(high, depth[at]);
  }
  const scale = high > low ? (LEVELS - 1) / (high - low) : 0;
  const levelOf = (at: number): number => LEVELS - 1 - Math.floor((depth[at] - low) * scale);
  const starts = new Int32Array(LEVELS + 1);
  for (let at = 0; at < mask.length; at++) if (mask[at] === 1) starts[levelOf(at) + 1]++;
  for (let level = 0; level < LEVELS; level++) starts[level + 1] += starts[level];
  const order = new Int32Array(starts[LEVELS]);
  for (let at = 0; at < mask.length; at++) if (mask[at] === 1) order[starts[levelOf(at)]++] = at;
  return order;
}

/**
 * Takes a terrain apart into its basins: water rises from the deepest points. Where two basins meet, they stay apart if each of
 * them is deeper than the pass between them by at least `persistence`; otherwise the shallower one becomes part of the deeper.
 *
 * @param persistence in the unit of the depths, above 0
 * @returns `[rows, columns]`: a number above 0 for each basin, 0 outside the mask
 * @source Meyer 1994, "Topographic distance and watershed lines"; Soille 2003, "Morphological Image Analysis", chapter 6
 *   (h-minima); Edelsbrunner et al. 2002, "Topological persistence and simplification"
 */
export function separateBasins(terrain: Terrain, persistence: number): Int32Array {
  const { rows, columns, depth } = terrain;
  const parents = new Int32Array(rows * columns).fill(-1);
  const points = new Int32Array(rows * columns);
  // A basin is known by its deepest point: what joins it hangs below that.
  const basinOf = (at: number): number => {
    let root = at;
    while (parents[root] !== root) root = parents[root] = parents[parents[root]];
    return root;
  };
  for (const at of deepestFirst(terrain)) {
    const column = at % columns;
    const beside = [
      column > 0 ? at - 1 : -1,
      column < columns - 1 ? at + 1 : -1,
      at - columns,
      at + columns < parents.length ? at + columns : -1,
    ];
    let deepest = -1;
    for (const neighbour of beside) {
      if (neighbour < 0 || parents[neighbour] < 0) continue;
      const basin = basinOf(neighbour);
      if (deepest < 0 || depth[basin] > depth[deepest]) deepest = basin;
    }
    if (deepest < 0) {
      parents[at] = at;
      points[at] = 1;
      continue;
    }
    for (const neighbour of beside) {
      if (neighbour < 0 || parents[neighbour] < 0) continue;
      const basin = basinOf(neighbour);
      const areBoth = Math.min(points[basin], points[deepest]) >= LEAST_POINTS;
      if (basin === deepest || (areBoth && depth[basin] - depth[at] >= persistence)) continue;
      parents[basin] = deepest;
      points[deepest] += points[basin];
    }
    parents[at] = deepest;
    points[deepest]++;
  }
  return parents.map((parent, at) => (parent < 0 ? 0 : basinOf(at) + 1));
}
