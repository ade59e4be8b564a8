import { describe, expect, test } from "vitest";
import { brightRows, hashState } from "../../test/support/training.ts";
import { createModel } from "../nn/models.ts";
import { linear, sequential } from "../nn/layers.ts";
import { defineModule } from "../nn/module.ts";
import { createNodeRuntime } from "../runtime/node.ts";
import { chooseLowering } from "./lowering.ts";
import { openTrainer, planTraining, type TrainingPlan } from "./engine.ts";
import { planImageSizes } from "./progressive-resizing.ts";
import { defaultRecipe, type Recipe } from "./recipe.ts";
import { createTrainer, type TrainingState } from "./trainer.ts";
import type { TrainerStrategy } from "./strategies/strategy.ts";

const { module } = createModel("resnet8", { channels: 1, classes: 3 });
const recipe: Recipe = { ...defaultRecipe, batch: 6, epochs: 2, learningRate: 0.05, progressiveResize: 0.75 };
const runtime = createNodeRuntime();
const { lowering } = await chooseLowering(runtime, "auto");
const sampleShape = [1, 16, 12];
const planOf = (given: Recipe = recipe): TrainingPlan =>
  planTraining({ module, sampleShape, recipe: given, stepsPerEpoch: 2, validates: false });

describe("the sizes of images", () => {
  const options = { sample: [3, 32, 32], steps: 5 };

  test("are a share of the whole for the first half of the steps", () => {
    const shapeAt = planImageSizes({ ...recipe, progressiveResize: 0.7 }, createModel("resnet8").module, options);
    expect([0, 1, 2, 3, 4].map((step) => shapeAt(step))).toEqual([
      [3, 22, 22],
      [3, 22, 22],
      [3, 22, 22],
      [3, 32, 32],
      [3, 32, 32],
    ]);
  });

  test("are refused where nothing would change, and where the network takes only its own", () => {
    const fixed = sequential({
      flat: defineModule("Flatten", {}, ({ g }, x) => g.op("Flatten", [x], { axis: 1 })),
      fc: linear(1024, 3),
    });
    const plan = (share: number) => () =>
      planImageSizes({ ...recipe, progressiveResize: share }, fixed, { sample: [1, 32, 32], steps: 4 });
    expect(plan(0.99)).toThrow("progressiveResize: leaves images of 32 × 32 as they are; give a smaller share");
    expect(plan(0.5)).toThrow("progressiveResize: the network takes no images of 16 × 16; give a larger share");
  });
});

describe("a training with growing images", () => {
  const batches = Array.from({ length: 4 }, (_, step) => brightRows(step, 6, sampleShape));

  /** Trains from a step to another; what each step's images were is noted. */
  async function train(from: number, to: number, before?: { readonly state: TrainingState }) {
    const seen: string[] = [];
    const strategy: TrainerStrategy = (options) => {
      seen.push(options.imageShape.join("×"));
      return createTrainer(options);
    };
    const host = { runtime, lowering, strategy };
    const trainer = await openTrainer(planOf(), host, before && { state: before.state, steps: from });
    const losses: number[] = [];
    for (let step = from; step < to; step++) losses.push((await trainer.step(batches[step], 0.05)).loss);
    const state = await trainer.state();
    await trainer.release();
    return { state, seen, losses };
  }

  test("compiles a step for each size, and each sees images of its own", async () => {
    const { seen, losses } = await train(0, 4);
    expect(seen).toEqual(["1×12×9", "1×16×12"]);
    const { progressiveResize: _, ...whole } = recipe;
    const plain = await openTrainer(planOf(whole), { runtime, lowering });
    expect((await plain.step(batches[0], 0.05)).loss).not.toBe(losses[0]);
    await plain.release();
  });

  test.each([1, 2, 3])("goes on from step %i with the same bits", async (step) => {
    const whole = await train(0, 4);
    const kept = await train(0, step);
    const rest = await train(step, 4, kept);
    expect([...kept.losses, ...rest.losses]).toEqual(whole.losses);
    expect(hashState(rest.state)).toBe(hashState(whole.state));
  });
});
