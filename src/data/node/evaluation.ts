import { noAugmentation } from "../augmentation.ts";
import {
  type Batch,
  type ImageBatches,
  evaluationBatches,
  labelledShapes,
  makeBatch,
  requireBatchSize,
} from "../batches.ts";
import { type ImageFiles, type Images, isInMemory, type Normalization } from "../image-set.ts";
import { createFileBatchWriter } from "./file-batches.ts";
import { imageSource } from "./image-source.ts";
import { createBatchLoader } from "./loader.ts";

/**
 * Yields these images once, in order, without augmentation. The last batch may be smaller. A worker decodes files
 * ahead.
 *
 * @param indices indices into the set; the whole set if left out
 * @throws {OptionError} if the batch is not a whole number above 0
 * @throws {EnvironmentError} if a file cannot be decoded
 */
export async function* openEvaluation(
  set: Images,
  normalization: Normalization,
  batch: number,
  indices?: Uint32Array,
): AsyncGenerator<Batch> {
  if (isInMemory(set)) {
    yield* evaluationBatches(set, normalization, batch, indices);
    return;
  }
  requireBatchSize(batch);
  const chosen = indices ?? Uint32Array.from({ length: set.count }, (_, index) => index);
  const steps = Math.floor(chosen.length / batch);
  const sourceOf = (part: Uint32Array, size: number): ImageBatches<ImageFiles> => ({
    set,
    normalization,
    augmentation: noAugmentation,
    plan: { batch: size, seed: 0, indices: part, shuffle: false },
  });
  if (steps > 0) yield* takeWhole(sourceOf(chosen, batch), steps);
  const rest = chosen.subarray(steps * batch);
  if (rest.length > 0) yield await makeLast(sourceOf(rest, rest.length));
}

async function* takeWhole(source: ImageBatches<ImageFiles>, steps: number): AsyncGenerator<Batch> {
  const loader = createBatchLoader(imageSource(source), { steps });
  try {
    for (let step = 0; step < steps; step++) yield loader.next();
  } finally {
    await loader.release();
  }
}

async function makeLast(source: ImageBatches<ImageFiles>): Promise<Batch> {
  const batch = makeBatch(labelledShapes(source.set), source.plan.batch, () => {});
  await createFileBatchWriter(source)(0, batch.images.data, batch.labels.data);
  return batch;
}
