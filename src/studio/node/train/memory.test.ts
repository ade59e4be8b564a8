import { expect, test } from "vitest";
import { stepEvent } from "../../../../test/support/train-events.ts";
import type { TrainJob } from "../../engine.ts";
import { rememberTraining } from "./memory.ts";

const none = { images: new Uint8Array(0), labels: [] };
const job: TrainJob = {
  ...none,
  test: none,
  name: "some",
  classes: ["a", "b"],
  choice: { depth: 8, shortcut: "pad", size: 32, epochs: 1, rate: 0.1, seed: 0 },
};

test("a page that comes back is told the steps that were trained, from the one after the checkpoint on", () => {
  const { hear, recall, describe } = rememberTraining(job);
  expect(recall()).toEqual([]);
  for (const step of [41, 42, 43]) hear(stepEvent(step, 50));
  hear({ kind: "checkpoint", step: 42, checkpoint: Uint8Array.of(1) });
  hear({ kind: "judging", done: 0, count: 9 });
  hear({ kind: "judging", done: 5, count: 9 });
  expect(recall()).toEqual([
    {
      kind: "curve",
      first: 41,
      losses: Float32Array.of(41, 42, 43),
      accuracies: Float32Array.of(0.5, 0.5, 0.5),
    },
    stepEvent(43, 50),
    { kind: "checkpoint", step: 42, checkpoint: Uint8Array.of(1) },
    { kind: "judging", done: 5, count: 9 },
  ]);
  expect(describe()).toEqual({ name: "some", choice: job.choice, classes: 2, step: 43, steps: 50 });
});
