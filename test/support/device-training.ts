import { expect } from "vitest";
import { createModel } from "../../src/nn/models.ts";
import { sgd } from "../../src/optim/sgd.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { chooseLowering } from "../../src/train/lowering.ts";
import { createTrainer, type Trainer } from "../../src/train/trainer.ts";
import { brightRows } from "./training.ts";

/** Float32 in another order of summing; a wrong kernel misses by far more. */
export const LIMIT = 1e-5;
const BATCH = 8;
const imageShape = [3, 8, 8];

/** The largest difference of two elements in the same place. */
export const largestDifference = (a: Tensor, b: Tensor): number =>
  (a.data as Float32Array).reduce(
    (largest, value, index) => Math.max(largest, Math.abs(value - (b.data as Float32Array)[index])),
    0,
  );

/** Expects two states to agree but for rounding. */
export function expectSameState(actual: ReadonlyMap<string, Tensor>, wanted: ReadonlyMap<string, Tensor>): void {
  expect([...actual.keys()]).toEqual([...wanted.keys()]);
  for (const [name, value] of wanted) expect(largestDifference(actual.get(name)!, value), name).toBeLessThan(LIMIT);
}

/** A trainer as `residua train` makes it on the runtime's device. */
export async function openTrainer(runtime: Runtime, name: string): Promise<Trainer> {
  const { lowering } = await chooseLowering(runtime, "portable");
  const optimizer = sgd({ momentum: 0.9, weightDecay: 1e-4 });
  const { module } = createModel(name);
  return createTrainer({ runtime, module, imageShape, batch: BATCH, optimizer, lowering, average: 0.9, seed: 1 });
}

/** Takes steps on images drawn from their numbers. @returns their losses */
export async function takeSteps(trainer: Trainer, first: number, count: number): Promise<readonly number[]> {
  const losses: number[] = [];
  for (let step = first; step < first + count; step++)
    losses.push((await trainer.step(brightRows(step, BATCH, imageShape), 0.05)).loss);
  return losses;
}
