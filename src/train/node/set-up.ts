import type { SampleSource } from "../../data/sample-source.ts";
import type { TaskNotes } from "../../networks/card.ts";
import type { Session } from "../../runtime/runtime.ts";
import type { Checkpoint, CheckpointNotes, Engine } from "../checkpoint.ts";
import type { TaskStep } from "../engine.ts";
import type { Evaluation } from "../evaluation.ts";
import type { TrainingMeasures } from "../measure.ts";
import type { RecipeRefusals } from "../recipe-check.ts";
import type { TrainingState } from "../trainer.ts";
import type { FreshTraining } from "./job.ts";

/** A training that is set up: what to do, on what, from where, and how it is judged. */
export interface TrainingSetup {
  readonly notes: CheckpointNotes;
  /** Where to go on; fresh parameters if left out. */
  readonly state?: TrainingState;
  /** What batches are made of. */
  readonly source: SampleSource;
  /** Whether a part was held back to choose the best epoch. */
  readonly validates: boolean;
  readonly measures: TrainingMeasures;
  readonly step?: TaskStep;
  /** Fields of the recipe that mean nothing to the task, with the reason. */
  readonly refuses?: RecipeRefusals;
  /** Shape of one sample of the step, where it is not the image that the network predicts. */
  readonly sampleShape?: readonly number[];
  /** Judges the network as it predicts; images are read as they are wanted. */
  readonly evaluate: (session: Session, part: "validation" | "test") => Promise<Evaluation>;
}

/** What setting up needs to know of its surroundings. */
export interface SetupContext {
  /** Where fetched data sets lie. */
  readonly cache: string;
  readonly engine: Engine;
  /** Hears in sentences what was found and changed. */
  readonly note: (text: string) => void;
}

/** A training that goes on from a checkpoint. */
export interface ResumedTraining {
  /** The checkpoint's file, for errors. */
  readonly path: string;
  readonly checkpoint: Checkpoint;
}

/** How trainings for a task are set up, from the start or from a checkpoint. */
export interface TrainingTask {
  readonly setUp: (start: FreshTraining | ResumedTraining, context: SetupContext) => Promise<TrainingSetup>;
}

/**
 * Finds the task of a training.
 *
 * @param notes what the job or the checkpoint says about the task
 * @param where what says so, for errors
 */
export type FindTrainingTask = (notes: TaskNotes | undefined, where: string) => Promise<TrainingTask>;
