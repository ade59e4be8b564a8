import { noAugmentation } from "../../data/augmentation.ts";
import { evaluationBatches, type ImageBatches } from "../../data/batches.ts";
import { type ImageSet, imageSize, takeFirst } from "../../data/image-set.ts";
import { localImageSource } from "../../data/local-source.ts";
import type { Session } from "../../runtime/runtime.ts";
import { OptionError } from "../../tensor/errors.ts";
import { planAllImages } from "../../train/all-images.ts";
import { resolveClassWeights } from "../../train/class-weights.ts";
import { type Evaluation, evaluationBatchSize } from "../../train/evaluation.ts";
import { accuracy } from "../../train/measure.ts";
import type { MemorySetup, MemoryTraining } from "../../train/memory-training.ts";
import { type Recipe, variationOf } from "../../train/recipe.ts";
import { imagesToWhiten } from "../../train/whitening.ts";
import { evaluateClassifier } from "./judge.ts";

/** @throws {OptionError} if images are of another shape than the network's, or not as many as the set says */
function requireImages(name: string, set: ImageSet, [channels, height, width]: readonly number[]): void {
  if (set.channels !== channels || set.height !== height || set.width !== width) {
    const found = `${set.channels}×${set.height}×${set.width}`;
    throw new OptionError(`${name} images`, `must be ${channels}×${height}×${width}, got ${found}`);
  }
  if (set.images.length === set.count * imageSize(set) && set.labels.length === set.count) return;
  throw new OptionError(
    `${name} images`,
    `count says ${set.count}, there are ${set.images.length / imageSize(set)} images and ${set.labels.length} labels`,
  );
}

function batchesOf(
  { network, train, augmentation = noAugmentation }: MemoryTraining,
  recipe: Recipe,
): ImageBatches<ImageSet> {
  return {
    set: train,
    normalization: network.normalization,
    augmentation: { ...augmentation, ...variationOf(recipe) },
    plan: planAllImages(train.count, recipe),
  };
}

/**
 * Sets up a training on images in memory.
 *
 * @throws {OptionError} naming images that do not fit the network, or a batch that is larger than the data
 */
export function setUpInMemory(training: MemoryTraining, given: Recipe): MemorySetup {
  const { network, train, validation, test } = training;
  const { imageShape, normalization, classes } = network;
  requireImages("training", train, imageShape);
  if (validation !== undefined) requireImages("validation", validation, imageShape);
  if (test !== undefined) requireImages("test", test, imageShape);
  const recipe = resolveClassWeights(given, { labels: train.labels, classes });
  const batch = evaluationBatchSize(imageShape);
  const judge =
    (set: ImageSet) =>
    (session: Session): Promise<Evaluation> =>
      evaluateClassifier(session, evaluationBatches(set, normalization, batch));
  return {
    recipe,
    source: localImageSource(batchesOf(training, recipe)),
    imagesToWhiten: () =>
      evaluationBatches(takeFirst(train, Math.min(train.count, imagesToWhiten)), normalization, batch),
    measures: { training: accuracy, main: accuracy },
    ...(validation === undefined ? {} : { validate: judge(validation) }),
    ...(test === undefined ? {} : { test: judge(test) }),
  };
}
