import { expect, test } from "vitest";
import { float32 } from "../../tensor/tensor.ts";
import {
  drawDirection,
  findTrajectoryPlane,
  gridOf,
  leadingEigenvectors,
  moveWeights,
  normalizeFilters,
  type Weights,
} from "./directions.ts";

const weights: Weights = new Map([
  ["conv.weight", float32([2, 1, 1, 2], [3, 4, 0, 0.5])],
  ["bn.weight", float32([2], [1, 1])],
]);

test("each filter of a direction has the norm of the network's own", () => {
  // ‖(3, 4)‖ = 5 and ‖(0, 0.5)‖ = 0.5; (1, 0) and (3, 4) become (5, 0) and (0.3, 0.4).
  const normal = normalizeFilters(Float32Array.of(1, 0, 3, 4), weights.get("conv.weight")!);
  expect(Array.from(normal)).toEqual([5, 0, 0.3, 0.4].map((value) => expect.closeTo(value, 6)));
});

test("batch norms do not move along a random direction, and equal seeds draw equal ones", () => {
  const direction = drawDirection(weights, weights.keys(), 1, 0);
  expect([...direction.keys()]).toEqual(["conv.weight"]);
  expect(drawDirection(weights, weights.keys(), 1, 0)).toEqual(direction);
  expect(drawDirection(weights, weights.keys(), 1, 1)).not.toEqual(direction);
});

test("moved weights are w + a·d₁ + b·d₂, and what does not move is the same tensor", () => {
  const first = new Map([["conv.weight", Float32Array.of(1, 0, 0, 0)]]);
  const second = new Map([["conv.weight", Float32Array.of(0, 0, 0, 2)]]);
  const moved = moveWeights(weights, [
    { direction: first, by: 0.5 },
    { direction: second, by: -1 },
  ]);
  expect(Array.from(moved.get("conv.weight")!.data)).toEqual([3.5, 4, 0, -1.5]);
  expect(moved.get("bn.weight")).toBe(weights.get("bn.weight"));
});

test("eigenvalues of [[2, 1], [1, 2]] are 3 and 1", () => {
  const [first, second] = leadingEigenvectors([Float64Array.of(2, 1), Float64Array.of(1, 2)]);
  expect(first.value).toBeCloseTo(3, 10);
  expect(second.value).toBeCloseTo(1, 10);
  expect(Math.abs(first.vector[0])).toBeCloseTo(Math.SQRT1_2, 8);
});

test("a way within a plane lies wholly in it, with its distances kept", () => {
  const at = (x: number, y: number): Weights => new Map([["w", float32([3, 1], [1 + x, 2 + 0.6 * y, 3 + 0.8 * y])]]);
  const way = [
    [4, 0],
    [3, 1],
    [1, 1],
    [0, 0],
  ] as const;
  const plane = findTrajectoryPlane(
    way.map(([x, y]) => at(x, y)),
    ["w"],
  );
  expect(plane.shares[0] + plane.shares[1]).toBeCloseTo(1, 6);
  expect(plane.shares[0]).toBeGreaterThan(plane.shares[1]);
  plane.places.forEach(([x, y], index) => {
    expect(Math.hypot(x, y)).toBeCloseTo(Math.hypot(way[index][0], way[index][1]), 4);
    const back = moveWeights(at(0, 0), [
      { direction: plane.directions[0], by: x },
      { direction: plane.directions[1], by: y },
    ]);
    const wanted = Array.from(at(way[index][0], way[index][1]).get("w")!.data, (value): number =>
      expect.closeTo(value, 4),
    );
    expect(Array.from(back.get("w")!.data)).toEqual(wanted);
  });
});

test("a grid of an odd number of points has the middle among them", () => {
  expect(gridOf(-1, 1, 5)).toEqual([-1, -0.5, 0, 0.5, 1]);
});
