import { expect, test } from "vitest";
import { ShapeError, WeightsError } from "../tensor/errors.ts";
import { evaluateInTraining } from "./evaluate-in-training.ts";

test("a network without finite scores measures nothing; any other failure ends the training", async () => {
  const found = { count: 3, loss: 1, measures: { meanAp: 0.5 } };
  expect(await evaluateInTraining(3, async () => found)).toBe(found);
  const diverged = evaluateInTraining(3, () => Promise.reject(new WeightsError("network", "gives NaN as a score")));
  expect(await diverged).toEqual({
    count: 3,
    loss: Number.NaN,
    measures: {},
    unmeasured: "the network gives scores that are not finite numbers",
  });
  await expect(evaluateInTraining(3, () => Promise.reject(new ShapeError("images", "are others")))).rejects.toThrow(
    ShapeError,
  );
});
