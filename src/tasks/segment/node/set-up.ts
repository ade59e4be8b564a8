import type { MaskedFile } from "./folder.ts";
import { listSegmentation, loadMasked } from "./load.ts";
import { builtFile } from "../../../files/node.ts";
import { cropShapes, type SegmentationSource } from "../data/batches.ts";
import type { SegmentationItem, SegmentationSet } from "../data/set.ts";
import { DISTANCE_SCALE } from "../data/targets.ts";
import { splitValidation } from "../../../data/split.ts";
import { cellLoss, classLoss, countCorrectPoints } from "../losses.ts";
import { FormatError, OptionError } from "../../../tensor/errors.ts";
import type { CheckpointNotes } from "../../../train/checkpoint.ts";
import type { TaskStep } from "../../../train/engine.ts";
import type { Evaluation } from "../../../train/evaluate.ts";
import { startOfTraining } from "../../../train/loop.ts";
import type { NetworkCard } from "../../../networks/card.ts";
import { readResumed } from "../../classify/node/set-up.ts";
import { openStart } from "../../../train/node/start.ts";
import type { SetupContext, TrainingSetup, TrainingTask } from "../../../train/node/set-up.ts";
import type { FreshTraining } from "../../../train/node/job.ts";
import { imagesPerStep, type Recipe } from "../../../train/recipe.ts";
import { type RecipeRefusals, requireRecipe } from "../../../train/recipe-check.ts";
import type { TrainingState } from "../../../train/trainer.ts";
import { cellScores, parseSettings, type SegmentationSettings, settingsOf } from "../settings.ts";
import { evaluateFiles, type FolderEvaluation } from "./evaluate-files.ts";

/** Intensities are scaled to 0 to 1 already; most of an image is dark. */
const centre = { mean: 0.25, deviation: 0.25 } as const;

/** The three parts of a folder's images. */
interface Parts {
  readonly train: readonly MaskedFile[];
  readonly validation: readonly MaskedFile[];
  readonly test: readonly MaskedFile[];
}

async function listParts(
  data: string,
  {
    testShare,
    validation,
    seed,
    limit,
  }: { readonly testShare: number; readonly validation: number; readonly seed: number; readonly limit?: number },
): Promise<Parts> {
  const { train, test } = await listSegmentation(data, testShare);
  if (limit !== undefined && limit > train.length)
    throw new OptionError("limit", `must be from 1 to ${train.length}, the number of images, got ${limit}`);
  const files = limit === undefined ? train : train.slice(0, limit);
  const split = splitValidation(files.length, validation, seed);
  return {
    train: Array.from(split.train, (place) => files[place]),
    validation: Array.from(split.validation, (place) => files[place]),
    test,
  };
}

/** Images of a kind that is rare are seen more often, by the root of how rare it is, and larger ones by their size. */
const MOST_OFTEN = 16;

/** Places of a set's images for one epoch, some of them several times. */
function balanceImages(items: readonly SegmentationItem[], [height, width]: readonly [number, number]): Uint32Array {
  const counts = new Map<string, number>();
  for (const { kind } of items) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const largest = Math.max(...counts.values());
  const places = items.flatMap((item, index) => {
    const rarity = Math.sqrt(largest / counts.get(item.kind)!);
    const size = Math.max(1, (item.height * item.width) / (height * width));
    return Array.from({ length: Math.max(1, Math.min(MOST_OFTEN, Math.round(rarity * size))) }, () => index);
  });
  return Uint32Array.from(places);
}

/** Fields of the recipe that a loss of points does not have. */
const refuses: RecipeRefusals = {
  labelSmoothing: "applies to classification, not to segmentation",
  mixup: "applies to classification, not to segmentation",
};

/** The loss's own options, with the recipe's weights of the classes in their place. */
function lossOf({ loss }: SegmentationSettings, { classWeights }: Recipe): SegmentationSettings["loss"] {
  if (classWeights === undefined) return loss;
  if (classWeights === "balanced")
    throw new OptionError("classWeights", '"balanced" applies to classification; give a number for each class');
  return { ...loss, classWeights };
}

/** What a training step of segmentation has of its own. */
function stepOf(
  { target, distanceWeight = 1 }: SegmentationSettings,
  loss: SegmentationSettings["loss"],
  [height, width]: readonly [number, number],
): TaskStep {
  if (target === "classes")
    return {
      labelShape: [height, width],
      correct: countCorrectPoints,
      loss: (g, scores, labels) => classLoss(g, scores, labels, loss),
    };
  return {
    labelShape: [2, height, width],
    correct: countCorrectPoints,
    loss: (g, scores, labels) => cellLoss(g, scores, labels, { scale: DISTANCE_SCALE, distanceWeight, loss }),
  };
}

/** The figures by which an epoch is judged: of cells the mean average precision, of classes the mean IoU. */
function judge(found: FolderEvaluation): Evaluation {
  const count = found.images.length;
  if (found.target === "classes") {
    const { meanIou, meanDice, dice } = found.overall;
    const byClass = Object.fromEntries(Object.entries(dice).map(([name, value]) => [`dice ${name}`, value]));
    return { count, loss: 1 - meanDice, accuracy: meanIou, figures: { meanIou, meanDice, ...byClass } };
  }
  const { f1At50, meanAp, foregroundDice, panopticQuality, aggregatedJaccard } = found.overall;
  const figures = { f1At50, meanAp, foregroundDice, panopticQuality, aggregatedJaccard };
  return { count, loss: 1 - foregroundDice, accuracy: meanAp, figures };
}

interface Start {
  readonly parts: Parts;
  readonly set: SegmentationSet;
  readonly settings: SegmentationSettings;
  readonly notes: CheckpointNotes;
  readonly state?: TrainingState;
}

function toSetup({ parts, set, settings, notes, state }: Start): TrainingSetup {
  const { network, recipe } = notes;
  const [channels, height, width] = network.imageShape;
  // A network out of an ONNX file takes one size alone; of others, no crop is larger than the tile.
  const most = network.model.graph === undefined ? (settings.crop ?? Infinity) : Infinity;
  const crop = [Math.min(height, most), Math.min(width, most)] as const;
  const crops: SegmentationSource = {
    set,
    crop,
    normalization: network.normalization,
    augmentation: settings.augmentation,
    plan: { batch: imagesPerStep(recipe), seed: recipe.seed, shuffle: true, indices: balanceImages(set.items, crop) },
  };
  return {
    notes,
    ...(state === undefined ? {} : { state }),
    source: {
      plan: crops.plan,
      shapes: cropShapes(crops),
      normalization: crops.normalization,
      writer: builtFile(import.meta.url, "./crop-writer.js").href,
      data: crops,
    },
    validates: parts.validation.length > 0,
    step: stepOf(settings, lossOf(settings, recipe), crop),
    refuses,
    sampleShape: [channels, ...crop],
    evaluate: async (session, part) =>
      judge(
        await evaluateFiles({ card: network, session }, settings, parts[part], part === "test" ? {} : { views: 1 }),
      ),
  };
}

async function setUpFresh(fresh: FreshTraining, { note }: SetupContext): Promise<Start> {
  requireRecipe(fresh.recipe);
  const wanted = parseSettings(fresh.task, "task");
  const start = await openStart(fresh);
  const [channels] = start.imageShape;
  const { validation, recipe, limit } = fresh;
  const parts = await listParts(fresh.data, {
    testShare: wanted.testShare,
    validation,
    seed: recipe.seed,
    ...(limit === undefined ? {} : { limit }),
  });
  const set = await loadMasked(parts.train, { ...wanted, meaning: wanted.target, channels });
  if (wanted.target === "instances" && set.items.every(({ cells }) => cells === 0))
    throw new FormatError(fresh.data, "has no cells in any mask, and nothing to learn");
  const settings = wanted.target === "classes" ? { ...wanted, values: set.values } : wanted;
  const classes = wanted.target === "instances" ? cellScores : (fresh.classes ?? set.values.map(String));
  if (wanted.target === "classes" && classes.length !== set.values.length)
    throw new OptionError(
      "classes",
      `must name ${set.values.length} classes, for the masks hold ${set.values.join(", ")}; got ${classes.length}`,
    );
  const started = start.build(classes, channels);
  started.notes.forEach(note);
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
  const data = { train: parts.train.length, validation: parts.validation.length, augmentation: "of the task" };
  const notes: CheckpointNotes = { network, recipe, data, place: startOfTraining, engine: noEngine };
  return { parts, set, settings, notes, ...(started.state === undefined ? {} : { state: started.state }) };
}

const noEngine = { lowering: "", runtime: "" };

async function setUpResumed(path: string, context: SetupContext): Promise<Start> {
  const { notes, state } = await readResumed(path, context);
  const settings = settingsOf(notes.network, path);
  const { data, recipe, network } = notes;
  const count = data.train + data.validation;
  const parts = await listParts(network.data, {
    testShare: settings.testShare,
    validation: data.validation / count,
    seed: recipe.seed,
    limit: count,
  });
  const set = await loadMasked(parts.train, { ...settings, meaning: settings.target, channels: network.imageShape[0] });
  return { parts, set, settings, notes, state: state as TrainingState };
}

/** Segmenting images: cells told apart, or points classified. */
export const segmentationTask: TrainingTask = {
  setUp: async (start, context) => {
    const found = "resume" in start ? await setUpResumed(start.resume, context) : await setUpFresh(start, context);
    return toSetup({ ...found, notes: { ...found.notes, engine: context.engine } });
  },
};
