import { noAugmentation } from "../../../data/augmentation.ts";
import { planAllImages } from "../../../train/all-images.ts";
import type { TrainingPlan } from "../../../train/engine.ts";
import { rateOf } from "../../../train/rate.ts";
import { variationOf } from "../../../train/recipe.ts";
import { describeSkippedStep } from "../../../train/loop.ts";
import { runSteps } from "../../../train/step-loop.ts";
import type { Trainer } from "../../../train/trainer.ts";
import type { CurvePoint, DrawnRun } from "../comparison.ts";
import { isTestDue } from "../goal.ts";
import type { Journal, JournalEntry } from "../../../jobs/journal.ts";
import type { Workplace } from "../host.ts";

/** What a run's network scores on the test images. */
export type Tested = Required<Pick<DrawnRun, "testAccuracy" | "testLoss">>;

/** A training's course. */
export interface Training {
  readonly curve: readonly CurvePoint[];
  readonly status: DrawnRun["status"];
  readonly imagesPerSecond: number;
  /** The test after the last step, if the run was tested on the way. */
  readonly tested?: Tested;
}

/** What a run trains with, and where it resumes. */
export interface RunStart {
  readonly run: number;
  readonly plan: TrainingPlan;
  readonly before: JournalEntry<readonly CurvePoint[]> | undefined;
  readonly keeper: Journal<readonly CurvePoint[]>;
  /** Whose gradient is watched. */
  readonly firstLayer: string;
  /** Tests the network as it is. */
  readonly test: () => Promise<Tested>;
}

/** Trains for all steps, or until it diverges or is stopped. */
export async function trainRun(
  { host: { data, prepare }, job: { until }, context }: Workplace,
  trainer: Trainer,
  { run, plan, before, keeper, firstLayer, test }: RunStart,
): Promise<Training> {
  const firstStep = before?.notes.length ?? 0;
  const loader = prepare(
    {
      set: data.train,
      normalization: data.normalization,
      augmentation: { ...noAugmentation, ...variationOf(plan.recipe) },
      plan: planAllImages(data.train.count, plan.recipe),
    },
    firstStep,
  );
  const curve: CurvePoint[] = [...(before?.notes ?? [])];
  const keep = async (): Promise<void> => {
    if (curve.length > firstStep) await keeper.keep({ state: await trainer.state(), notes: curve });
  };
  const durations: number[] = [];
  let start = 0;
  let tested: Tested | undefined;
  try {
    const end = await runSteps({
      trainer,
      plan,
      nextBatch: () => loader.next(),
      shouldStop: context.shouldStop,
      beforeStep: async () => {
        if (keeper.isDue()) await keep();
        start = performance.now();
      },
      afterStep: async (result, learningRate) => {
        const milliseconds = performance.now() - start;
        durations.push(milliseconds);
        // A first layer that is frozen has no gradient.
        const firstLayerGradientNorm = result.norms[firstLayer] ?? Number.NaN;
        const point = { step: result.step, loss: result.loss, firstLayerGradientNorm };
        context.report({
          kind: "step",
          run,
          step: result.step,
          steps: plan.steps,
          images: plan.imagesPerStep,
          loss: result.loss,
          accuracy: result.correct / plan.imagesPerStep,
          learningRate,
          gradientNorm: result.gradientNorm,
          firstLayerGradientNorm,
          milliseconds,
        });
        if (result.isSkipped === true) context.report({ kind: "overflow", run, reason: describeSkippedStep(result) });
        tested = until !== undefined && isTestDue(result.step, plan) ? await test() : undefined;
        if (until === undefined) curve.push(point);
        else curve.push({ ...point, milliseconds, ...(tested && { testAccuracy: tested.testAccuracy }) });
        if (tested === undefined) return;
        context.report({ kind: "test", run, step: result.step, accuracy: tested.testAccuracy });
        if (tested.testAccuracy >= until!) return "enough";
      },
    });
    if (end.status === "stopped") await keep();
    if (end.status === "diverged") {
      const { step, loss, gradientNorm } = end.error.report;
      context.report({ kind: "diverged", run, step, loss, gradientNorm, reason: end.error.message });
    }
    const status = end.status === "enough" ? "done" : end.status;
    const speed = { imagesPerSecond: rateOf(durations, plan.imagesPerStep) };
    return { curve, status, ...speed, ...(tested === undefined ? {} : { tested }) };
  } finally {
    await loader.release();
  }
}
