import { join } from "node:path";
import { createBatchLoader } from "../../../data/node/loader.ts";
import type { JobContext, RunOf } from "../../../jobs/job.ts";
import type { NetworkCard } from "../../../networks/card.ts";
import { taskNameOf } from "../../../tasks/find-task.ts";
import { findNodeTask } from "../../../tasks/node/find-node-task.ts";
import { OptionError } from "../../../tensor/errors.ts";
import { openTrainer, type TrainingPlan } from "../../../train/engine.ts";
import { createModelCache } from "../../../train/node/model-cache.ts";
import { openEngine } from "../../../train/node/open-engine.ts";
import { planSetup, type TrainingSetup } from "../../../train/node/set-up.ts";
import { refuseRecipeFields } from "../../../train/recipe-check.ts";
import type { Recipe } from "../../../train/recipe.ts";
import { describeSkippedStep } from "../../../train/loop.ts";
import { runSteps } from "../../../train/step-loop.ts";
import type { Trainer } from "../../../train/trainer.ts";
import { createRamp, createSmoother, hasDiverged, type RatePoint, type RateStudy, suggestRates } from "../study.ts";
import { type RateEvent, type RateJob, type rateJob, rateRefusals } from "./job.ts";

/** The valley is found in quadratic time. */
const MOST_STEPS = 10_000;
/** Without the first tenth and the last five, enough are left. */
const FEWEST_STEPS = 10;

/** @throws {OptionError} naming what cannot be tested */
function requireRamp({ lowest, highest, steps }: RateJob): void {
  if (!(Number.isInteger(steps) && steps >= FEWEST_STEPS && steps <= MOST_STEPS))
    throw new OptionError("steps", `must be a whole number from ${FEWEST_STEPS} to ${MOST_STEPS}, got ${steps}`);
  if (!(lowest > 0 && Number.isFinite(lowest)))
    throw new OptionError("lowest", `must be a number above 0, got ${lowest}`);
  if (!(highest > lowest && Number.isFinite(highest)))
    throw new OptionError("highest", `must be above \`lowest\`, ${lowest}, got ${highest}`);
}

/** The whole recipe, with a rate that never falls; {@link createRamp} takes the place of its schedule. */
function recipeOf({ start: { recipe }, highest }: RateJob): Recipe {
  refuseRecipeFields(recipe, rateRefusals);
  return { ...recipe, epochs: 1, learningRate: highest, schedule: "constant", warmupSteps: 0 };
}

const labelOf = ({ model: { name, options } }: NetworkCard): string =>
  options.shortcut === undefined ? name : `${name}, ${options.shortcut}`;

interface Ramp {
  readonly job: RateJob;
  readonly setup: TrainingSetup;
  readonly plan: TrainingPlan;
  readonly context: JobContext<RateEvent>;
}

/** Takes the steps until the last one, divergence or a stop. */
async function climb(
  { job, setup, plan, context }: Ramp,
  trainer: Trainer,
): Promise<Pick<RateStudy, "points" | "status">> {
  const loader = createBatchLoader(setup.source, {});
  const smooth = createSmoother();
  const points: RatePoint[] = [];
  try {
    const end = await runSteps({
      trainer,
      plan: { ...plan, rateAt: createRamp(job.lowest, job.highest, job.steps) },
      nextBatch: () => loader.next(),
      shouldStop: context.shouldStop,
      afterStep: ({ loss, step: taken, isSkipped }, learningRate) => {
        const step = points.length;
        if (isSkipped === true) context.report({ kind: "note", text: describeSkippedStep({ step: taken }) });
        points.push({ step, learningRate, loss, smoothed: smooth(loss) });
        context.report({ kind: "step", step: step + 1, steps: job.steps, learningRate, loss });
        return hasDiverged(points) ? "enough" : undefined;
      },
    });
    return { points, status: end.status === "enough" ? "diverged" : end.status };
  } finally {
    await loader.release();
  }
}

/** The job of {@link rateJob}: a training as `train` would begin it, at a rate that rises from step to step. */
export const testRates: RunOf<typeof rateJob> = async (job, context) => {
  requireRamp(job);
  const recipe = recipeOf(job);
  const note = (text: string): void => context.report({ kind: "note", text });
  const { runtime, chosen, engine, place } = await openEngine(job, recipe.precision);
  if (chosen.reason !== undefined) note(`training with the portable lowering: ${chosen.reason}`);
  const task = await findNodeTask(taskNameOf(job.start.task, "task"));
  const setup = await task.setUp({ ...job.start, recipe }, { cache: job.cache, engine, note });
  const plan = planSetup(setup, { steps: job.steps });
  const host = {
    runtime,
    lowering: chosen.lowering,
    session: job.session,
    cache: createModelCache(join(job.cache, "compiled")),
  };
  const trainer = await openTrainer(plan, host, setup.state && { state: setup.state, steps: 0 });
  try {
    const { points, status } = await climb({ job, setup, plan, context }, trainer);
    const { network } = setup.notes;
    const suggestions = suggestRates(points, job.steps);
    return {
      label: labelOf(network),
      data: network.data,
      batch: plan.imagesPerStep,
      optimizer: recipe.optimizer.name,
      seed: recipe.seed,
      lowest: job.lowest,
      highest: job.highest,
      steps: job.steps,
      points,
      status,
      ...(suggestions === undefined ? {} : { suggestions }),
      lowering: chosen.name,
      ...place,
    };
  } finally {
    await trainer.release();
  }
};
