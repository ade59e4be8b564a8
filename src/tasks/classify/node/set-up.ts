import { type Augmentation, describeAugmentation } from "../../../data/augmentation.ts";
import { type Dataset, takeFirst } from "../../../data/image-set.ts";
import { imageSource } from "../../../data/node/image-source.ts";
import { openEvaluation } from "../../../data/node/evaluation.ts";
import { toDataset } from "../../../data/labelled-images.ts";
import { openDataset } from "../../../data/node/open.ts";
import { type Split, splitValidation, standardShare } from "../../../data/split.ts";
import { selectClasses } from "../../../data/select-classes.ts";
import { FormatError, OptionError } from "../../../tensor/errors.ts";
import { formatShape, sameShape } from "../../../tensor/shape.ts";
import type { CheckpointNotes } from "../../../train/checkpoint.ts";
import { evaluationBatchSize, tellDone } from "../../../train/evaluation.ts";
import { accuracy } from "../../../train/measure.ts";
import { evaluateClassifier } from "../judge.ts";
import { imagenetStatistics, standardValidation } from "../train-options.ts";
import { startOfTraining } from "../../../train/loop.ts";
import type { ChannelStatistics, NetworkCard } from "../../../networks/card.ts";
import { canonicalJson } from "../../../tensor/canonical-json.ts";
import { resolveClassWeights } from "../../../train/class-weights.ts";
import { imagesPerStep, variationOf } from "../../../train/recipe.ts";
import { requireRecipe } from "../../../train/recipe-check.ts";
import type { TrainingState } from "../../../train/trainer.ts";
import { type NetworkStart, openStart } from "../../../train/node/start.ts";
import type { FreshTraining, NormalizationChoice } from "../../../train/node/job.ts";
import { imagesToWhiten } from "../../../train/whitening.ts";
import { fitRecipe, type ResumedTraining, type SetupContext, type TrainingSetup } from "../../../train/node/set-up.ts";

/** A training on images of classes, before it is known how batches are made of it. */
interface ClassificationStart {
  readonly data: Dataset;
  readonly split: Split;
  readonly augmentation: Augmentation;
  readonly notes: CheckpointNotes;
  readonly state?: TrainingState;
}

function toSetup({ data, split, augmentation, notes, state }: ClassificationStart): TrainingSetup {
  const { recipe, network } = notes;
  const { normalization } = network;
  const plan = { batch: imagesPerStep(recipe), seed: recipe.seed, shuffle: true, indices: split.train };
  const batch = evaluationBatchSize(network.imageShape);
  return {
    notes,
    ...(state === undefined ? {} : { state }),
    source: imageSource({
      set: data.train,
      normalization: data.normalization,
      augmentation: { ...augmentation, ...variationOf(recipe) },
      plan,
    }),
    imagesToWhiten: () => openEvaluation(data.train, normalization, batch, split.train.subarray(0, imagesToWhiten)),
    validates: split.validation.length > 0,
    measures: { training: accuracy, main: accuracy },
    evaluate: (session, part, onProgress) => {
      const [batches, count] =
        part === "test"
          ? [openEvaluation(data.test, normalization, batch), data.test.count]
          : [openEvaluation(data.train, normalization, batch, split.validation), split.validation.length];
      const told = tellDone(
        batches,
        ({ labels }) => labels.data.length,
        (done) => onProgress(done, count),
      );
      return evaluateClassifier(session, told);
    },
  };
}

/** Sets up a training on images of classes. */
export async function setUpClassification(
  start: FreshTraining | ResumedTraining,
  context: SetupContext,
): Promise<TrainingSetup> {
  return toSetup("checkpoint" in start ? await setUpResumed(start, context) : await setUpFresh(start, context));
}

function parseAugmentation(text: string, where: string): Augmentation {
  const match = /^crop (\d{1,4}), (no )?flip$/.exec(text);
  if (match === null) throw new FormatError(where, `says augmentation "${text}", which is not known`);
  return { cropPadding: Number(match[1]), flip: match[2] === undefined };
}

/** Sets up a training from the start. */
async function setUpFresh(fresh: FreshTraining, { cache, engine, note }: SetupContext): Promise<ClassificationStart> {
  const { augmentation } = fresh;
  requireRecipe(fresh.recipe);
  const start = await openStart(fresh);
  const [channels, height, width] = start.imageShape;
  const opened =
    fresh.images === undefined
      ? await openDataset(fresh.data, cache, { channels, height, width }, { onNote: note })
      : toDataset(fresh.images);
  const whole = fresh.classes === undefined ? opened : selectClasses(opened, fresh.classes);
  const train = fresh.limit === undefined ? whole.train : takeFirst(whole.train, fresh.limit);
  const split = splitValidation(
    train.count,
    fresh.validation ?? standardShare(train.count, standardValidation),
    fresh.recipe.seed,
  );
  const { classes } = whole;
  const started = start.build(classes, train.channels);
  started.notes.forEach(note);
  if (fresh.recipe.whiten === true && started.state !== undefined)
    throw new OptionError("whiten", "needs fresh weights, and images to classify; leave it out");
  const normalization = chooseNormalization(fresh.normalization, start, whole);
  const recipe = resolveClassWeights(fitRecipe(fresh, split.train.length, note), {
    labels: train.labels,
    part: split.train,
    classes,
  });
  const network: NetworkCard = {
    model: started.model,
    imageShape: [train.channels, train.height, train.width],
    data: fresh.data,
    classes,
    normalization,
  };
  const data = {
    train: split.train.length,
    validation: split.validation.length,
    augmentation: describeAugmentation(augmentation),
    ...(canonicalJson(normalization) === canonicalJson(whole.normalization) ? {} : { measured: whole.normalization }),
  };
  const notes: CheckpointNotes = { network, recipe, data, place: startOfTraining, engine };
  return {
    data: { ...whole, normalization, train },
    split,
    augmentation,
    notes,
    ...(started.state === undefined ? {} : { state: started.state }),
  };
}

function chooseNormalization(
  choice: NormalizationChoice | undefined,
  start: NetworkStart,
  data: Dataset,
): ChannelStatistics {
  const recorded = choice === undefined ? start.normalization : choice === "imagenet" ? imagenetStatistics : undefined;
  if (recorded === undefined) return data.normalization;
  const { channels } = data.train;
  if (recorded.mean.length !== channels)
    throw new OptionError("normalization", `has ${recorded.mean.length} channel(s), the images have ${channels}`);
  return recorded;
}

/**
 * Sets up a training that goes on from a checkpoint, on the data that it has seen.
 * @throws {FormatError} if the checkpoint is damaged, or the data are others now
 */
async function setUpResumed(
  { path, checkpoint: { notes, state } }: ResumedTraining,
  { cache, engine }: SetupContext,
): Promise<ClassificationStart> {
  const [channels, height, width] = notes.network.imageShape;
  const opened = await openDataset(notes.network.data, cache, { channels, height, width });
  const isPart = notes.network.classes.every((name) => opened.classes.includes(name));
  const whole = isPart ? selectClasses(opened, notes.network.classes) : opened;
  requireSameData(notes, whole, path);
  const count = notes.data.train + notes.data.validation;
  return {
    data: { ...whole, normalization: notes.network.normalization, train: takeFirst(whole.train, count) },
    split: splitValidation(count, notes.data.validation / count, notes.recipe.seed),
    augmentation: parseAugmentation(notes.data.augmentation, path),
    notes: { ...notes, engine },
    state: state as TrainingState,
  };
}

/** @throws {FormatError} unless the data set is the one that the training began with, as far as its figures tell */
function requireSameData({ network, data }: CheckpointNotes, dataset: Dataset, where: string): void {
  const { train, classes, normalization } = dataset;
  const shape = [train.channels, train.height, train.width];
  const count = data.train + data.validation;
  const isEqual = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);
  const name = `"${network.data}"`;
  const differences: readonly (readonly [boolean, string])[] = [
    [train.count < count, `${count} images, ${name} now has ${train.count}`],
    [
      !sameShape(shape, network.imageShape),
      `${formatShape(network.imageShape)}, ${name} now has ${formatShape(shape)}`,
    ],
    [!isEqual(classes, network.classes), `other classes than ${name} now has`],
    [
      !isEqual(normalization, data.measured ?? network.normalization),
      `other images than ${name} now has: their mean or deviation differs`,
    ],
  ];
  const found = differences.find(([isDifferent]) => isDifferent);
  if (found !== undefined) throw new FormatError(where, `was trained on ${found[1]}; resume on the same data`);
}
