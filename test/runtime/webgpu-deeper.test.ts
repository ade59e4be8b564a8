import { describe, expect, test } from "vitest";
import { createNodeRuntime } from "../../src/runtime/node.ts";
import { LIMIT, openTrainer, takeSteps } from "../support/device-training.ts";
import { hasAdapter } from "../support/software-adapter.ts";

const isThere = await hasAdapter();

describe.runIf(isThere)("Node with WebGPU", () => {
  test("the losses of five steps of a resnet20 are those of the processor", async () => {
    const losses: (readonly number[])[] = [];
    for (const place of ["cpu", "webgpu"] as const) {
      const trainer = await openTrainer(createNodeRuntime(place), "resnet20");
      losses.push(await takeSteps(trainer, 0, 5));
      await trainer.release();
    }
    const [wanted, actual] = losses;
    for (const [step, loss] of wanted.entries())
      expect(Math.abs(actual[step] - loss), `step ${step + 1}`).toBeLessThan(LIMIT);
  });
});
