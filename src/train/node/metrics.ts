import type { TrainingEvent, TrainingResult } from "./job.ts";

/** Numbers under the names by which other tools show them. */
export type Metrics = Readonly<Record<string, number>>;

/** What an event measures: of each step before its update, of each epoch as a whole. */
export function metricsOf(event: TrainingEvent): Metrics {
  if (event.kind === "step") {
    const { stepLoss, stepAccuracy, learningRate, gradientNorm } = event.progress;
    return {
      "loss/step": stepLoss,
      "accuracy/step": stepAccuracy,
      "step/learning_rate": learningRate,
      "step/gradient_norm": gradientNorm,
      "step/images_per_second": (1000 * event.batch) / event.milliseconds,
    };
  }
  if (event.kind !== "epoch") return {};
  const { trainLoss, trainAccuracy, validation } = event.record;
  return {
    "loss/train": trainLoss,
    "accuracy/train": trainAccuracy,
    ...(validation === undefined
      ? {}
      : { "loss/validation": validation.loss, "accuracy/validation": validation.accuracy }),
  };
}

/** What was measured once at the end: on the test set, or of the step at which the training diverged. */
export function finalMetrics({ test, diverged }: TrainingResult): Metrics {
  return {
    ...(test === undefined ? {} : { "loss/test": test.loss, "accuracy/test": test.accuracy }),
    ...(diverged === undefined ? {} : { "loss/step": diverged.loss, "step/gradient_norm": diverged.gradientNorm }),
  };
}
