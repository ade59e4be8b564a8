import { expect, test } from "vitest";
import { findModelPlan } from "../../nn/models.ts";
import { readerScores } from "./alphabet.ts";
import { locatorScores } from "./locator-targets.ts";

test.each([
  ["plate-reader", readerScores.length],
  ["plate-locator", locatorScores.length],
] as const)(
  "a %s of no other size gives the task's scores: its weights alone say no number of classes",
  (name, scores) => {
    expect(findModelPlan(name).plan.defaults.classes).toBe(scores);
  },
);
