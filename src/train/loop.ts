import type { LabeledBatch } from "./batch.ts";
import type { EpochRecord, TrainingPlace } from "./checkpoint.ts";
import type { Evaluation } from "./evaluate.ts";
import { createRecipeSchedule, imagesPerStep, type Recipe } from "./recipe.ts";
import { DivergenceError, type StepResult, type Trainer } from "./trainer.ts";

/** How a training ended: all epochs done, no better validation for a while, asked to stop, or no finite loss. */
export type TrainingStatus = "done" | "early-stopped" | "stopped" | "diverged";

/** Where a training ended, and how. */
export interface TrainingOutcome {
  readonly place: TrainingPlace;
  readonly status: TrainingStatus;
  /** What went wrong and what to do, where it diverged. */
  readonly reason?: string;
  /** The step that does not count, where it diverged. */
  readonly diverged?: StepResult;
  /** Where it diverged, whether the trainer's state is that before the step. */
  readonly isUndone?: boolean;
}

/** What is said after every step. */
export interface StepProgress {
  /** Steps done since the start of the training, and how many there will be. */
  readonly step: number;
  readonly steps: number;
  /** Counts from 1. */
  readonly epoch: number;
  /** Means over the epoch so far. */
  readonly loss: number;
  readonly accuracy: number;
  readonly learningRate: number;
  /** Of this step's batch, before its update. */
  readonly stepLoss: number;
  readonly stepAccuracy: number;
  /** Of all gradients together, before clipping. */
  readonly gradientNorm: number;
}

/** What a training loop works with; the loop itself reads no clock and draws nothing. */
export interface LoopOptions {
  readonly trainer: Trainer;
  readonly recipe: Recipe;
  readonly stepsPerEpoch: number;
  /** Where to go on. */
  readonly place: TrainingPlace;
  readonly nextBatch: () => LabeledBatch;
  /** Evaluates on the validation part, where there is one. */
  readonly validate?: () => Promise<Evaluation>;
  /** Asked before every step. */
  readonly shouldStop: () => Promise<boolean>;
  readonly onStep: (progress: StepProgress) => void;
  /** Called after every epoch, to keep the state. */
  readonly onEpoch: (place: TrainingPlace, isBest: boolean) => Promise<void>;
  /** Called after a step that leaves an epoch unfinished: a chance to keep the state of a long one. */
  readonly onPause?: (place: TrainingPlace) => Promise<void>;
}

type ValidationRecord = NonNullable<EpochRecord["validation"]>;

/** Where a training begins. */
export const startOfTraining: TrainingPlace = { step: 0, lossSum: 0, correctSum: 0, epochs: [] };

/** Whether `patience` epochs have gone by without a better one. */
function isPatienceOver({ epochs, best }: TrainingPlace, patience: number | undefined): boolean {
  return patience !== undefined && best !== undefined && epochs.length - best.epoch >= patience;
}

/** By accuracy; where few images make it equal, by the loss, which goes on telling epochs apart. */
function isBetter({ accuracy, loss }: ValidationRecord, than: ValidationRecord | undefined): boolean {
  if (than === undefined || accuracy > than.accuracy) return true;
  return accuracy === than.accuracy && loss < than.loss;
}

function closeEpoch(
  place: TrainingPlace,
  stepsPerEpoch: number,
  batch: number,
  validation: Evaluation | undefined,
): { readonly place: TrainingPlace; readonly isBest: boolean } {
  const record: EpochRecord = {
    epoch: place.epochs.length + 1,
    trainLoss: place.lossSum / stepsPerEpoch,
    trainAccuracy: place.correctSum / (stepsPerEpoch * batch),
    ...(validation === undefined ? {} : { validation: { loss: validation.loss, accuracy: validation.accuracy } }),
  };
  const isBest = validation !== undefined && isBetter(validation, place.best?.validation);
  const best = isBest ? record : place.best;
  return {
    place: {
      step: place.step,
      lossSum: 0,
      correctSum: 0,
      epochs: [...place.epochs, record],
      ...(best === undefined ? {} : { best }),
    },
    isBest,
  };
}

/**
 * Trains from `place` to the end of the recipe, or until it is stopped. From equal places it goes on equally, so that an
 * interrupted training ends as an uninterrupted one.
 */
export async function runTraining(options: LoopOptions): Promise<TrainingOutcome> {
  const { trainer, recipe, stepsPerEpoch, shouldStop } = options;
  const steps = recipe.epochs * stepsPerEpoch;
  const images = imagesPerStep(recipe);
  const schedule = createRecipeSchedule(recipe, steps);
  let { place } = options;
  while (place.step < steps) {
    if (isPatienceOver(place, recipe.patience)) return { place, status: "early-stopped" };
    if (await shouldStop()) return { place, status: "stopped" };
    const learningRate = schedule(place.step);
    const result = await tryStep(trainer, options.nextBatch(), learningRate);
    if (result instanceof DivergenceError)
      return {
        place,
        status: "diverged",
        reason: result.message,
        diverged: result.report,
        isUndone: result.isUndone,
      };
    place = {
      ...place,
      step: place.step + 1,
      lossSum: place.lossSum + result.loss,
      correctSum: place.correctSum + result.correct,
    };
    const done = place.step - place.epochs.length * stepsPerEpoch;
    options.onStep({
      step: place.step,
      steps,
      epoch: place.epochs.length + 1,
      loss: place.lossSum / done,
      accuracy: place.correctSum / (done * images),
      learningRate,
      stepLoss: result.loss,
      stepAccuracy: result.correct / images,
      gradientNorm: result.gradientNorm,
    });
    if (done < stepsPerEpoch) {
      await options.onPause?.(place);
      continue;
    }
    const closed = closeEpoch(place, stepsPerEpoch, images, await options.validate?.());
    place = closed.place;
    await options.onEpoch(place, closed.isBest);
  }
  return { place, status: "done" };
}

/** One step, or the reason why there is none. */
async function tryStep(
  trainer: Trainer,
  batch: LabeledBatch,
  learningRate: number,
): Promise<StepResult | DivergenceError> {
  try {
    return await trainer.step(batch, learningRate);
  } catch (error) {
    if (error instanceof DivergenceError) return error;
    throw error;
  }
}
