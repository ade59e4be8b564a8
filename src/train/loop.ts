import type { LabeledBatch } from "./batch.ts";
import type { EpochRecord, TrainingPlace } from "./checkpoint.ts";
import type { Evaluation } from "./evaluation.ts";
import { predictingState, type TrainingPlan } from "./engine.ts";
import { isBetter, type Measures, type TrainingMeasures } from "./measure.ts";
import { runSteps } from "./step-loop.ts";
import type { StepResult, Trainer, TrainingState } from "./trainer.ts";

/** How training ended: all epochs done, patience exhausted, stopped on request, or loss not finite. */
export type TrainingStatus = "done" | "early-stopped" | "stopped" | "diverged";

/** Where a training ended, and how. */
export interface TrainingOutcome {
  readonly place: TrainingPlace;
  readonly status: TrainingStatus;
  /** What went wrong and what to do, if it diverged. */
  readonly reason?: string;
  /** The discarded step, if it diverged. */
  readonly diverged?: StepResult;
  /** Whether the trainer's state is intact from before the step, if it diverged. */
  readonly isUndone?: boolean;
}

/** Reported after every step. */
export interface StepProgress {
  /** Steps done since training started, and the total. */
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
  /** The global gradient norm, before clipping. */
  readonly gradientNorm: number;
  /** Present if gradients overflowed in float16, so that the step changed nothing. */
  readonly isSkipped?: true;
}

/** What a reader of a training is told of a step without an update. */
export function describeSkippedStep({ step }: Pick<StepProgress, "step">): string {
  return `step ${step}: gradients overflowed in float16; the update was skipped and the loss scale halved`;
}

/** The dependencies of a training loop; it reads no clock and draws no random numbers. */
export interface TrainingLoopOptions {
  readonly plan: TrainingPlan;
  readonly trainer: Trainer;
  readonly measures: TrainingMeasures;
  /** The position to continue from. */
  readonly place: TrainingPlace;
  readonly nextBatch: () => LabeledBatch;
  /** Evaluates the state used for prediction on the validation split, if there is one. */
  readonly validate?: (state: TrainingState) => Promise<Evaluation>;
  /** Polled before every step. */
  readonly shouldStop: () => Promise<boolean>;
  readonly onStep: (progress: StepProgress) => void;
  /** Called after every epoch to save the state; the best one is read back at the end. */
  readonly onEpoch: (place: TrainingPlace, isBest: boolean) => Promise<void>;
  /** Called after each step within an epoch and before its validation, so that long epochs can be checkpointed. */
  readonly onPause?: (place: TrainingPlace) => Promise<void>;
}

/** The position at which training starts. */
export const startOfTraining: TrainingPlace = { step: 0, lossSum: 0, correctSum: 0, epochs: [] };

/** Whether `patience` epochs have passed without improvement. */
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
 * Trains from `place` to the end of the plan, or until it is stopped. Equal positions continue identically, so an
 * interrupted run ends like an uninterrupted one.
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
  // The checkpoint was saved before the validation of its last epoch.
  if (stepsInEpoch(place, stepsPerEpoch) === stepsPerEpoch) await finishEpoch();
  if (place.step < steps && isPatienceOver(place, recipe.patience)) return { place, status: "early-stopped" };
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
        ...(result.isSkipped === true ? { isSkipped: true } : {}),
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

/** Steps in the unfinished epoch. */
function stepsInEpoch({ step, epochs }: TrainingPlace, stepsPerEpoch: number): number {
  return step - epochs.length * stepsPerEpoch;
}

function addStep(place: TrainingPlace, { loss, correct }: StepResult): TrainingPlace {
  return { ...place, step: place.step + 1, lossSum: place.lossSum + loss, correctSum: place.correctSum + correct };
}

/**
 * The final state, to test and export: the best epoch's, or the last if none was validated; moving averages if the
 * recipe keeps them.
 *
 * @param readBest reads the best epoch as saved by `onEpoch`
 */
export async function finalState(
  trainer: Pick<Trainer, "state">,
  { best }: TrainingPlace,
  readBest: () => Promise<TrainingState>,
): Promise<TrainingState> {
  return predictingState(best === undefined ? trainer : { state: readBest });
}
