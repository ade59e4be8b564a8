import fc from "fast-check";
import { expect, test } from "vitest";
import { takePart } from "./parts.ts";
import { planComparison, type PlannedComparison } from "./plan-comparison.ts";

const grid = planComparison({ depths: [8, 14, 20], shortcuts: ["plain", "A", "B"], seeds: 4 });

/** The plan's first runs, with costs of their own. */
const plans = fc
  .array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: grid.runs.length })
  .map((costs): PlannedComparison => ({ ...grid, costs, runs: grid.runs.slice(0, costs.length) }));

test("every run is in exactly one part, in the order of the plan, with its cost; no part has more than one run above another", () => {
  fc.assert(
    fc.property(
      plans.chain((plan) => fc.tuple(fc.constant(plan), fc.integer({ min: 1, max: plan.runs.length }))),
      ([plan, count]) => {
        const parts = Array.from({ length: count }, (_, index) => takePart(plan, { index, count }));
        const places = parts.map(({ runs }) => runs.map((run) => plan.runs.indexOf(run)));
        expect(places.flat().toSorted((a, b) => a - b)).toEqual(plan.runs.map((_, index) => index));
        for (const [index, own] of places.entries()) {
          expect(own).toEqual(own.toSorted((a, b) => a - b));
          expect(parts[index].costs).toEqual(own.map((place) => plan.costs[place]));
        }
        const loads = parts.map(({ costs }) => costs.reduce((sum, cost) => sum + cost, 0));
        expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(Math.max(...plan.costs));
      },
    ),
    { seed: 26, numRuns: 300 },
  );
});

test("runs that are trained longer weigh more", () => {
  const plan = {
    ...grid,
    runs: grid.runs.slice(0, 3).map((run, index) => ({ ...run, length: [3, 1, 2][index] })),
    costs: [1, 1, 1],
  };
  const parts = [0, 1].map((index) => takePart(plan, { index, count: 2 }).runs.map(({ length }) => length));
  expect(parts).toEqual([[3], [1, 2]]);
});

test.each([
  [{ index: 36, count: 36 }, "must be from 0/36 to 35/36, got 36/36"],
  [{ index: -1, count: 2 }, "must be from 0/2 to 1/2, got -1/2"],
  [{ index: 0, count: 37 }, "divides 36 network(s) into 37 parts; give at most 36"],
])("part %j is refused", (part, message) => {
  expect(() => takePart(grid, part)).toThrow(`part: ${message}`);
});

test("so do runs of more epochs", () => {
  const plan = planComparison({ depths: [8], shortcuts: ["plain", "pad"], axes: { epochs: [1, 16] } });
  const parts = [0, 1].map((index) => takePart(plan, { index, count: 2 }).runs.map(({ recipe }) => recipe!.epochs!));
  expect(parts.map((epochs) => epochs.toSorted((a, b) => a - b))).toEqual([
    [1, 16],
    [1, 16],
  ]);
});
