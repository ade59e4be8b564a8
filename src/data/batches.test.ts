import fc from "fast-check";
import { expect, test } from "vitest";
import { exampleSet } from "../../test/support/image-sets.ts";
import { OptionError } from "../tensor/errors.ts";
import { noAugmentation } from "./augmentation.ts";
import { type BatchPlan, createBatchOrder, createBatchWriter, evaluationBatches, stepsPerEpoch } from "./batches.ts";

const normalization = { mean: [0], deviation: [1] };
const size = { channels: 1, height: 2, width: 2 };

function plan(options: Partial<BatchPlan>): BatchPlan {
  return { batch: 4, seed: 0, indices: Uint32Array.of(3, 5, 8, 13, 21, 34, 55, 89, 144), shuffle: true, ...options };
}

/** The indices of one epoch, batch after batch. */
function epochOf(given: BatchPlan, epoch: number): readonly number[] {
  const order = createBatchOrder(given);
  const steps = stepsPerEpoch(given);
  return Array.from({ length: steps }, (_, step) => [...order(epoch * steps + step).indices]).flat();
}

test("with batches of one, every epoch is a permutation of the images", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(1000), { minLength: 1, maxLength: 40 }),
      fc.nat(),
      fc.nat(50),
      (images, seed, epoch) => {
        const order = epochOf(plan({ batch: 1, seed, indices: Uint32Array.from(images) }), epoch);
        expect(order.toSorted((a, b) => a - b)).toEqual(images.toSorted((a, b) => a - b));
      },
    ),
  );
});

test("whatever the batch, no image comes twice in an epoch, and fewer than a batch are left out", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.nat(), fc.nat(50), (batch, seed, epoch) => {
      const order = epochOf(plan({ batch, seed }), epoch);
      expect(new Set(order).size).toBe(order.length);
      expect(order).toHaveLength(9 - (9 % batch));
    }),
  );
});

test("epochs and seeds have orders of their own", () => {
  const orders = [epochOf(plan({}), 0), epochOf(plan({}), 1), epochOf(plan({ seed: 1 }), 0)].map(String);
  expect(new Set(orders).size).toBe(3);
  expect(String(epochOf(plan({}), 0))).toBe(orders[0]);
});

test("shares of a batch are consecutive and together the whole batch", () => {
  const shares = [0, 1].map((index) => createBatchOrder(plan({ share: { index, of: 2 } })));
  const whole = createBatchOrder(plan({}));
  for (const step of [0, 1, 2, 3]) {
    const parts = shares.map((order) => order(step));
    expect(parts.flatMap(({ indices }) => [...indices])).toEqual([...whole(step).indices]);
    expect(parts.map(({ first, epoch }) => ({ first, epoch }))).toEqual(
      [0, 2].map((first) => ({ first, epoch: whole(step).epoch })),
    );
  }
  expect(() => createBatchOrder(plan({ share: { index: 0, of: 3 } }))).toThrow(
    "batch: of 4 images cannot be divided into 3 equal shares",
  );
});

test("without shuffling the images come in their order", () => {
  expect(epochOf(plan({ shuffle: false }), 7)).toEqual([3, 5, 8, 13, 21, 34, 55, 89]);
});

test("steps may be asked for in any order", () => {
  const forward = createBatchOrder(plan({}));
  const backward = createBatchOrder(plan({}));
  const steps = [0, 1, 2, 3, 4, 5];
  const wanted = steps.map((step) => String(forward(step).indices));
  expect(steps.toReversed().map((step) => String(backward(step).indices))).toEqual(wanted.toReversed());
  expect(forward(5).epoch).toBe(2);
});

test.each([10, 1000])("a batch of %s of 9 images is refused", (batch) => {
  const count = (): number => stepsPerEpoch(plan({ batch }));
  expect(count).toThrow(new OptionError("batch", `must be at most 9, the number of images to train on, got ${batch}`));
});

test.each([0, -1, 1.5, Number.NaN])("a batch of %s images is refused", (batch) => {
  const message = `must be a whole number above 0, got ${batch}`;
  expect(() => stepsPerEpoch(plan({ batch }))).toThrow(new OptionError("batch", message));
  const evaluate = (): unknown => evaluationBatches(exampleSet(3, size), normalization, batch).next();
  expect(evaluate).toThrow(new OptionError("batch", message));
});

test("images that the set does not have are refused before the first batch", () => {
  const source = { set: exampleSet(9, size), normalization, augmentation: noAugmentation };
  const create = (): unknown => createBatchWriter({ ...source, plan: plan({ indices: Uint32Array.of(0, 9, 3, 4) }) });
  expect(create).toThrow(new OptionError("indices", "name image 9 of 9; must be below 9"));
});

test("an evaluation passes every chosen image once, in order, the last batch smaller", () => {
  const set = exampleSet(8, size, 8);
  const batches = [...evaluationBatches(set, normalization, 3)];
  expect(batches.map(({ images }) => images.shape)).toEqual([
    [3, 1, 2, 2],
    [3, 1, 2, 2],
    [2, 1, 2, 2],
  ]);
  expect(batches.flatMap(({ labels }) => [...labels.data])).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n]);
  const pixels = batches.flatMap(({ images }) => [...images.data].map((value) => Math.round(255 * value)));
  expect(pixels).toEqual([...set.images]);
  const chosen = [...evaluationBatches(set, normalization, 3, Uint32Array.of(6, 1))];
  expect(chosen.map(({ labels }) => [...labels.data])).toEqual([[6n, 1n]]);
});
