import { expect, test } from "vitest";
import { defaultRecipe } from "../../../train/recipe.ts";
import { planComparison } from "../plan-comparison.ts";
import { keyOfRun } from "./known-runs.ts";
import { comparedRunConfiguration } from "./record.ts";

const [plan] = planComparison({ depths: [8], shortcuts: ["A"], seeds: 1 }).runs;
const job = { recipe: defaultRecipe, data: "photos", trainImages: 64, testImages: 16 };

test("the images of a folder are part of a run's key; a known data set is its name alone, as it always was", () => {
  const [first, second] = ["a", "b"].map((content) => keyOfRun({ ...job, content }, plan));
  expect(new Set([first, second, keyOfRun(job, plan)]).size).toBe(3);
  expect(comparedRunConfiguration({ ...job, data: "mnist" }, plan)).toMatchObject({
    data: expect.toSatisfy(
      (data: object) => JSON.stringify(data) === '{"name":"mnist","trainImages":64,"testImages":16}',
    ),
  });
});
