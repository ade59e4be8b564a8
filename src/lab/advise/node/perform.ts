import { join } from "node:path";
import * as v from "valibot";
import { noAugmentation } from "../../../data/augmentation.ts";
import { stepsPerEpoch } from "../../../data/batches.ts";
import { type Dataset, takeFirst } from "../../../data/image-set.ts";
import { openEvaluation } from "../../../data/node/evaluation.ts";
import { imageSource } from "../../../data/node/image-source.ts";
import { createBatchLoader } from "../../../data/node/loader.ts";
import { openDataset } from "../../../data/node/open.ts";
import type { ModelOptions } from "../../../nn/model-options.ts";
import { createModel } from "../../../nn/models.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import { median } from "../../../statistics/summary.ts";
import { evaluationBatchSize } from "../../../train/evaluation.ts";
import { evaluateClassifier } from "../../../tasks/classify/judge.ts";
import { withInference } from "../../../networks/inference.ts";
import type { Engine } from "../../../train/checkpoint.ts";
import type { ChosenLowering } from "../../../train/lowering.ts";
import { openEngine } from "../../../train/node/open-engine.ts";
import type { JobContext, RunOf } from "../../../jobs/job.ts";
import { createModelCache } from "../../../train/node/model-cache.ts";
import { planAllImages } from "../../../train/all-images.ts";
import { resolveClassWeights } from "../../../train/class-weights.ts";
import { openTrainer, planTraining, predictingState, type TrainingPlan } from "../../../train/engine.ts";
import { completeRecipe, refuseRecipeFields } from "../../../train/recipe-check.ts";
import { imagesPerStep, variationOf } from "../../../train/recipe.ts";
import { runSteps, type StepLoopEnd } from "../../../train/step-loop.ts";
import type { Trainer } from "../../../train/trainer.ts";
import { finalLoss } from "../../final-loss.ts";
import { measureEffect, type ShortRun } from "../measured.ts";
import type { MeasureEvent, MeasureJob, measuringJob } from "./job.ts";
import { type Journal, type JournalEntry, keptNumber } from "../../../jobs/journal.ts";
import { identityOf, openJournal } from "../../../jobs/node/journal.ts";
import { identifyStudyData } from "../../node/open-study.ts";
import { safetensorsCodec } from "../../../weights/safetensors/journal.ts";

interface Workplace {
  readonly runtime: Runtime;
  readonly chosen: ChosenLowering;
  readonly data: Dataset;
  readonly job: MeasureJob;
  readonly context: JobContext<MeasureEvent>;
  readonly keeper: Journal<KeptRuns>;
}

/** How far a measurement has come. */
interface KeptRuns {
  /** Trainings that are done, in the order of the plans. */
  readonly runs: readonly ShortRun[];
  /** Progress of the next one. */
  readonly losses: readonly number[];
  readonly durations: readonly number[];
}

const keptRunsSchema: v.GenericSchema<unknown, KeptRuns> = v.strictObject({
  runs: v.array(
    v.strictObject({
      seed: v.number(),
      accuracy: keptNumber,
      testLoss: v.exactOptional(keptNumber),
      loss: keptNumber,
      milliseconds: keptNumber,
    }),
  ),
  losses: v.array(keptNumber),
  durations: v.array(v.number()),
});

/** One training of the measurement. */
interface RunPlan {
  readonly id: string;
  readonly name: string;
  readonly options: ModelOptions;
  readonly seed: number;
}

/** Where one training begins: at its start, or where it was interrupted. */
interface RunStart {
  readonly runs: readonly ShortRun[];
  readonly before: JournalEntry<KeptRuns> | undefined;
  readonly onStep: (step: number) => void;
}

/** One training's network and recipe, checked against each other. @throws {OptionError} naming what cannot be followed */
function planRun({ data, job }: Pick<Workplace, "data" | "job">, run: RunPlan): TrainingPlan {
  const { channels, height, width, labels } = data.train;
  const { classes } = data;
  const { module } = createModel(run.name, { ...run.options, channels, classes: classes.length });
  refuseRecipeFields(job.recipe, {
    epochs: "does not apply to a measurement, whose length is `steps`",
    seed: "does not apply to a measurement, which takes several `seeds`",
    reflectBorder: "needs images that are shifted, and a measurement shifts none; leave it out",
    progressiveResize: "does not apply to a measurement, whose steps must cost the same",
    freezeOut: "does not apply to a measurement, whose steps must cost the same",
  });
  const recipe = resolveClassWeights({ ...completeRecipe(job.recipe), seed: run.seed }, { labels, classes });
  return planTraining({
    module,
    sampleShape: [channels, height, width],
    recipe,
    stepsPerEpoch: stepsPerEpoch(planAllImages(data.train.count, recipe)),
    steps: job.steps,
    validates: false,
  });
}

/** Trains one network for a short while; undefined if it was stopped. */
async function runShortly(place: Workplace, run: RunPlan, start: RunStart): Promise<ShortRun | undefined> {
  const { runtime, chosen, job } = place;
  const plan = planRun(place, run);
  const losses = [...(start.before?.notes.losses ?? [])];
  const durations = [...(start.before?.notes.durations ?? [])];
  const host = {
    runtime,
    lowering: chosen.lowering,
    session: job.session,
    cache: createModelCache(join(job.cache, "compiled")),
  };
  const trainer = await openTrainer(plan, host, start.before && { state: start.before.state, steps: losses.length });
  try {
    const status = await trainShortly(place, trainer, plan, { ...start, losses, durations });
    if (status === "stopped") return undefined;
    const milliseconds = durations.length === 0 ? Number.NaN : median(durations);
    if (status === "diverged") return { seed: run.seed, accuracy: Number.NaN, loss: Number.NaN, milliseconds };
    const tested = await testShortly(place, plan, trainer);
    return { seed: run.seed, ...tested, loss: finalLoss(losses), milliseconds };
  } finally {
    await trainer.release();
  }
}

/** Adds to losses and durations, step by step. */
async function trainShortly(
  { data, context, keeper }: Workplace,
  trainer: Trainer,
  plan: TrainingPlan,
  { runs, losses, durations, onStep }: RunStart & { readonly losses: number[]; readonly durations: number[] },
): Promise<StepLoopEnd["status"]> {
  const { train: set, normalization } = data;
  const source = imageSource({
    set,
    normalization,
    augmentation: { ...noAugmentation, ...variationOf(plan.recipe) },
    plan: planAllImages(set.count, plan.recipe),
  });
  const loader = createBatchLoader(source, { firstStep: trainer.steps });
  const keep = async (): Promise<void> =>
    keeper.keep({ state: await trainer.state(), notes: { runs, losses, durations } });
  let start = 0;
  try {
    const { status } = await runSteps({
      trainer,
      plan,
      nextBatch: () => loader.next(),
      shouldStop: context.shouldStop,
      beforeStep: async () => {
        if (keeper.isDue()) await keep();
        start = performance.now();
      },
      afterStep: ({ step, loss }) => {
        losses.push(loss);
        durations.push(performance.now() - start);
        onStep(step);
      },
    });
    if (status === "stopped" && runs.length + trainer.steps > 0) await keep();
    return status;
  } finally {
    await loader.release();
  }
}

async function testShortly(
  { runtime, data, job }: Workplace,
  { module, sampleShape: imageShape }: TrainingPlan,
  trainer: Trainer,
): Promise<Pick<ShortRun, "accuracy" | "testLoss">> {
  const images = takeFirst(data.test, Math.min(job.testImages, data.test.count));
  const test = openEvaluation(images, data.normalization, evaluationBatchSize(imageShape));
  const state = await predictingState(trainer);
  const found = await withInference({ runtime, module, imageShape, state, session: job.session }, (session) =>
    evaluateClassifier(session, test),
  );
  return { accuracy: found.measures.accuracy ?? Number.NaN, testLoss: found.loss };
}

/** Identifies everything that the numbers depend on. */
async function identifyMeasurement(job: MeasureJob, imageShape: readonly number[], engine: Engine): Promise<string> {
  const { cache: _cache, training: _training, lowering: _lowering, device: _device, ...facts } = job;
  const content = await identifyStudyData(job.data, imageShape);
  return identityOf({ kind: "advise", ...facts, ...content, recipe: completeRecipe(job.recipe), ...engine });
}

/** The job of {@link measuringJob}. */
export const measureAdvice: RunOf<typeof measuringJob> = async (job, context) => {
  const opened = await openEngine(job, job.recipe.precision);
  const { runtime, chosen, engine } = opened;
  const { imageShape } = createModel(job.base.name, job.base.options);
  const [channels, height, width] = imageShape;
  const data = await openDataset(job.data, job.cache, { channels, height, width });
  const identity = await identifyMeasurement(job, imageShape, engine);
  const keeper = openJournal(job.training, { identity, notes: keptRunsSchema, codec: safetensorsCodec });
  const place: Workplace = { runtime, chosen, data, job, context, keeper };
  const networks = [{ id: "as it is", ...job.base }, ...job.variants];
  // Seed by seed: what is stopped in between has whole pairs.
  const plans = job.seeds.flatMap((seed) => networks.map((network): RunPlan => ({ ...network, seed })));
  // Before anything is trained: a variant may have no parameter of a name in the recipe.
  for (const plan of plans.slice(0, networks.length)) planRun(place, plan);
  const kept = await keeper.read();
  const runs: ShortRun[] = [...(kept?.notes.runs ?? [])];
  const known = runs.length * job.steps + (kept?.notes.losses.length ?? 0);
  if (kept !== undefined && runs.length < plans.length) {
    const { id, seed } = plans[runs.length];
    const text = `${id}, seed ${seed}: resumes at step ${kept.notes.losses.length} of ${job.steps}`;
    context.report({ kind: "note", text });
  }
  for (const plan of plans.slice(runs.length)) {
    const before = kept?.notes.runs.length === runs.length ? kept : undefined;
    const onStep = (step: number): void => {
      const share = (runs.length * job.steps + step - known) / (plans.length * job.steps - known);
      context.report({ kind: "step", label: `${plan.id}, seed ${plan.seed}`, share });
    };
    const run = await runShortly(place, plan, { runs, before, onStep });
    if (run === undefined) break;
    runs.push(run);
  }
  const isDone = runs.length === plans.length;
  if (isDone) await keeper.keep({ notes: { runs, losses: [], durations: [] } });
  const [base, ...others] = networks.map((_, own) => runs.filter((_run, index) => index % networks.length === own));
  const effects = others.flatMap((own, index) =>
    own.length === 0 ? [] : [measureEffect(job.variants[index].id, base, own)],
  );
  const { steps } = job;
  const testImages = Math.min(job.testImages, data.test.count);
  const status = isDone ? "done" : "stopped";
  return {
    data: data.name,
    steps,
    batch: imagesPerStep(completeRecipe(job.recipe)),
    testImages,
    status,
    ...opened.place,
    base,
    effects,
  };
};
