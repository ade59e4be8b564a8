import type { TrainingEvent, TrainingResult } from "../train/node/training.ts";
import type { JobObserver } from "../train/observers.ts";

/** Options of `train` that ask for somebody to watch. */
export type ObserverOptions = object;

/** Who watches a training, as its options say. */
export function trainingObservers(_options: ObserverOptions): readonly JobObserver<TrainingEvent, TrainingResult>[] {
  return [];
}
