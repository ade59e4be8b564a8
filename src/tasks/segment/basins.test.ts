import { expect, test } from "vitest";
import { separateBasins } from "./basins.ts";

/** A terrain of one row: depths rise and fall linearly between the given places. */
function profile(...places: readonly (readonly [column: number, depth: number])[]): Float32Array {
  const columns = places.at(-1)![0] + 1;
  return Float32Array.from({ length: columns }, (_, column) => {
    const next = places.findIndex(([at]) => at >= column);
    if (next === 0) return places[0][1];
    const [[left, before], [right, after]] = [places[next - 1], places[next]];
    return before + ((after - before) * (column - left)) / (right - left);
  });
}

const countOf = (depth: Float32Array, persistence: number, mask = new Uint8Array(depth.length).fill(1)): number =>
  new Set(separateBasins({ rows: 1, columns: depth.length, depth, mask }, persistence).filter((label) => label > 0))
    .size;

test("basins stay apart where both are deeper than their pass by the persistence, and are one where the shallower is not", () => {
  // 0.8 and 0.6 with a pass of 0.4 between: the second one's persistence is 0.2.
  const depth = profile([0, 0], [20, 0.8], [40, 0.4], [60, 0.6], [80, 0]);
  expect(countOf(depth, 0.19)).toBe(2);
  expect(countOf(depth, 0.21)).toBe(1);
});

test("a basin that has become part of another adds nothing to what that one must overcome", () => {
  // The middle one joins the left; left and right are apart by 0.3 at the lower of the two passes.
  const depth = profile([0, 0], [20, 0.9], [40, 0.5], [60, 0.55], [80, 0.3], [100, 0.6], [120, 0]);
  expect(countOf(depth, 0.1)).toBe(2);
  expect(countOf(depth, 0.29)).toBe(2);
  expect(countOf(depth, 0.31)).toBe(1);
});

test("a single deep point is no basin, and what the mask parts is apart however shallow", () => {
  const depth = profile([0, 0], [15, 0.8], [30, 0]);
  depth[20] = 0.9;
  expect(countOf(depth, 0.1)).toBe(1);
  const mask = new Uint8Array(31).fill(1);
  mask[10] = 0;
  const labels = separateBasins({ rows: 1, columns: 31, depth, mask }, 0.1);
  expect(labels[10]).toBe(0);
  expect(labels[9]).not.toBe(labels[11]);
  expect(countOf(depth, 0.1, mask)).toBe(2);
});
