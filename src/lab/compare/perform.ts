import * as v from "valibot";
import { type Batch, type BatchPlan, type ImageBatches, stepsPerEpoch } from "../../data/batches.ts";
import { type Dataset, type Images, type Normalization, takeFirst } from "../../data/image-set.ts";
import { noAugmentation } from "../../data/augmentation.ts";
import { describeModule } from "../../nn/describe.ts";
import { createModel, type NamedModel } from "../../nn/models.ts";
import { type Module, parametersOf } from "../../nn/module.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { ResiduaError } from "../../tensor/errors.ts";
import { evaluateClassifier } from "../../tasks/classify/judge.ts";
import { withInference } from "../../networks/inference.ts";
import type { ModelCache } from "../../train/model-cache.ts";
import type { ChosenLowering } from "../../train/lowering.ts";
import type { JobContext } from "../../jobs/job.ts";
import { cautionsOfAverages } from "../../train/cautions.ts";
import { resolveClassWeights } from "../../train/class-weights.ts";
import { imagesToWhiten } from "../../train/whitening.ts";
import { openTrainer, planTraining, predictingState, type TrainingPlan } from "../../train/engine.ts";
import { rateOf } from "../../train/rate.ts";
import { type RecipeRefusals, refuseRecipeFields } from "../../train/recipe-check.ts";
import { fitBatch } from "../../train/fit-batch.ts";
import { imagesPerStep, type Recipe, variationOf } from "../../train/recipe.ts";
import { describeSkippedStep } from "../../train/loop.ts";
import { runSteps } from "../../train/step-loop.ts";
import type { Trainer } from "../../train/trainer.ts";
import { createClock } from "./clock.ts";
import { cellOf, type CurvePoint, type DrawnRun } from "./comparison.ts";
import { isTestDue, judgeGoal, requireGoal } from "./goal.ts";
import type { RunPlan } from "./plan.ts";
import type { CompareEvent, CompareResult, ComparisonWork } from "./job.ts";
import { type Journal, type JournalEntry, type JournalOptions, keptNumber } from "../../jobs/journal.ts";

/** The parameter whose gradient has passed through every block: the first weight, whatever its name. */
function firstLayerOf(module: Module): string {
  const weight = Array.from(parametersOf(module)).find(([, { role }]) => role === "weight");
  if (weight === undefined) throw new ResiduaError(module.kind, "has no weight to train");
  return weight[0];
}

const EVALUATION_BATCH = 250;

/** Why a run with a goal refuses what changes from step to step. */
const unequalSteps = "changes what a step costs, which `until` counts; leave it out";
/** Of a comparison by what it costs to reach an accuracy. */
const unequalRefusals: RecipeRefusals = { progressiveResize: unequalSteps, freezeOut: unequalSteps };

const curveSchema: v.GenericSchema<unknown, readonly CurvePoint[]> = v.pipe(
  v.array(
    v.strictObject({
      step: v.number(),
      loss: v.number(),
      firstLayerGradientNorm: keptNumber,
      milliseconds: v.exactOptional(v.number()),
      testAccuracy: v.exactOptional(v.number()),
    }),
  ),
  v.check((curve) => curve.every(({ step }, index) => step === index + 1)),
);

/** Batches one after another, as they are prepared somewhere. */
export interface PreparedBatches {
  readonly next: () => Batch;
  readonly release: () => Promise<void>;
}

/** What computes a comparison, and where its data come from. */
export interface ComparisonHost<I extends Images = Images> {
  readonly runtime: Runtime;
  readonly chosen: ChosenLowering;
  /** The device and its adapter, if not the processor. */
  readonly device?: string | undefined;
  readonly cache?: ModelCache;
  readonly data: Dataset<I>;
  /** Prepares the batches of a training from a step on. */
  prepare(batches: ImageBatches<I>, firstStep: number): PreparedBatches;
  /** All of these images once, in order. */
  evaluate(images: I, normalization: Normalization, batch: number): AsyncIterable<Batch> | Iterable<Batch>;
  /** Where the run of this place in the work is kept when it is interrupted. */
  readonly openJournal: (
    run: number,
    options: Omit<JournalOptions<readonly CurvePoint[]>, "codec">,
  ) => Journal<readonly CurvePoint[]>;
}

interface Workplace {
  readonly host: ComparisonHost;
  readonly job: ComparisonWork;
  readonly context: JobContext<CompareEvent>;
}

interface Training {
  readonly curve: readonly CurvePoint[];
  readonly status: DrawnRun["status"];
  readonly imagesPerSecond: number;
  /** The last test, if the run was tested on the way. */
  readonly tested?: Tested;
}

type Tested = Required<Pick<DrawnRun, "testAccuracy" | "testLoss">>;

function planBatches(count: number, recipe: Recipe): BatchPlan {
  return {
    batch: imagesPerStep(recipe),
    seed: recipe.seed,
    shuffle: true,
    indices: Uint32Array.from({ length: count }, (_, index) => index),
  };
}

/** Steps of a run with this recipe, on so many images. */
function countSteps(count: number, recipe: Recipe, { length = 1 }: RunPlan): number {
  return Math.max(1, Math.round(length * recipe.epochs * stepsPerEpoch(planBatches(count, recipe))));
}

/** A run's whole recipe. */
function recipeOf(job: ComparisonWork, run: RunPlan): Recipe {
  return { ...job.recipe, ...run.recipe, seed: run.seed };
}

/** What a run trains with, and where it resumes. */
interface RunStart {
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
async function trainRun(
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
      plan: planBatches(data.train.count, plan.recipe),
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

/** Mean loss of the last tenth of the steps: a single batch's is too noisy. */
function finalLoss(curve: readonly CurvePoint[]): number {
  const last = curve.slice(-Math.max(1, Math.floor(curve.length / 10)));
  return last.reduce((sum, { loss }) => sum + loss, 0) / last.length;
}

async function testRun(
  { host: { runtime, data, evaluate }, job }: Workplace,
  { module, imageShape }: NamedModel,
  trainer: Trainer,
): Promise<Tested> {
  const state = await predictingState(trainer);
  const batches = evaluate(data.test, data.normalization, EVALUATION_BATCH);
  const found = await withInference({ runtime, module, imageShape, state, session: job.session }, (session) =>
    evaluateClassifier(session, batches),
  );
  return { testAccuracy: found.measures.accuracy ?? Number.NaN, testLoss: found.loss };
}

/** A run's network and recipe, checked against each other. @throws {OptionError} naming what cannot be followed */
function planRun({ host, job }: Workplace, run: RunPlan): { readonly model: NamedModel; readonly plan: TrainingPlan } {
  const { data } = host;
  const { channels, height, width } = data.train;
  const named = createModel(run.model, {
    ...run.options,
    shortcut: run.shortcut,
    channels,
    classes: data.classes.length,
  });
  const model: NamedModel = { ...named, imageShape: [channels, height, width] };
  const { labels } = data.train;
  refuseRecipeFields(run.recipe ?? {}, { seed: "cannot be set in a run's recipe; it is the run's own `seed`" });
  const recipe = resolveClassWeights(recipeOf(job, run), { labels, classes: data.classes });
  const plan = planTraining({
    module: model.module,
    sampleShape: model.imageShape,
    recipe,
    stepsPerEpoch: stepsPerEpoch(planBatches(data.train.count, recipe)),
    steps: countSteps(data.train.count, recipe, run),
    validates: false,
    refuses: job.until === undefined ? {} : unequalRefusals,
    imagesToWhiten: () =>
      host.evaluate(
        takeFirst(data.train, Math.min(data.train.count, imagesToWhiten)),
        data.normalization,
        EVALUATION_BATCH,
      ),
    watch: [firstLayerOf(model.module)],
  });
  return { model, plan };
}

async function performRun(place: Workplace, run: RunPlan, index: number): Promise<DrawnRun> {
  const { host, job } = place;
  const { runtime, chosen, data, cache, device } = host;
  const { model, plan } = planRun(place, run);
  const { recipe } = plan;
  // The file's name tells one run from another.
  const keeper = host.openJournal(index, { identity: "compared run", notes: curveSchema });
  const before = await keeper.read();
  const { parameters, multiplyAdds } = describeModule(model.module, model.imageShape);
  place.context.report({
    kind: "begin",
    run: index,
    begin: {
      recipe,
      imageShape: model.imageShape,
      classes: data.classes,
      trainImages: data.train.count,
      testImages: data.test.count,
      stepsPerEpoch: plan.stepsPerEpoch,
      parameters,
      lowering: chosen.name,
      runtime: `${runtime.name} ${runtime.version}`,
      ...(device === undefined ? {} : { device }),
      ...(before === undefined ? {} : { resumed: before.notes }),
    },
  });
  const engine = {
    runtime,
    lowering: chosen.lowering,
    session: job.session,
    ...(cache === undefined ? {} : { cache }),
  };
  const trainer = await openTrainer(plan, engine, before && { state: before.state, steps: before.notes.length });
  try {
    const [firstLayer] = plan.watch!;
    const test = (): Promise<Tested> => testRun(place, model, trainer);
    const start = { run: index, plan, before, keeper, firstLayer, test };
    const { curve, status, imagesPerSecond, tested: last } = await trainRun(place, trainer, start);
    const tested = status === "done" ? (last ?? (await test())) : { testAccuracy: Number.NaN };
    if (status !== "stopped") await keeper.forget();
    return {
      ...cellOf(run),
      seed: run.seed,
      parameters,
      multiplyAdds,
      ...tested,
      trainLoss: status === "diverged" ? Number.NaN : finalLoss(curve),
      firstLayerGradientNorm: curve[0]?.firstLayerGradientNorm ?? Number.NaN,
      imagesPerSecond,
      status,
      ...(device === undefined ? {} : { device }),
      ...(job.until === undefined ? {} : { goal: judgeGoal(job.until, curve, plan) }),
      curve,
    };
  } finally {
    await trainer.release();
  }
}

/** The data's first images, as many as are wanted. */
function takeWanted(data: Dataset, { trainImages, testImages }: ComparisonWork): Dataset {
  const first = (images: Images, wanted: number | undefined): Images =>
    takeFirst(images, Math.min(wanted ?? images.count, images.count));
  return { ...data, train: first(data.train, trainImages), test: first(data.test, testImages) };
}

/** The work with a batch that the data are enough for, if it may be brought down. */
function fitWork(work: ComparisonWork, images: number, note: (text: string) => void): ComparisonWork {
  if (work.fitsBatch !== true) return work;
  const { seed: _, ...recipe } = fitBatch({ ...work.recipe, seed: 0 }, images, note);
  return { ...work, recipe };
}

/** Trains and tests all networks of a comparison, one after another. */
export async function performComparison(
  work: ComparisonWork,
  given: ComparisonHost,
  context: JobContext<CompareEvent>,
): Promise<CompareResult> {
  requireGoal(work.until);
  const data = takeWanted(given.data, work);
  const host: ComparisonHost = { ...given, data };
  const { chosen } = host;
  const note = (text: string): void => context.report({ kind: "note", text });
  if (chosen.reason !== undefined) note(`training with the portable lowering: ${chosen.reason}`);
  const job = fitWork(work, data.train.count, note);
  const place: Workplace = { host, job, context };
  // Checked before anything is reported or trained: even a grid's last row may hold a mistake.
  for (const run of job.runs.filter(({ seed }) => seed === job.runs[0].seed)) planRun(place, run);
  const runs: DrawnRun[] = [];
  const stepsOf = (index: number): number => {
    const own = recipeOf(job, job.runs[index]);
    return countSteps(data.train.count, own, job.runs[index]);
  };
  const fits = createClock(job, (index) => stepsOf(index) * imagesPerStep(recipeOf(job, job.runs[index])));
  const averages = job.runs.map((run, index) => ({ decay: recipeOf(job, run).average, steps: stepsOf(index) }));
  for (const caution of cautionsOfAverages(averages)) note(caution);
  let skipped = 0;
  for (const [index, plan] of job.runs.entries()) {
    const seconds = fits.missing(index);
    if (seconds !== undefined) {
      skipped++;
      context.report({ kind: "skip", run: index, seconds });
      continue;
    }
    const run = await performRun(place, plan, index);
    if (run.status === "stopped") break;
    fits.done(index, run.curve.length / stepsOf(index));
    runs.push(run);
    context.report({ kind: "run", run: index, result: run });
  }
  return {
    runs,
    skipped,
    lowering: chosen.name,
    trainImages: data.train.count,
    testImages: data.test.count,
    ...(job === work ? {} : { batch: job.recipe.batch }),
  };
}
