import { expect, test } from "vitest";
import { CORNER_SCALE, CORNER_UNIT, HEAT_SCALE, STRIDE, writeLocatorTargets } from "./locator-targets.ts";
import type { Corners } from "./geometry.ts";

const corners: Corners = [
  [20, 30],
  [84, 26],
  [86, 46],
  [22, 50],
];

test("targets hold the heat of the centre, and the corners from each point near it", () => {
  const extent = { width: 32, height: 24 };
  const points = extent.width * extent.height;
  const labels = new BigInt64Array(11 * points).fill(7n);
  writeLocatorTargets([{ corners, rows: 2 }], extent, labels);
  const heat = labels.subarray(0, points);
  // The diagonals cross at (53, 38): point (13, 9).
  const centre = 9 * extent.width + 13;
  expect(heat[centre]).toBe(BigInt(HEAT_SCALE));
  expect(heat.filter((value) => value === BigInt(HEAT_SCALE))).toHaveLength(1);
  expect(labels[2 * points + centre]).toBe(1n);
  for (let at = 0; at < points; at++) {
    if (labels[points + at] === 0n) continue;
    const [x, y] = [STRIDE * ((at % extent.width) + 0.5), STRIDE * (Math.floor(at / extent.width) + 0.5)];
    corners.flat().forEach((value, index) => {
      const offset = (Number(labels[(3 + index) * points + at]) / CORNER_SCALE) * CORNER_UNIT;
      // Half a step of the whole numbers that labels are.
      expect(Math.abs((index % 2 === 0 ? x : y) + offset - value)).toBeLessThanOrEqual(CORNER_UNIT / CORNER_SCALE / 2);
    });
  }
});
