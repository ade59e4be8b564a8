import { basename, resolve } from "node:path";
import { keepArtifact } from "../../../store/artifacts.ts";
import { describeCode, describeEnvironment } from "../../../store/provenance.ts";
import { type RunEnd, type RunRecorder, startRecording } from "../../../store/recorder.ts";
import { addArtifacts } from "../../../store/run-store.ts";
import type { MetricPoint } from "../../../store/run.ts";
import { errorMessage } from "../../../tensor/errors.ts";
import type { RecordOptions } from "../../../train/node/record.ts";
import type { JobObserver, JobOutcome } from "../../../train/observers.ts";
import type { CurvePoint } from "../comparison.ts";
import type { Recipe } from "../../../train/recipe.ts";
import type { RunPlan } from "../plan.ts";
import type { ComparedStart, CompareEvent, CompareJob, CompareResult } from "./job.ts";

/** Under which names a run's curve is kept. */
export const curveMetrics = { loss: "loss", firstLayerGradientNorm: "first-layer-gradient-norm" } as const;

const TEST_ACCURACY = "test/accuracy";

/** A comparison with the files that were written about it. */
export interface ReportedComparison extends CompareResult {
  readonly reports: readonly string[];
}

/** Fields that comparisons once left unheeded: runs that were kept then are other runs than those of the same recipe now. */
const followedLater = ["average", "headOnly", "freeze", "unfreezeEvery", "layerDecay", "rates", "accumulate"] as const;

/** All of one run of a comparison that decides its outcome; known before it begins, so that a finished one is found. */
export function comparedRunConfiguration(
  job: Pick<CompareJob, "recipe" | "data" | "content" | "trainImages" | "testImages" | "until" | "device">,
  { model, shortcut, options, recipe, seed, length }: RunPlan,
): unknown {
  const whole: Recipe = { ...job.recipe, ...recipe, seed };
  return {
    network: { model: { name: model, options: { ...options, shortcut } } },
    recipe: whole,
    ...(followedLater.some((field) => whole[field] !== undefined) ? { engine: 2 } : {}),
    ...(length === undefined ? {} : { length }),
    ...(job.until === undefined ? {} : { until: job.until }),
    // Times and the last bits are others there: a run on the processor is not taken for one that was asked for on a device.
    ...(job.device === undefined || job.device === "cpu" ? {} : { device: job.device }),
    data: {
      name: job.data,
      trainImages: job.trainImages ?? null,
      testImages: job.testImages ?? null,
      ...(job.content === undefined ? {} : { content: job.content }),
    },
  };
}

/** Keeps every run of a comparison in a run store, and its report with all of them. */
export function recordComparison(
  job: CompareJob,
  options: RecordOptions,
): JobObserver<CompareEvent, ReportedComparison> {
  const code = describeCode(process.cwd());
  const begun: Promise<RunRecorder>[] = [];
  const ended = new Set<number>();
  const ends: Promise<void>[] = [];
  let failure: unknown;
  const fail = (error: unknown): void => void (failure ??= error);
  // In the order of the events: the recorder comes with the first.
  const then = (run: number, act: (recorder: RunRecorder) => void | Promise<void>): void => {
    ends.push(Promise.resolve(begun[run]).then(act).catch(fail));
  };
  const end = (run: number, how: RunEnd): void => {
    if (ended.has(run)) return;
    ended.add(run);
    then(run, (recorder) => recorder.finish(how));
  };
  return {
    name: "run store",
    observe: (event) => {
      if (failure !== undefined) throw failure;
      if (event.kind === "begin") {
        begun[event.run] = begin(job, event.run, event.begin, code, options);
        begun[event.run].catch(fail);
        const { resumed } = event.begin;
        if (resumed !== undefined) then(event.run, (recorder) => recorder.add(resumed.flatMap(curvePoints)));
      }
      if (event.kind === "step") then(event.run, (recorder) => recorder.add(stepPoints(event)));
      if (event.kind === "test") {
        const { run, step, accuracy } = event;
        then(run, (recorder) => recorder.add([{ name: TEST_ACCURACY, step, value: accuracy }]));
      }
      if (event.kind === "diverged") {
        const { run, step, loss, gradientNorm } = event;
        then(run, (recorder) =>
          recorder.add([
            { name: "loss", step, value: loss },
            { name: "gradient-norm", step, value: gradientNorm },
          ]),
        );
      }
      if (event.kind === "run") {
        const { curve, ...result } = event.result;
        const { status, testAccuracy } = result;
        // The last step of a run with a goal was tested already.
        if (result.goal === undefined)
          then(event.run, (recorder) =>
            recorder.add([{ name: TEST_ACCURACY, step: curve.length, value: testAccuracy }]),
          );
        end(event.run, { status, result });
      }
    },
    finish: async (outcome) => {
      begun.forEach((_, run) => end(run, describeRest(outcome)));
      await Promise.all(ends);
      if (failure !== undefined) throw failure;
      // Runs that were left out have never begun.
      const recorders = await Promise.all(begun.filter((recorder) => recorder !== undefined));
      if ("result" in outcome) await addReports(recorders, outcome.result.reports, options);
    },
  };
}

function describeRest(outcome: JobOutcome<ReportedComparison>): RunEnd {
  if (!("error" in outcome)) return { status: "stopped" };
  return { status: outcome.isAsked === true ? "stopped" : "crashed", reason: errorMessage(outcome.error) };
}

async function begin(
  job: CompareJob,
  index: number,
  start: ComparedStart,
  code: Promise<unknown>,
  options: RecordOptions,
): Promise<RunRecorder> {
  const plan = job.runs[index];
  const { lowering, runtime, device } = start;
  return startRecording(
    {
      command: "compare",
      name: `${plan.model} ${plan.variant ?? plan.shortcut} on ${basename(job.data)}`,
      config: comparedRunConfiguration(job, plan),
      seed: plan.seed,
      code: await code,
      environment: { ...describeEnvironment(), lowering, runtime, ...(device === undefined ? {} : { device }) },
    },
    options,
  );
}

/** What a run was before it was interrupted. */
function curvePoints({ step, loss, firstLayerGradientNorm, testAccuracy }: CurvePoint): readonly MetricPoint[] {
  return [
    ...(testAccuracy === undefined ? [] : [{ name: TEST_ACCURACY, step, value: testAccuracy }]),
    { name: curveMetrics.loss, step, value: loss },
    { name: curveMetrics.firstLayerGradientNorm, step, value: firstLayerGradientNorm },
  ];
}

function stepPoints(event: Extract<CompareEvent, { kind: "step" }>): readonly MetricPoint[] {
  const { step, images, loss, accuracy, gradientNorm, firstLayerGradientNorm, learningRate, milliseconds } = event;
  const values = {
    [curveMetrics.loss]: loss,
    accuracy,
    "gradient-norm": gradientNorm,
    [curveMetrics.firstLayerGradientNorm]: firstLayerGradientNorm,
    "learning-rate": learningRate,
    "images-per-second": (1000 * images) / milliseconds,
  };
  return Object.entries(values).map(([name, value]) => ({ name, step, value }));
}

/** The report is about all runs, and written when they have ended. */
async function addReports(
  runs: readonly RunRecorder[],
  reports: readonly string[],
  { project, open }: RecordOptions,
): Promise<void> {
  if (runs.length === 0 || reports.length === 0) return;
  const store = await open();
  try {
    for (const path of reports) {
      const content = await keepArtifact(project.artifacts, path);
      const about = { name: basename(path), ...content, step: null, path: resolve(path), created_at: Date.now() };
      await addArtifacts(
        store,
        runs.map(({ id }) => ({ run_id: id, ...about })),
      );
    }
  } finally {
    await store.close();
  }
}
