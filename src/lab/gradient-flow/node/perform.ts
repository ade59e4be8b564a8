import { standardDataset } from "../../../data/catalog.ts";
import { readFileBytes } from "../../../files/node.ts";
import { join } from "node:path";
import { noAugmentation } from "../../../data/augmentation.ts";
import { stepsPerEpoch } from "../../../data/batches.ts";
import type { Dataset } from "../../../data/image-set.ts";
import { type BatchLoader, createBatchLoader } from "../../../data/node/loader.ts";
import { openDataset } from "../../../data/node/open.ts";
import type { SampleSource } from "../../../data/sample-source.ts";
import { imageSource } from "../../../data/node/image-source.ts";
import { initializeState } from "../../../nn/initialization.ts";
import { createModel } from "../../../nn/models.ts";
import { countParameters, type Module } from "../../../nn/module.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import type { LabeledBatch } from "../../../train/batch.ts";
import type { Engine } from "../../../train/checkpoint.ts";
import type { ChosenLowering } from "../../../train/lowering.ts";
import type { JobContext, RunOf } from "../../../jobs/job.ts";
import { createModelCache } from "../../../train/node/model-cache.ts";
import { openEngine } from "../../../train/node/open-engine.ts";
import { planAllImages } from "../../../train/all-images.ts";
import { resolveClassWeights } from "../../../train/class-weights.ts";
import { openTrainer, planTraining, type TrainingPlan } from "../../../train/engine.ts";
import { completeRecipe, type RecipeRefusals, refuseRecipeFields } from "../../../train/recipe-check.ts";
import { type RecipeField, recipeFields } from "../../../train/recipe-options.ts";
import { type Recipe, variationOf } from "../../../train/recipe.ts";
import { stepOptionsOf } from "../../../train/recipe-step.ts";
import { describeSkippedStep } from "../../../train/loop.ts";
import { runSteps } from "../../../train/step-loop.ts";
import type { Trainer, TrainingState } from "../../../train/trainer.ts";
import { type FlowProbe, openFlowProbe } from "../probe.ts";
import { probeSteps, relativeChange } from "../profile.ts";
import type { NetworkFlow } from "../study.ts";
import { type FlowEvent, type FlowJob, flowRecipe, type FlowStart, type gradientFlowJob } from "./job.ts";
import { type KeptFlow, keptFlowSchema } from "./kept-flow.ts";
import type { Journal, JournalEntry } from "../../../jobs/journal.ts";
import { identityOf, openJournal } from "../../../jobs/node/journal.ts";
import { safetensorsCodec } from "../../../weights/safetensors/journal.ts";
import { identifyStudyData, openStudyData, openStudyNetwork } from "../../node/open-study.ts";

interface Workplace {
  readonly runtime: Runtime;
  readonly chosen: ChosenLowering;
  readonly job: FlowJob;
  readonly context: JobContext<FlowEvent>;
  readonly keeper: Journal<KeptFlow>;
}

type State = ReadonlyMap<string, Tensor>;

interface OpenedNetwork {
  readonly label: string;
  readonly module: Module;
  readonly state: State;
  readonly data: Dataset;
}

/** What a flow that is not trained takes from the recipe: the batch, and the loss whose gradient is followed. */
const fieldsOfTheStart: ReadonlySet<RecipeField> = new Set(["batch", "seed", "labelSmoothing", "classWeights"]);

/** Fields that following the gradient cannot follow. @param steps updates to take */
function refusalsOf(steps: number): RecipeRefusals {
  const idle = recipeFields.filter((field) => !fieldsOfTheStart.has(field));
  return {
    epochs: "does not apply to following the gradient, whose length is `steps`",
    reflectBorder: "needs images that are shifted, and following the gradient shifts none; leave it out",
    average: "does not apply to following the gradient: the weights are measured, not their moving average",
    ...(steps > 0
      ? {}
      : Object.fromEntries(idle.map((field) => [field, "changes nothing without updates; give `steps` above 0"]))),
  };
}

/** @throws {OptionError} naming a field that cannot be followed */
function recipeOf({ recipe, steps }: FlowJob): Recipe {
  refuseRecipeFields(recipe, refusalsOf(steps));
  return completeRecipe(recipe, flowRecipe);
}

async function openNetwork({ job, context }: Workplace, start: FlowStart): Promise<OpenedNetwork> {
  if ("file" in start) {
    const network = await openStudyNetwork(start.file);
    const onNote = (text: string): void => context.report({ kind: "note", text });
    network.notes.forEach(onNote);
    return { ...network, data: await openStudyData(network, job.data, { cache: job.cache, onNote }) };
  }
  const named = createModel(start.model, start.options);
  const [channels, height, width] = named.imageShape as [number, number, number];
  const data = await openDataset(job.data ?? standardDataset, job.cache, { channels, height, width });
  const options = { ...start.options, channels: data.train.channels, classes: data.classes.length };
  const { module } = createModel(start.model, options);
  return { label: start.label, module, state: initializeState(module, recipeOf(job).seed), data };
}

/** Where one network of the study begins: at its start, or where it was interrupted. */
interface FlowPlace {
  /** Networks that are done. */
  readonly networks: readonly NetworkFlow[];
  /** Of this network, if it was interrupted. */
  readonly before: JournalEntry<KeptFlow> | undefined;
  /** Says how far the study is, after so many steps of this network. */
  readonly report: (step: number, loss: number) => void;
}

/** Trains and measures on the way; an update is seen by the state before and after it. */
async function followTraining(
  { job, context, keeper }: Workplace,
  { networks, before: kept, report }: FlowPlace,
  tools: {
    readonly plan: TrainingPlan;
    readonly trainer: Trainer;
    readonly probe: FlowProbe;
    readonly loader: BatchLoader;
  },
): Promise<Pick<NetworkFlow, "profiles" | "status">> {
  const { plan, trainer, probe, loader } = tools;
  const wanted = new Set(probeSteps(job.steps, job.probes));
  const profiles = [...(kept?.notes.profiles ?? [])];
  const keep = async (): Promise<void> =>
    keeper.keep({ state: await trainer.state(), notes: { networks, step: trainer.steps, profiles } });
  let before: TrainingState | undefined;
  const end = await runSteps({
    trainer,
    plan,
    nextBatch: () => loader.next(),
    shouldStop: context.shouldStop,
    beforeStep: async () => {
      if (keeper.isDue()) await keep();
      before = wanted.has(trainer.steps) ? await trainer.state() : undefined;
    },
    afterStep: async ({ step, loss, isSkipped }) => {
      const taken = step - 1;
      if (isSkipped === true) context.report({ kind: "note", text: describeSkippedStep({ step }) });
      if (before !== undefined) {
        const [from, to] = [before, await trainer.state()];
        const change = (name: string): number => relativeChange(from.get(name)!.data, to.get(name)!.data);
        profiles.push(await probe.measure(from, taken, new Map(probe.weights.map((name) => [name, change(name)]))));
      }
      report(taken, loss);
    },
  });
  if (end.status === "stopped" && networks.length + trainer.steps > 0) await keep();
  if (end.status === "diverged" && before !== undefined) profiles.push(await probe.measure(before, trainer.steps));
  return { profiles, status: end.status === "enough" ? "done" : end.status };
}

async function readFirstBatch(source: SampleSource): Promise<LabeledBatch> {
  const loader = createBatchLoader(source, { steps: 1 });
  try {
    return loader.next();
  } finally {
    await loader.release();
  }
}

/** A network and the recipe, checked against each other. @throws {OptionError} naming what cannot be followed */
function planFlow(job: FlowJob, { module, data }: OpenedNetwork): TrainingPlan {
  const { channels, height, width, labels } = data.train;
  const recipe = resolveClassWeights(recipeOf(job), { labels, classes: data.classes });
  return planTraining({
    module,
    sampleShape: [channels, height, width],
    recipe,
    stepsPerEpoch: stepsPerEpoch(planAllImages(data.train.count, recipe)),
    // The last update is taken too, for its size is measured with the gradient.
    steps: job.steps + 1,
    validates: false,
  });
}

async function measureNetwork(place: Workplace, opened: OpenedNetwork, from: FlowPlace): Promise<NetworkFlow> {
  const { job, runtime, chosen } = place;
  const { data, label } = opened;
  const { train: set, normalization } = data;
  const plan = planFlow(job, opened);
  const { module, recipe } = plan;
  const sourceOf = (batch: number): SampleSource =>
    imageSource({
      set,
      normalization,
      augmentation: { ...noAugmentation, ...variationOf(recipe) },
      plan: planAllImages(set.count, recipe, batch),
    });
  const { loss } = stepOptionsOf(recipe);
  const { session } = job;
  const probe = await openFlowProbe(
    { runtime, session },
    { module, loss },
    await readFirstBatch(sourceOf(recipe.batch)),
  );
  let [trainer, loader]: [Trainer?, BatchLoader?] = [];
  try {
    const about = { label, parameters: countParameters(module) };
    if (job.steps === 0) return { ...about, status: "done", profiles: [await probe.measure(opened.state, 0)] };
    const host = {
      runtime,
      lowering: chosen.lowering,
      session: job.session,
      cache: createModelCache(join(job.cache, "compiled")),
    };
    const { state, notes } = from.before ?? { state: opened.state, notes: undefined };
    trainer = await openTrainer(plan, host, { state, steps: notes?.step ?? 0 });
    loader = createBatchLoader(sourceOf(plan.imagesPerStep), { firstStep: trainer.steps });
    return { ...about, ...(await followTraining(place, from, { plan, trainer, probe, loader })) };
  } finally {
    await loader?.release();
    await trainer?.release();
    await probe.release();
  }
}

async function identifyImages(start: FlowStart, job: FlowJob): ReturnType<typeof identifyStudyData> {
  if ("model" in start)
    return identifyStudyData(job.data ?? standardDataset, createModel(start.model, start.options).imageShape);
  const { data, imageShape } = await openStudyNetwork(start.file);
  return identifyStudyData(job.data ?? data, imageShape);
}

/** Identifies everything that the numbers depend on. */
async function identifyFlow(job: FlowJob, engine: Engine): Promise<string> {
  const { cache: _cache, training: _training, lowering: _lowering, device: _device, ...facts } = job;
  const files = job.networks.flatMap((start) => ("file" in start ? [start.file] : []));
  const contents = await Promise.all(job.networks.map((start) => identifyImages(start, job)));
  const content = contents.flatMap((each) => each.content ?? []);
  return identityOf(
    { kind: "gradflow", ...facts, ...(content.length === 0 ? {} : { content }), recipe: recipeOf(job), ...engine },
    await Promise.all(files.map((file) => readFileBytes(file))),
  );
}

/** Says how far the study is, of what this call has to do. */
function createFlowReport({ job, context }: Workplace, kept: KeptFlow | undefined) {
  const stepsOf = (network: number, step: number): number => network * (job.steps + 1) + step;
  const known = kept === undefined ? 0 : stepsOf(kept.networks.length, kept.step);
  const total = stepsOf(job.networks.length, 0) - known;
  return (network: number, label: string) =>
    (step: number, loss: number): void => {
      const share = (stepsOf(network, step + 1) - known) / total;
      context.report({ kind: "step", network, label, step, steps: job.steps, loss, share });
    };
}

/** The job of {@link gradientFlowJob}. */
export const followGradients: RunOf<typeof gradientFlowJob> = async (job, context) => {
  const opened = await openEngine(job, recipeOf(job).precision);
  const { runtime, chosen, engine } = opened;
  const identity = await identifyFlow(job, engine);
  const keeper = openJournal(job.training, { identity, notes: keptFlowSchema, codec: safetensorsCodec });
  const place: Workplace = { runtime, chosen, job, context, keeper };
  const kept = await keeper.read();
  const reportOf = createFlowReport(place, kept?.notes);
  const networks: NetworkFlow[] = [...(kept?.notes.networks ?? [])];
  let data = job.data ?? kept?.notes.data ?? "";
  if (networks.length > 0)
    context.report({ kind: "note", text: `measured earlier: ${networks.map(({ label }) => label).join("; ")}` });
  const keepNetworks = (): Promise<void> => keeper.keep({ notes: { networks, data, step: 0, profiles: [] } });
  let stopped: NetworkFlow | "between" | undefined;
  for (const start of job.networks.slice(networks.length)) {
    if (await context.shouldStop()) {
      if (networks.length > 0) await keepNetworks();
      stopped = "between";
      break;
    }
    const network = await openNetwork(place, start);
    data = network.data.name;
    const before = kept?.notes.networks.length === networks.length && kept.notes.step > 0 ? kept : undefined;
    if (before !== undefined)
      context.report({ kind: "note", text: `${network.label}: resumes at step ${before.notes.step} of ${job.steps}` });
    const report = reportOf(networks.length, network.label);
    const result = await measureNetwork(place, network, { networks, before, report });
    if (result.status === "stopped") {
      stopped = result;
      break;
    }
    networks.push(result);
    context.report({ kind: "network", result });
  }
  if (stopped === undefined) await keepNetworks();
  const { batch, seed } = recipeOf(job);
  const shown = typeof stopped === "object" && stopped.profiles.length > 0 ? [...networks, stopped] : networks;
  return { networks: shown, data, batch, steps: job.steps, seed, lowering: chosen.name, ...opened.place };
};
