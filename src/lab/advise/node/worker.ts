import { join } from "node:path";
import * as v from "valibot";
import { noAugmentation } from "../../../data/augmentation.ts";
import { type Dataset, takeFirst } from "../../../data/image-set.ts";
import { openEvaluation } from "../../../data/node/evaluation.ts";
import { createBatchLoader } from "../../../data/node/loader.ts";
import { openDataset } from "../../../data/node/open.ts";
import type { ModelOptions } from "../../../nn/model-options.ts";
import { createModel, type NamedModel } from "../../../nn/models.ts";
import { createNodeRuntime } from "../../../runtime/node.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import { evaluate, evaluationBatchSize } from "../../../train/evaluate.ts";
import { withInference } from "../../../networks/inference.ts";
import { chooseLowering, type ChosenLowering } from "../../../train/lowering.ts";
import type { JobContext } from "../../../jobs/job.ts";
import { serveJob } from "../../../jobs/node/child-process.ts";
import { createModelCache } from "../../../train/node/model-cache.ts";
import { createRecipeSchedule, type Recipe, stepOptionsOf } from "../../../train/recipe.ts";
import { createTrainer, DivergenceError, type Trainer } from "../../../train/trainer.ts";
import { measureEffect, type ShortRun } from "../measured.ts";
import type { MeasureEvent, MeasureJob, measuringJob } from "./job.ts";
import { type Journal, type JournalEntry, keptNumber } from "../../../jobs/journal.ts";
import { identityOf, openJournal } from "../../../jobs/node/journal.ts";
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
  /** Of the steps of the next one. */
  readonly losses: readonly number[];
  readonly durations: readonly number[];
}

const keptRunsSchema: v.GenericSchema<unknown, KeptRuns> = v.strictObject({
  runs: v.array(v.strictObject({ seed: v.number(), accuracy: keptNumber, loss: keptNumber, milliseconds: keptNumber })),
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

const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Where one training begins: at its start, or where it was interrupted. */
interface RunStart {
  readonly runs: readonly ShortRun[];
  readonly before: JournalEntry<KeptRuns> | undefined;
  readonly onStep: (step: number) => void;
}

/** Trains one network for a short while; undefined if it was stopped. */
async function runShortly(place: Workplace, plan: RunPlan, start: RunStart): Promise<ShortRun | undefined> {
  const { runtime, chosen, data, job } = place;
  const { channels, height, width } = data.train;
  const { module } = createModel(plan.name, { ...plan.options, channels, classes: data.classes.length });
  const model = { module, imageShape: [channels, height, width] };
  const recipe = { ...job.recipe, seed: plan.seed };
  const trainer = await createTrainer({
    ...stepOptionsOf(recipe),
    ...model,
    runtime,
    lowering: chosen.lowering,
    session: job.session,
    cache: createModelCache(join(job.cache, "compiled")),
  });
  const losses = [...(start.before?.notes.losses ?? [])];
  const durations = [...(start.before?.notes.durations ?? [])];
  if (start.before !== undefined) trainer.load(start.before.state, losses.length);
  try {
    if (!(await trainShortly(place, trainer, recipe, { ...start, losses, durations }))) return undefined;
    const accuracy = await testShortly(place, model, trainer);
    const last = losses.slice(-Math.max(1, Math.floor(losses.length / 10)));
    const loss = last.reduce((a, b) => a + b, 0) / last.length;
    return { seed: plan.seed, accuracy, loss, milliseconds: medianOf(durations) };
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
    return { seed: plan.seed, accuracy: Number.NaN, loss: Number.NaN, milliseconds: medianOf(durations) };
  } finally {
    await trainer.release();
  }
}

/** Adds to losses and durations, step by step. @returns whether all steps are done */
async function trainShortly(
  { data, job, context, keeper }: Workplace,
  trainer: Trainer,
  recipe: Recipe,
  { runs, losses, durations, onStep }: RunStart & { readonly losses: number[]; readonly durations: number[] },
): Promise<boolean> {
  const indices = Uint32Array.from({ length: data.train.count }, (_, index) => index);
  const plan = { batch: recipe.batch, seed: recipe.seed, shuffle: true, indices };
  const source = { set: data.train, normalization: data.normalization, augmentation: noAugmentation, plan };
  const loader = createBatchLoader(source, { firstStep: trainer.steps });
  const schedule = createRecipeSchedule(recipe, job.steps);
  const keep = async (): Promise<void> =>
    keeper.keep({ state: await trainer.state(), notes: { runs, losses, durations } });
  try {
    for (let step = trainer.steps; step < job.steps; step++) {
      if (await context.shouldStop()) {
        if (runs.length + step > 0) await keep();
        return false;
      }
      if (keeper.isDue()) await keep();
      const start = performance.now();
      losses.push((await trainer.step(loader.next(), schedule(step))).loss);
      durations.push(performance.now() - start);
      onStep(step + 1);
    }
    return true;
  } finally {
    await loader.release();
  }
}

async function testShortly(
  { runtime, data, job }: Workplace,
  { module, imageShape }: Pick<NamedModel, "module" | "imageShape">,
  trainer: Trainer,
): Promise<number> {
  const images = takeFirst(data.test, Math.min(job.testImages, data.test.count));
  const test = openEvaluation(images, data.normalization, evaluationBatchSize(imageShape));
  const state = await trainer.state();
  const { accuracy } = await withInference({ runtime, module, imageShape, state, session: job.session }, (session) =>
    evaluate(session, test),
  );
  return accuracy;
}

/** Of all that the numbers depend on. */
function identifyMeasurement(job: MeasureJob, runtime: Runtime, chosen: ChosenLowering): string {
  const { cache: _cache, training: _training, lowering: _lowering, ...facts } = job;
  const made = { lowering: chosen.name, runtime: `${runtime.name} ${runtime.version}` };
  return identityOf({ kind: "advise", ...facts, ...made });
}

serveJob<typeof measuringJob>(async (job, context) => {
  const runtime = createNodeRuntime();
  const chosen = await chooseLowering(runtime, job.lowering);
  const [channels, height, width] = createModel(job.base.name, job.base.options).imageShape;
  const data = await openDataset(job.data, job.cache, { channels, height, width });
  const identity = identifyMeasurement(job, runtime, chosen);
  const keeper = openJournal(job.training, { identity, notes: keptRunsSchema, codec: safetensorsCodec });
  const place: Workplace = { runtime, chosen, data, job, context, keeper };
  const networks = [{ id: "as it is", ...job.base }, ...job.variants];
  // Seed by seed: what is stopped in between has whole pairs.
  const plans = job.seeds.flatMap((seed) => networks.map((network): RunPlan => ({ ...network, seed })));
  const kept = await keeper.read();
  const runs: ShortRun[] = [...(kept?.notes.runs ?? [])];
  const known = runs.length * job.steps + (kept?.notes.losses.length ?? 0);
  if (kept !== undefined) {
    const { id, seed } = plans[runs.length];
    const text = `${id}, seed ${seed}: goes on at step ${kept.notes.losses.length} of ${job.steps}`;
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
  if (isDone) await keeper.forget();
  const [base, ...others] = networks.map((_, own) => runs.filter((_run, index) => index % networks.length === own));
  const effects = others.flatMap((own, index) =>
    own.length === 0 ? [] : [measureEffect(job.variants[index].id, base, own)],
  );
  const { steps, recipe } = job;
  const testImages = Math.min(job.testImages, data.test.count);
  const status = isDone ? "done" : "stopped";
  return { data: data.name, steps, batch: recipe.batch, testImages, status, base, effects };
});
