import type { EpochRecord } from "../train/checkpoint.ts";
import { accuracy, type TrainingMeasures } from "../train/measure.ts";
import type { TrainingEvent } from "../train/node/job.ts";
import { describeMeasure } from "./measures-output.ts";
import { formatDuration } from "./output.ts";
import { createProgress, type Progress } from "./progress.ts";

/** Says how a training goes on; `measures` are what its start has told. */
export function createReporter(progress: Progress = createProgress()): {
  readonly report: (event: TrainingEvent) => void;
  measures(): TrainingMeasures;
} {
  let rate: number | undefined;
  let isFirst = true;
  // Until the start, which comes before all that is measured.
  let measures: TrainingMeasures = { training: accuracy, main: accuracy };
  const report = (event: TrainingEvent): void => {
    if (event.kind === "note") return progress.finish(event.text);
    if (event.kind === "start") ({ measures } = event.start);
    if (event.kind === "epoch") return progress.finish(describeEpoch(event.record, measures, event.isBest));
    if (event.kind !== "step") return;
    const { step, steps, epoch, loss } = event.progress;
    const current = (1000 * event.batch) / event.milliseconds;
    // The first step is slower than the others.
    if (!isFirst) rate = rate === undefined ? current : 0.95 * rate + 0.05 * current;
    isFirst = false;
    const pace =
      rate === undefined
        ? ""
        : `, ${rate.toFixed(0)} images/s, ${formatDuration(((steps - step) * event.batch) / rate)} left`;
    progress.update(
      `epoch ${epoch}, step ${step}/${steps}, loss ${loss.toFixed(4)}, ${describeMeasure(event.progress, measures.training)}${pace}`,
    );
  };
  return { report, measures: () => measures };
}

/** An epoch in a line, such as "epoch 2: loss 1.2000, points right 72.00 %, mean AP of validation 24.20 % (best so far)". */
function describeEpoch(
  { epoch, training, validation }: EpochRecord,
  measures: TrainingMeasures,
  isBest: boolean,
): string {
  const trained = describeMeasure(
    training,
    measures.training,
    measures.training.name === measures.main.name ? " of training" : "",
  );
  const held =
    validation === undefined
      ? ""
      : `, ${describeMeasure(validation, measures.main, " of validation")}${isBest ? " (best so far)" : ""}`;
  return `epoch ${epoch}: loss ${training.loss.toFixed(4)}, ${trained}${held}`;
}
