import { join } from "node:path";
import { noAugmentation } from "../../data/augmentation.ts";
import { type Dataset, takeFirst } from "../../data/image-set.ts";
import { openEvaluation } from "../../data/node/evaluation.ts";
import { createBatchLoader } from "../../data/node/loader.ts";
import { openDataset } from "../../data/node/open.ts";
import type { ModelOptions } from "../../nn/model-options.ts";
import { createModel } from "../../nn/models.ts";
import { createNodeRuntime } from "../../runtime/node.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { evaluate, evaluationBatchSize, withInference } from "../../train/evaluate.ts";
import { chooseLowering, type ChosenLowering } from "../../train/lowering.ts";
import { type JobContext, serveJob } from "../../train/node/child-job.ts";
import { createModelCache } from "../../train/node/model-cache.ts";
import { createRecipeSchedule, stepOptionsOf } from "../../train/recipe.ts";
import { createTrainer, DivergenceError } from "../../train/trainer.ts";
import { measureEffect, type ShortRun } from "../advise/measured.ts";
import type { Measured, MeasureEvent, MeasureJob } from "./advise.ts";

interface Workplace {
  readonly runtime: Runtime;
  readonly chosen: ChosenLowering;
  readonly data: Dataset;
  readonly job: MeasureJob;
  readonly context: JobContext<MeasureEvent>;
}

/** Trains one network for a short while; undefined if it was stopped. */
async function runShortly(
  { runtime, chosen, data, job, context }: Workplace,
  { name, options }: { readonly name: string; readonly options: ModelOptions },
  seed: number,
  onStep: (step: number) => void,
): Promise<ShortRun | undefined> {
  const { channels, height, width } = data.train;
  const { module } = createModel(name, { ...options, channels, classes: data.classes.length });
  const imageShape = [channels, height, width];
  const recipe = { ...job.recipe, seed };
  const indices = Uint32Array.from({ length: data.train.count }, (_, index) => index);
  const plan = { batch: recipe.batch, seed, shuffle: true, indices };
  const source = { set: data.train, normalization: data.normalization, augmentation: noAugmentation, plan };
  const loader = createBatchLoader(source, { workers: 1 });
  const trainer = await createTrainer({
    ...stepOptionsOf(recipe),
    runtime,
    module,
    imageShape,
    lowering: chosen.lowering,
    session: job.session,
    cache: createModelCache(join(job.cache, "compiled")),
  });
  const schedule = createRecipeSchedule(recipe, job.steps);
  const [durations, losses]: [number[], number[]] = [[], []];
  try {
    for (let step = 0; step < job.steps; step++) {
      if (await context.shouldStop()) return undefined;
      const start = performance.now();
      losses.push((await trainer.step(loader.next(), schedule(step))).loss);
      durations.push(performance.now() - start);
      onStep(step + 1);
    }
    const test = openEvaluation(
      takeFirst(data.test, Math.min(job.testImages, data.test.count)),
      data.normalization,
      evaluationBatchSize(imageShape),
    );
    const state = await trainer.state();
    const { accuracy } = await withInference({ runtime, module, imageShape, state, session: job.session }, (session) =>
      evaluate(session, test),
    );
    const last = losses.slice(-Math.max(1, Math.floor(losses.length / 10)));
    return {
      seed,
      accuracy,
      loss: last.reduce((a, b) => a + b, 0) / last.length,
      milliseconds: durations.toSorted((a, b) => a - b)[Math.floor(durations.length / 2)],
    };
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
    return {
      seed,
      accuracy: Number.NaN,
      loss: Number.NaN,
      milliseconds: durations[Math.floor(durations.length / 2)] ?? Number.NaN,
    };
  } finally {
    await trainer.release();
    await loader.release();
  }
}

serveJob<MeasureJob, MeasureEvent, Measured>(async (job, context) => {
  const runtime = createNodeRuntime();
  const chosen = await chooseLowering(runtime, job.lowering);
  const [channels, height, width] = createModel(job.base.name, job.base.options).imageShape;
  const data = await openDataset(job.data, job.cache, { channels, height, width });
  const place: Workplace = { runtime, chosen, data, job, context };
  const networks = [{ id: "as it is", ...job.base }, ...job.variants];
  const runs = networks.map((): ShortRun[] => []);
  const total = networks.length * job.seeds.length;
  let done = 0;
  let status: Measured["status"] = "done";
  // Seed by seed: what is stopped in between has whole pairs.
  for (const seed of job.seeds) {
    for (const [index, network] of networks.entries()) {
      if (status === "stopped") break;
      const report = (step: number): void =>
        context.report({ label: `${network.id}, seed ${seed}`, share: (done + step / job.steps) / total });
      const run = await runShortly(place, network, seed, report);
      if (run === undefined) status = "stopped";
      else runs[index].push(run);
      done++;
    }
  }
  const [base, ...others] = runs;
  const effects = others.flatMap((own, index) =>
    own.length === 0 ? [] : [measureEffect(job.variants[index].id, base, own)],
  );
  const { steps, recipe } = job;
  const testImages = Math.min(job.testImages, data.test.count);
  return { data: data.name, steps, batch: recipe.batch, testImages, status, base, effects };
});
