import { stepsPerEpoch } from "../../data/batches.ts";
import type { SampleSource } from "../../data/sample-source.ts";
import { createCardModule, type TaskNotes } from "../../networks/card.ts";
import type { Session } from "../../runtime/runtime.ts";
import type { Checkpoint, CheckpointNotes, Engine } from "../checkpoint.ts";
import { planTraining, type TaskStep, type TrainingPlan } from "../engine.ts";
import type { Evaluation, EvaluationProgress } from "../evaluation.ts";
import { fitBatch } from "../fit-batch.ts";
import type { TrainingMeasures } from "../measure.ts";
import type { Recipe } from "../recipe.ts";
import type { RecipeRefusals } from "../recipe-check.ts";
import type { TrainingState } from "../trainer.ts";
import type { ImageBatchesToWhiten } from "../whitening.ts";
import type { FreshTraining } from "./job.ts";

/** A training run, set up: its plan, data, starting position and evaluation. */
export interface TrainingSetup {
  readonly notes: CheckpointNotes;
  /** The position to continue from; fresh parameters if left out. */
  readonly state?: TrainingState;
  /** The source of batches. */
  readonly source: SampleSource;
  /** Whether a validation split was held out to choose the best epoch. */
  readonly validates: boolean;
  readonly measures: TrainingMeasures;
  readonly step?: TaskStep;
  /** Recipe fields that do not apply to the task, each with its reason. */
  readonly refuses?: RecipeRefusals;
  /** The first training images, where a layer can be whitened by them. */
  readonly imagesToWhiten?: ImageBatchesToWhiten;
  /** Shape of one sample, if it differs from the image that the network predicts. */
  readonly sampleShape?: readonly number[];
  /** Evaluates predictions; images are read on demand. */
  readonly evaluate: (
    session: Session,
    part: "validation" | "test",
    onProgress: EvaluationProgress,
  ) => Promise<Evaluation>;
}

/** The environment of a set-up. */
export interface SetupContext {
  /** The folder of downloaded data sets. */
  readonly cache: string;
  readonly engine: Engine;
  /** Receives findings and changes, in sentences. */
  readonly note: (text: string) => void;
}

/**
 * Shrinks the batch to fit the data if the job allows it; otherwise a batch that is too large is refused when steps are
 * planned.
 *
 * @param images the number of training images
 * @param note told about a smaller batch
 */
export function fitRecipe({ recipe, fitsBatch }: FreshTraining, images: number, note: (text: string) => void): Recipe {
  return fitsBatch === true ? fitBatch(recipe, images, note) : recipe;
}

/** A training run that resumes from a checkpoint. */
export interface ResumedTraining {
  /** The checkpoint's file, for errors. */
  readonly path: string;
  readonly checkpoint: Checkpoint;
}

/** Sets up training for a task, new or from a checkpoint. */
export interface TrainingTask {
  readonly setUp: (start: FreshTraining | ResumedTraining, context: SetupContext) => Promise<TrainingSetup>;
}

/**
 * Finds the task of a training run.
 *
 * @param notes the task entry of the job or the checkpoint
 * @param where the source of that entry, for errors
 */
export type FindTrainingTask = (notes: TaskNotes | undefined, where: string) => Promise<TrainingTask>;

/**
 * The plan of a training that is set up.
 *
 * @param options.steps how many; by default, as many as the recipe's epochs have
 * @param options.ranks processes that train together. Default 1.
 * @throws {OptionError} naming the first recipe field that cannot be obeyed
 */
export function planSetup(
  { notes: { network, recipe }, source, step, sampleShape, validates, refuses, imagesToWhiten }: TrainingSetup,
  { steps, ranks = 1 }: { readonly steps?: number; readonly ranks?: number } = {},
): TrainingPlan {
  return planTraining({
    module: createCardModule(network),
    sampleShape: sampleShape ?? network.imageShape,
    recipe,
    stepsPerEpoch: stepsPerEpoch(source.plan),
    validates,
    isImported: network.model.graph !== undefined,
    ranks,
    ...(steps === undefined ? {} : { steps }),
    ...(step === undefined ? {} : { step }),
    ...(refuses === undefined ? {} : { refuses }),
    ...(imagesToWhiten === undefined ? {} : { imagesToWhiten }),
  });
}
