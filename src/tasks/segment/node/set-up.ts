import type { MaskedFile } from "./folder.ts";
import { listSegmentation, loadMasked, type SegmentationFiles } from "./load.ts";
import { balanceImages } from "../data/balance.ts";
import { IGNORED, type SegmentationSet } from "../data/set.ts";
import { firstOf } from "../../../data/limit.ts";
import { requireDifferentClasses } from "../../../data/select-classes.ts";
import { splitValidation, standardShare } from "../../../data/split.ts";
import { FormatError, OptionError } from "../../../tensor/errors.ts";
import type { CheckpointNotes } from "../../../train/checkpoint.ts";
import { tellDone } from "../../../train/evaluation.ts";
import { startOfTraining } from "../../../train/loop.ts";
import type { NetworkCard } from "../../../networks/card.ts";
import { readSettings } from "../../find-task.ts";
import { evaluateInTraining } from "../../evaluate-in-training.ts";
import { hashNames, type ImageNames, requireAsMany, requireSameImages } from "../../node/same-images.ts";
import { openStart } from "../../../train/node/start.ts";
import { fitRecipe, type ResumedTraining, type SetupContext, type TrainingSetup } from "../../../train/node/set-up.ts";
import type { FreshTraining } from "../../../train/node/job.ts";
import { imagesPerStep } from "../../../train/recipe.ts";
import { requireRecipe } from "../../../train/recipe-check.ts";
import type { TrainingState } from "../../../train/trainer.ts";
import { judgeSegmentation } from "../judge.ts";
import { noteAbsentClasses, noteEmptyMasks } from "../mask-notes.ts";
import { measuresOfTarget, segmentationMeasures } from "../measures.ts";
import { cellScores, type SegmentationSettings } from "../settings.ts";
import { refusedFields, segmentationStep } from "../step.ts";
import { cropSource } from "./crop-source.ts";
import { readSamples } from "./samples.ts";

/** Intensities are scaled to 0 to 1 already; most of an image is dark. */
const centre = { mean: 0.25, deviation: 0.25 } as const;

/** The three parts of a folder's images. */
interface Parts {
  readonly train: readonly MaskedFile[];
  readonly validation: readonly MaskedFile[];
  readonly test: readonly MaskedFile[];
}

/** Share of the images held out to choose the best epoch, of sets that are large enough. */
const VALIDATION = 0.04;

function splitParts(
  { train, test }: SegmentationFiles,
  {
    validation,
    seed,
    limit,
  }: { readonly validation: number | undefined; readonly seed: number; readonly limit?: number },
): Parts {
  const files = firstOf(train, limit);
  const split = splitValidation(files.length, validation ?? standardShare(files.length, VALIDATION), seed);
  return {
    train: Array.from(split.train, (place) => files[place]),
    validation: Array.from(split.validation, (place) => files[place]),
    test,
  };
}

const namesOf = ({ train, validation, test }: Parts): ImageNames => {
  const list = (files: readonly MaskedFile[]): readonly string[] => files.map(({ name }) => name);
  return { train: list(train), validation: list(validation), test: list(test) };
};

type Crop = readonly [height: number, width: number];

interface Start {
  readonly parts: Parts;
  readonly set: SegmentationSet;
  readonly settings: SegmentationSettings;
  readonly notes: CheckpointNotes;
  readonly state?: TrainingState;
}

/** Rows and columns of what is trained on. */
function cropOf(
  { imageShape: [, height, width], model }: Pick<NetworkCard, "imageShape" | "model">,
  { crop = Infinity }: SegmentationSettings,
): Crop {
  // A network out of an ONNX file takes one size alone; of others, no crop is larger than the tile.
  const most = model.graph === undefined ? crop : Infinity;
  return [Math.min(height, most), Math.min(width, most)];
}

function toSetup({ parts, set, settings, notes, state }: Start): TrainingSetup {
  const { network, recipe } = notes;
  const [channels] = network.imageShape;
  const crop = cropOf(network, settings);
  const source = cropSource({
    set,
    crop,
    normalization: network.normalization,
    augmentation: settings.augmentation,
    plan: { batch: imagesPerStep(recipe), seed: recipe.seed, shuffle: true, indices: balanceImages(set.items, crop) },
  });
  const sampleShape = [channels, ...crop];
  return {
    notes,
    ...(state === undefined ? {} : { state }),
    source,
    validates: parts.validation.length > 0,
    measures: { training: segmentationMeasures.pointAccuracy, main: measuresOfTarget(settings)[0] },
    step: segmentationStep(settings, sampleShape, recipe),
    refuses: refusedFields,
    sampleShape,
    evaluate: (session, part, onProgress) =>
      evaluateInTraining(parts[part].length, async () => {
        const samples = tellDone(
          readSamples(parts[part], settings),
          () => 1,
          (done) => onProgress(done, parts[part].length),
        );
        const options = part === "test" ? {} : ({ views: 1 } as const);
        const { found: _, ...evaluation } = await judgeSegmentation(
          { card: network, session, settings },
          samples,
          options,
        );
        return evaluation;
      }),
  };
}

/** @throws {OptionError} naming what a training to segment cannot follow */
function refuseForeign(
  { normalization, augmentation, classes, images }: FreshTraining,
  { target }: SegmentationSettings,
): void {
  if (images !== undefined)
    throw new OptionError("data", "must be a folder with images and masks; images in memory are to be classified");
  if (normalization !== undefined)
    throw new OptionError("normalization", "applies to classification; images to segment are scaled by percentiles");
  if (augmentation.cropPadding !== 0 || augmentation.flip)
    throw new OptionError("augmentation", "applies to classification; a task to segment has its own");
  if (classes === undefined) return;
  if (target === "instances")
    throw new OptionError("classes", "applies to target classes; cells that are told apart have none");
  requireDifferentClasses(classes);
}

/** What is missing in the masks to train on. */
function noteMasks({ meaning, items, masks }: SegmentationSet, classes: readonly string[]): string | undefined {
  if (meaning === "instances") return noteEmptyMasks(items, "to train on");
  const pixels = classes.map(() => 0);
  for (const label of masks) if (label !== IGNORED) pixels[label]++;
  return noteAbsentClasses(
    classes.map((name, label) => ({ name, pixels: pixels[label] })),
    "to train on",
  );
}

async function setUpFresh(fresh: FreshTraining, { note }: SetupContext): Promise<Start> {
  requireRecipe(fresh.recipe);
  const wanted = readSettings(fresh.task, "segment", "task");
  refuseForeign(fresh, wanted);
  const start = await openStart(fresh, "maps");
  const [channels] = start.imageShape;
  const { validation, limit } = fresh;
  const parts = splitParts(await listSegmentation(fresh.data, wanted.testShare), {
    validation,
    seed: fresh.recipe.seed,
    ...(limit === undefined ? {} : { limit }),
  });
  const set = await loadMasked(parts.train, { ...wanted, meaning: wanted.target, channels, onNote: note });
  if (wanted.target === "instances" && set.items.every(({ cells }) => cells === 0))
    throw new FormatError(fresh.data, "has no cells in any mask, and nothing to learn");
  const settings = wanted.target === "classes" ? { ...wanted, values: set.values } : wanted;
  const classes = wanted.target === "instances" ? cellScores : (fresh.classes ?? set.values.map(String));
  if (wanted.target === "classes" && classes.length !== set.values.length)
    throw new OptionError(
      "classes",
      `must name ${set.values.length} classes, for the masks hold ${set.values.join(", ")}; got ${classes.length}`,
    );
  const masks = noteMasks(set, classes);
  if (masks !== undefined) note(masks);
  const started = start.build(classes, channels);
  started.notes.forEach(note);
  const crop = cropOf({ imageShape: start.imageShape, model: started.model }, settings);
  const recipe = fitRecipe(fresh, balanceImages(set.items, crop).length, note);
  note(
    `${parts.train.length} images to train on, ${parts.validation.length} to choose the best epoch, ${parts.test.length} kept for the test`,
  );
  const repeat = (value: number): readonly number[] => Array.from({ length: channels }, () => value);
  const network: NetworkCard = {
    model: started.model,
    imageShape: start.imageShape,
    data: fresh.data,
    classes,
    normalization: { mean: repeat(centre.mean), deviation: repeat(centre.deviation) },
    task: { ...settings },
  };
  const data = {
    train: parts.train.length,
    validation: parts.validation.length,
    augmentation: "of the task",
    names: hashNames(namesOf(parts)),
  };
  const notes: CheckpointNotes = { network, recipe, data, place: startOfTraining, engine: noEngine };
  return { parts, set, settings, notes, ...(started.state === undefined ? {} : { state: started.state }) };
}

const noEngine = { lowering: "", runtime: "" };

/** Dice and Tversky took no weights of classes, and kept them, when checkpoints did not yet name their images. */
function asItBegan(settings: SegmentationSettings, { names }: CheckpointNotes["data"]): SegmentationSettings {
  const { name } = settings.loss;
  return names === undefined && (name === "dice" || name === "tversky") ? { ...settings, loss: { name } } : settings;
}

/** @throws {FormatError} if the checkpoint is damaged, or the data are others now */
async function setUpResumed(
  { path, checkpoint: { notes, state } }: ResumedTraining,
  { note }: SetupContext,
): Promise<Start> {
  const { data, recipe, network } = notes;
  const settings = asItBegan(readSettings(notes.network.task, "segment", path), data);
  const count = data.train + data.validation;
  const listed = await listSegmentation(network.data, settings.testShare);
  requireAsMany(listed.train.length, { notes, path });
  const parts = splitParts(listed, { validation: data.validation / count, seed: recipe.seed, limit: count });
  requireSameImages(namesOf(parts), { notes, path }, note);
  const set = await loadMasked(parts.train, { ...settings, meaning: settings.target, channels: network.imageShape[0] });
  return { parts, set, settings, notes, state: state as TrainingState };
}

/** Sets up a training to segment images. */
export async function setUpSegmentation(
  start: FreshTraining | ResumedTraining,
  context: SetupContext,
): Promise<TrainingSetup> {
  const found = "checkpoint" in start ? await setUpResumed(start, context) : await setUpFresh(start, context);
  return toSetup({ ...found, notes: { ...found.notes, engine: context.engine } });
}
