import { describe, expect, test } from "vitest";
import { gradientRules } from "../../src/autodiff/rules/index.ts";
import { relativeError } from "../support/golden.ts";
import { buildOperatorCase, operatorCases } from "../support/operator-cases.ts";
import { lowerings } from "../support/lowerings.ts";
import { runGraph } from "../support/run-graph.ts";

/** Float32 against float64: a few roundings in sums of up to a few hundred products. */
const LIMIT = 1e-5;

describe.each(lowerings)("$name", (lowering) => {
  test.each(operatorCases)("$name: value and gradients agree with PyTorch's", async (golden) => {
    const { graph, feeds, expected } = buildOperatorCase(golden);
    const actual = await runGraph(graph, feeds, lowering);
    for (const [name, value] of expected) {
      const error = relativeError(actual[name].data as Float32Array, value.data as Float32Array);
      expect.soft(error, `${golden.name} ${name}`).toBeLessThan(LIMIT);
      expect.soft(actual[name].shape).toEqual(value.shape);
    }
  });
});

test("every gradient rule has a golden case", () => {
  const covered = new Set(operatorCases.map(({ op }) => op));
  expect(Object.keys(gradientRules).filter((op) => !covered.has(op as never))).toEqual([]);
});
