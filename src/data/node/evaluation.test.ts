import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exampleSet } from "../../../test/support/image-sets.ts";
import { EnvironmentError, OptionError } from "../../tensor/errors.ts";
import { type Batch, type ImageBatches, evaluationBatches } from "../batches.ts";
import { type ImageFiles, imageSize } from "../image-set.ts";
import type { SampleSource } from "../sample-source.ts";
import { openEvaluation } from "./evaluation.ts";
import { imageSource } from "./image-source.ts";
import { createBatchLoader } from "./loader.ts";

/** 11 images, once in memory and once in lossless files. */
const { images, ...rest } = exampleSet(11, { channels: 3, height: 5, width: 4 });
const inMemory = { images, ...rest };
let folder = "";
let inFiles: ImageFiles;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-evaluation-"));
  const files = Array.from({ length: rest.count }, (_, index) => join(folder, `${index}.png`));
  const [size, plane] = [imageSize(rest), rest.height * rest.width];
  for (const [index, file] of files.entries()) {
    const pixels = Uint8Array.from(
      { length: size },
      (_, at) => images[index * size + (at % 3) * plane + Math.floor(at / 3)],
    );
    await sharp(pixels, { raw: { width: rest.width, height: rest.height, channels: 3 } })
      .png()
      .toFile(file);
  }
  inFiles = { ...rest, files };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const normalization = { mean: [0.4, 0.5, 0.6], deviation: [0.2, 0.3, 0.4] };

async function collect(batches: AsyncIterable<Batch>): Promise<readonly Batch[]> {
  const all: Batch[] = [];
  for await (const batch of batches) all.push(batch);
  return all;
}

test.each([1, 4, 11, 20])("in batches of %s, images in files are evaluated as those in memory are", async (batch) => {
  const expected = [...evaluationBatches(inMemory, normalization, batch)];
  expect(await collect(openEvaluation(inMemory, normalization, batch))).toEqual(expected);
  expect(await collect(openEvaluation(inFiles, normalization, batch))).toEqual(expected);
});

test("chosen images in files are evaluated in their order", async () => {
  const chosen = Uint32Array.of(9, 2, 5);
  const expected = [...evaluationBatches(inMemory, normalization, 2, chosen)];
  expect(await collect(openEvaluation(inFiles, normalization, 2, chosen))).toEqual(expected);
});

test("an evaluation that is left early ends its worker", async () => {
  for await (const { labels } of openEvaluation(inFiles, normalization, 2)) {
    expect([...labels.data]).toEqual([0n, 1n]);
    break;
  }
});

test("a batch of 0 images in files is refused", async () => {
  await expect(collect(openEvaluation(inFiles, normalization, 0))).rejects.toThrow(OptionError);
});

/** Batches of training, with all variations. */
function sourceOf(set: ImageBatches["set"]): SampleSource {
  const indices = Uint32Array.from({ length: 11 }, (_, index) => index);
  const plan = { batch: 3, seed: 5, indices, shuffle: true };
  return imageSource({ set, normalization, augmentation: { cropPadding: 2, flip: true }, plan });
}

test.each([0, 1, 2])(
  "with %s worker(s) asked for, images in files are trained on as those in memory are",
  async (workers) => {
    const expected = createBatchLoader(sourceOf(inMemory), { workers: 0, firstStep: 2 });
    const loader = createBatchLoader(sourceOf(inFiles), { workers, firstStep: 2 });
    for (let step = 0; step < 7; step++) expect(loader.next()).toEqual(expected.next());
    await loader.release();
  },
);

test("a damaged image ends the training, named in one line", async () => {
  const damaged = join(folder, "damaged.png");
  await writeFile(damaged, "no image");
  const files = inFiles.files.map((file, index) => (index === 7 ? damaged : file));
  const loader = createBatchLoader(sourceOf({ ...inFiles, files }));
  const train = (): void => {
    for (let step = 0; step < 6; step++) loader.next();
  };
  expect(train).toThrow(EnvironmentError);
  expect(() => loader.next()).toThrow(
    /^data: a worker failed: [^\n]*damaged\.png: is not an image of a known kind; [^\n]+$/,
  );
  await loader.release();
});

test("a loader gives as many batches as it was asked to prepare", async () => {
  const loader = createBatchLoader(sourceOf(inFiles), { steps: 2 });
  loader.next();
  loader.next();
  expect(() => loader.next()).toThrow(new EnvironmentError("data", "the loader has no more than 2 batches"));
  await loader.release();
});
