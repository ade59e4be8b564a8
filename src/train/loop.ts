import type { LabeledBatch } from "./batch.ts";
import type { EpochRecord, TrainingPlace } from "./checkpoint.ts";
import type { Evaluation } from "./evaluation.ts";
import { predictingState, type TrainingPlan } from "./engine.ts";
import { isBetter, type Measures, type TrainingMeasures } from "./measure.ts";
import { runSteps } from "./step-loop.ts";
import type { StepResult, Trainer, TrainingState } from "./trainer.ts";

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
  readonly measures: Measures;
  readonly learningRate: number;
  /** Of this step's batch, before its update. */
  readonly stepLoss: number;
  readonly stepMeasures: Measures;
  /** Of all gradients together, before clipping. */
  readonly gradientNorm: number;
}

/** What a training works with; it reads no clock and draws nothing. */
export interface TrainingLoopOptions {
  readonly plan: TrainingPlan;
  readonly trainer: Trainer;
  readonly measures: TrainingMeasures;
  /** Where to go on. */
  readonly place: TrainingPlace;
  readonly nextBatch: () => LabeledBatch;
  /** Evaluates the state that would predict on the validation part, if there is one. */
  readonly validate?: (state: TrainingState) => Promise<Evaluation>;
  /** Asked before every step. */
  readonly shouldStop: () => Promise<boolean>;
  readonly onStep: (progress: StepProgress) => void;
  /** Called after every epoch, to keep the state; the best one is read again at the end. */
  readonly onEpoch: (place: TrainingPlace, isBest: boolean) => Promise<void>;
  /** Called after a step that leaves an epoch unfinished, or before its validation: a chance to keep the state of a long one. */
  readonly onPause?: (place: TrainingPlace) => Promise<void>;
}

/** Where a training begins. */
export const startOfTraining: TrainingPlace = { step: 0, lossSum: 0, correctSum: 0, epochs: [] };

/** Whether `patience` epochs have gone by without a better one. */
function isPatienceOver({ epochs, best }: TrainingPlace, patience: number | undefined): boolean {
  return patience !== undefined && best !== undefined && epochs.length - best.epoch >= patience;
}

function closeEpoch(
  place: TrainingPlace,
  { stepsPerEpoch, imagesPerStep }: TrainingPlan,
  { training, main }: TrainingMeasures,
  validation: Evaluation | undefined,
): { readonly place: TrainingPlace; readonly isBest: boolean } {
  const record: EpochRecord = {
    epoch: place.epochs.length + 1,
    training: {
      loss: place.lossSum / stepsPerEpoch,
      measures: { [training.name]: place.correctSum / (stepsPerEpoch * imagesPerStep) },
    },
    ...(validation === undefined ? {} : { validation: { loss: validation.loss, measures: validation.measures } }),
  };
  const isBest = validation !== undefined && isBetter(main, validation, place.best?.validation);
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
 * Trains from `place` to the end of the plan, or until it is stopped. From equal places it goes on equally, so that an
 * interrupted training ends as an uninterrupted one.
 */
export async function runTraining(options: TrainingLoopOptions): Promise<TrainingOutcome> {
  const { trainer, plan, measures, validate, onStep, onEpoch, onPause } = options;
  const { name } = measures.training;
  const { steps, stepsPerEpoch, imagesPerStep: images, recipe } = plan;
  let { place } = options;
  const finishEpoch = async (): Promise<void> => {
    const validation = validate && (await validate(await predictingState(trainer)));
    const closed = closeEpoch(place, plan, measures, validation);
    place = closed.place;
    await onEpoch(place, closed.isBest);
  };
  // It was kept before the validation of its last epoch.
  if (stepsInEpoch(place, stepsPerEpoch) === stepsPerEpoch) await finishEpoch();
  if (isPatienceOver(place, recipe.patience)) return { place, status: "early-stopped" };
  const end = await runSteps({
    ...options,
    afterStep: async (result, learningRate) => {
      place = addStep(place, result);
      const done = stepsInEpoch(place, stepsPerEpoch);
      onStep({
        step: place.step,
        steps,
        epoch: place.epochs.length + 1,
        loss: place.lossSum / done,
        measures: { [name]: place.correctSum / (done * images) },
        learningRate,
        stepLoss: result.loss,
        stepMeasures: { [name]: result.correct / images },
        gradientNorm: result.gradientNorm,
      });
      if (done < stepsPerEpoch || validate !== undefined) await onPause?.(place);
      if (done < stepsPerEpoch) return undefined;
      await finishEpoch();
      return place.step < steps && isPatienceOver(place, recipe.patience) ? "enough" : undefined;
    },
  });
  if (end.status !== "diverged") return { place, status: end.status === "enough" ? "early-stopped" : end.status };
  const { message, report, isUndone } = end.error;
  return { place, status: "diverged", reason: message, diverged: report, isUndone };
}

/** Steps of the epoch that is not closed yet. */
function stepsInEpoch({ step, epochs }: TrainingPlace, stepsPerEpoch: number): number {
  return step - epochs.length * stepsPerEpoch;
}

function addStep(place: TrainingPlace, { loss, correct }: StepResult): TrainingPlace {
  return { ...place, step: place.step + 1, lossSum: place.lossSum + loss, correctSum: place.correctSum + correct };
}

/**
 * The state that a training ends with, which is tested and exported: the best epoch's, or the last where none was
 * validated; its moving averages where the recipe keeps them.
 *
 * @param readBest reads what `onEpoch` has kept of the best epoch
 */
export async function finalState(
  trainer: Pick<Trainer, "state">,
  { best }: TrainingPlace,
  readBest: () => Promise<TrainingState>,
): Promise<TrainingState> {
  return predictingState(best === undefined ? trainer : { state: readBest });
}
