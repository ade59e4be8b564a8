import { expect, test } from "vitest";
import { combineObservers, type JobObserver } from "./observers.ts";

test("an observer that fails is told of once and left out; the others hear everything", async () => {
  const heard: unknown[] = [];
  const told: string[] = [];
  const good: JobObserver<number, string> = {
    name: "good",
    observe: (event) => void heard.push(event),
    finish: async (outcome) => void heard.push(outcome),
  };
  const bad: JobObserver<number, string> = {
    name: "bad",
    observe: (event) => {
      if (event > 1) throw new Error(`cannot take ${event}`);
    },
    finish: () => Promise.reject(new Error("cannot end")),
  };
  const all = combineObservers([bad, good], (message) => told.push(message));
  for (const event of [1, 2, 3]) all.observe(event);
  await all.finish({ result: "done" });
  expect(heard).toEqual([1, 2, 3, { result: "done" }]);
  expect(told).toEqual(["bad: cannot take 2; going on without it"]);
});
