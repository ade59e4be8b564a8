import { expect, onTestFinished, test } from "vitest";
import { exampleSet } from "../../../test/support/image-sets.ts";
import { EnvironmentError, OptionError } from "../../tensor/errors.ts";
import type { BatchSource } from "../batches.ts";
import { sharedBytes } from "../image-set.ts";
import { type BatchLoader, createBatchLoader, type LoaderOptions } from "./loader.ts";

/** 23 images in batches of 4: five steps an epoch. An odd number of pixels, so that slots do not divide evenly. */
const set = exampleSet(23, { channels: 3, height: 3, width: 5 });
const source: BatchSource = {
  set,
  normalization: { mean: [0.4, 0.5, 0.6], deviation: [0.2, 0.3, 0.4] },
  augmentation: { cropPadding: 1, flip: true },
  plan: { batch: 4, seed: 7, indices: Uint32Array.from({ length: 23 }, (_, index) => index), shuffle: true },
};

function open(options: LoaderOptions, from: BatchSource = source): BatchLoader {
  const loader = createBatchLoader(from, options);
  onTestFinished(() => loader.release());
  return loader;
}

function take(loader: BatchLoader, count: number) {
  return Array.from({ length: count }, () => loader.next());
}

/** What has to come, in the calling thread, from the first step on. */
const expected = take(createBatchLoader(source, { workers: 0 }), 13);

test("batches carry the shapes of images and labels, and differ from step to step", () => {
  expect(expected[0].images.shape).toEqual([4, 3, 3, 5]);
  expect(expected[0].labels.shape).toEqual([4]);
  expect(new Set(expected.map(({ images }) => String(images.data))).size).toBe(13);
});

test.each([{ workers: 1 }, { workers: 2 }, { workers: 3, ahead: 1 }, { workers: 1, ahead: 9 }])(
  "$workers worker(s), $ahead ahead, prepare the same batches over several epochs",
  (options) => {
    expect(take(open(options), 13)).toEqual(expected);
  },
);

test.each([
  { workers: 0, firstStep: 3 },
  { workers: 1, firstStep: 7 },
  { workers: 2, firstStep: 1 },
  { workers: 2, firstStep: 10 },
])("$workers worker(s) that start at step $firstStep go on with that step's batch", (options) => {
  expect(take(open(options), 3)).toEqual(expected.slice(options.firstStep, options.firstStep + 3));
});

test("a batch stays as it is when later ones are prepared in its place", () => {
  const loader = open({ workers: 1, ahead: 2 });
  const first = loader.next();
  take(loader, 8);
  expect(first).toEqual(expected[0]);
});

test("images in shared memory give the same batches", () => {
  const images = sharedBytes(set.images.length);
  images.set(set.images);
  expect(take(open({ workers: 2 }, { ...source, set: { ...set, images } }), 6)).toEqual(expected.slice(0, 6));
});

test("a loader may be released twice, also before its first batch, and gives nothing afterwards", async () => {
  const loader = open({ workers: 2 });
  await Promise.all([loader.release(), loader.release()]);
  await loader.release();
  expect(() => loader.next()).toThrow(EnvironmentError);
  expect(() => loader.next()).toThrow(/^data: [^\n]*released/);
});

test.each([
  [{ workers: -1 }, "workers: must be a whole number from 0, got -1"],
  [{ workers: 1.5 }, "workers: must be a whole number from 0, got 1.5"],
  [{ firstStep: -1 }, "firstStep: must be a whole number from 0, got -1"],
  [{ ahead: Number.NaN }, "ahead: must be a whole number from 0, got NaN"],
])("%j is refused", (options, message) => {
  expect(() => open(options)).toThrow(OptionError);
  expect(() => open(options)).toThrow(message);
});

test.each([0, 2])("with %s workers, a batch larger than the data is refused before a thread starts", (workers) => {
  const larger = { ...source, plan: { ...source.plan, batch: 24 } };
  expect(() => open({ workers }, larger)).toThrow(
    new OptionError("batch", "must be at most 23, the number of images to train on, got 24"),
  );
});

test("a worker that fails ends the wait for its batch, and says why", () => {
  const loader = open({ workers: 1 }, { ...source, set: { ...set, labels: new Int32Array(0) } });
  expect(() => loader.next()).toThrow(EnvironmentError);
  expect(() => loader.next()).toThrow(/^data: a worker failed: [^\n]*BigInt[^\n]*$/);
});
