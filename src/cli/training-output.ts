import type { EpochRecord } from "../train/checkpoint.ts";
import { accuracy, type TrainingMeasures } from "../train/measure.ts";
import type { TrainingEvent } from "../train/node/job.ts";
import { joinWords, phrase, type Words } from "../report/words.ts";
import { spokenMessage } from "./lang/language.ts";
import { describeMeasure } from "./measures-output.ts";
import { formatDuration } from "./output.ts";
import { createProgress, type Progress } from "./progress.ts";

const phases = {
  loading: { en: "loading", zh: "读取数据" },
  compiling: { en: "compiling", zh: "编译" },
} as const;

const parts = {
  validation: { en: "validation image", zh: "验证图像" },
  test: { en: "test image", zh: "测试图像" },
} as const;

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
    if (event.kind === "note") return progress.finish(spokenMessage(event.text));
    if (event.kind === "loading" || event.kind === "compiling") return progress.begin(phases[event.kind]);
    if (event.kind === "start") ({ measures } = event.start);
    if (event.kind === "evaluating") {
      const { part, done, count } = event;
      // What follows the test is the result.
      if (part === "test" && done === count) return progress.finish();
      return progress.update(phrase(parts[part], ` ${done}/${count}`), done / count);
    }
    if (event.kind === "epoch") return progress.finish(describeEpoch(event.record, measures, event.isBest));
    if (event.kind !== "step") return;
    const { step, steps, epoch, loss } = event.progress;
    const current = (1000 * event.batch) / event.milliseconds;
    // The first step is slower than the others.
    if (!isFirst) rate = rate === undefined ? current : 0.95 * rate + 0.05 * current;
    isFirst = false;
    const place: Words = {
      en: `epoch ${epoch}, step ${step}/${steps}, loss ${loss.toFixed(4)}`,
      zh: `轮次 ${epoch}，步 ${step}/${steps}，损失 ${loss.toFixed(4)}`,
    };
    const pace = rate === undefined ? [] : [describePace(rate, ((steps - step) * event.batch) / rate)];
    progress.update(joinWords([place, describeMeasure(event.progress, measures.training), ...pace]));
  };
  return { report, measures: () => measures };
}

function describePace(rate: number, secondsLeft: number): Words {
  const left = formatDuration(secondsLeft);
  return { en: `${rate.toFixed(0)} images/s, ${left} left`, zh: `${rate.toFixed(0)} 幅/秒，剩余 ${left}` };
}

/** An epoch in a line, such as "epoch 2: loss 1.2000, points right 72.00 %, mean AP of validation 24.20 % (best so far)". */
function describeEpoch(
  { epoch, training, validation }: EpochRecord,
  measures: TrainingMeasures,
  isBest: boolean,
): Words {
  const loss = training.loss.toFixed(4);
  const isSame = measures.training.name === measures.main.name;
  const best: Words = isBest ? { en: " (best so far)", zh: "（目前最佳）" } : "";
  return joinWords([
    { en: `epoch ${epoch}: loss ${loss}`, zh: `轮次 ${epoch}：损失 ${loss}` },
    describeMeasure(training, measures.training, isSame ? "training" : undefined),
    ...(validation === undefined ? [] : [phrase(describeMeasure(validation, measures.main, "validation"), best)]),
  ]);
}
