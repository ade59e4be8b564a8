import { knownMeasures, type Measured } from "../measure.ts";
import type { TrainingEvent, TrainingResult } from "./job.ts";

/** Numbers by the metric names that other tools display. */
export type Metrics = Readonly<Record<string, number>>;

/** The metrics of an event: per step, before its update; per epoch, as a whole. */
export function metricsOf(event: TrainingEvent): Metrics {
  if (event.kind === "step") {
    const { stepLoss, stepMeasures, learningRate, gradientNorm } = event.progress;
    return {
      ...named({ loss: stepLoss, measures: stepMeasures }, "step"),
      "step/learning_rate": learningRate,
      "step/gradient_norm": gradientNorm,
      "step/images_per_second": (1000 * event.batch) / event.milliseconds,
    };
  }
  if (event.kind !== "epoch") return {};
  const { training, validation } = event.record;
  return { ...named(training, "train"), ...(validation === undefined ? {} : named(validation, "validation")) };
}

/** A loss and its measures by name, without missing values. */
function named({ loss, measures }: Measured, part: string): Metrics {
  const values = knownMeasures(measures).map(([name, value]) => [`${name}/${part}`, value] as const);
  return { [`loss/${part}`]: loss, ...Object.fromEntries(values) };
}

/** The metrics measured once at the end: on the test set, or for the step that diverged. */
export function finalMetrics({ test, diverged }: TrainingResult): Metrics {
  return {
    ...(test === undefined ? {} : named(test, "test")),
    ...(diverged === undefined ? {} : { "loss/step": diverged.loss, "step/gradient_norm": diverged.gradientNorm }),
  };
}
