import { expect, test } from "vitest";
import { landscapePoints, summarizePlane, toPlane } from "./landscape-grid.ts";

test("points begin with the network itself and end at the corners, and each finds its place in the plane", () => {
  expect(landscapePoints).toHaveLength(81);
  expect(landscapePoints[0]).toEqual([0, 0]);
  expect(landscapePoints.slice(-4).every((point) => point.every((place) => Math.abs(place) === 1))).toBe(true);
  // A bowl: as deep as it is near.
  const plane = toPlane(landscapePoints.map(([x, y]) => ({ loss: x + 10 * y, error: 0.5 })));
  plane.ys.forEach((y, row) => plane.xs.forEach((x, column) => expect(plane.loss[row][column]).toBe(x + 10 * y)));
  expect(
    toPlane([{ loss: 1, error: 0 }])
      .loss.flat()
      .filter(Number.isFinite),
  ).toEqual([1]);
});

test("a bowl of depth x² + y² has risen by a half at 0.75, the first point beyond √0.5", () => {
  const plane = toPlane(landscapePoints.map(([x, y]) => ({ loss: 2 + x ** 2 + y ** 2, error: 0 })));
  const { loss, reach, flatShare } = summarizePlane("net", plane, 200);
  expect([loss, reach]).toEqual([2, 0.75]);
  // Points with x² + y² of at most 0.5, of 81.
  expect(flatShare).toBeCloseTo(landscapePoints.filter(([x, y]) => x ** 2 + y ** 2 <= 0.5).length / 81, 10);
});
