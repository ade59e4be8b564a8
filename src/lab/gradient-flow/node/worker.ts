import { readFileBytes } from "../../../files/node.ts";
import { join } from "node:path";
import { toModel } from "../../../compile/inference.ts";
import { portable } from "../../../compile/portable/lowering.ts";
import { stepNames } from "../../../compile/step/names.ts";
import { noAugmentation } from "../../../data/augmentation.ts";
import type { BatchPlan } from "../../../data/batches.ts";
import type { Dataset } from "../../../data/image-set.ts";
import { type BatchLoader, createBatchLoader } from "../../../data/node/loader.ts";
import { openDataset } from "../../../data/node/open.ts";
import type { SampleSource } from "../../../data/node/sample-source.ts";
import { initializeState } from "../../../nn/initialization.ts";
import { createModel } from "../../../nn/models.ts";
import { countParameters, type Module } from "../../../nn/module.ts";
import { encodeModel } from "../../../onnx/encode.ts";
import { createNodeRuntime } from "../../../runtime/node.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import { OptionError } from "../../../tensor/errors.ts";
import { type Shape, sizeOf } from "../../../tensor/shape.ts";
import { float32, type Tensor } from "../../../tensor/tensor.ts";
import type { LabeledBatch } from "../../../train/batch.ts";
import { chooseLowering, type ChosenLowering } from "../../../train/lowering.ts";
import type { JobContext } from "../../../jobs/job.ts";
import { serveJob } from "../../../jobs/node/child-process.ts";
import { createModelCache } from "../../../train/node/model-cache.ts";
import { createRecipeSchedule, stepOptionsOf } from "../../../train/recipe.ts";
import { createTrainer, DivergenceError, type Trainer } from "../../../train/trainer.ts";
import { buildFlowGraph, FLOW } from "../graph.ts";
import { type FlowProfile, probeSteps, readProfile, relativeChange } from "../profile.ts";
import type { NetworkFlow } from "../study.ts";
import { readScalars } from "../../scalars.ts";
import type { FlowEvent, FlowJob, FlowStart, gradientFlowJob } from "./job.ts";
import { type KeptFlow, keptFlowSchema } from "./kept-flow.ts";
import type { Journal, JournalEntry } from "../../../jobs/journal.ts";
import { identityOf, openJournal } from "../../../jobs/node/journal.ts";
import { safetensorsCodec } from "../../../weights/safetensors/journal.ts";
import { openStudyData, openStudyNetwork } from "../../node/open-study.ts";

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

async function openNetwork({ job, context }: Workplace, start: FlowStart): Promise<OpenedNetwork> {
  if ("file" in start) {
    const network = await openStudyNetwork(start.file);
    for (const text of network.notes) context.report({ kind: "note", text });
    return { ...network, data: await openStudyData(network, job.data, job.cache) };
  }
  const named = createModel(start.model, start.options);
  const [channels, height, width] = named.imageShape as [number, number, number];
  const data = await openDataset(job.data ?? "mnist", job.cache, { channels, height, width });
  const options = { ...start.options, channels: data.train.channels, classes: data.classes.length };
  const { module } = createModel(start.model, options);
  return { label: start.label, module, state: initializeState(module, job.recipe.seed), data };
}

interface Probe {
  measure(state: State, step: number, updates?: ReadonlyMap<string, number>): Promise<FlowProfile>;
  /** State-dict names of the layers' weights. */
  readonly weights: readonly string[];
  release(): Promise<void>;
}

const onesLike = (shape: Shape): Tensor<"float32"> => float32(shape, new Float32Array(sizeOf(shape)).fill(1));

/** Compiles what measures a network on one batch. Dropout leaves nothing out. */
async function openProbe({ runtime, job }: Workplace, module: Module, batch: LabeledBatch): Promise<Probe> {
  const { loss } = stepOptionsOf(job.recipe);
  const [count, ...imageShape] = batch.images.shape;
  const flow = buildFlowGraph({ module, imageShape, batch: count, loss });
  if (flow.layers.length === 0)
    throw new OptionError("--model", "has no layer with weights; there is no gradient to follow");
  const graph = portable.lower(flow.graph).write();
  const session = await runtime.load(encodeModel(toModel(graph)), job.session);
  const noise = Array.from(flow.noise, ([name, { value }]) => [name, onesLike(value.shape as Shape)] as const);
  return {
    weights: flow.layers.map(({ weight }) => weight),
    measure: async (state, step, updates) => {
      const held = graph.inputs.flatMap(({ name }) => {
        const value = state.get(name);
        return value === undefined ? [] : [[name, value] as const];
      });
      const feeds = { ...Object.fromEntries([...held, ...noise]), [stepNames.images]: batch.images };
      const { [FLOW]: values } = await session.run({ ...feeds, [stepNames.labels]: batch.labels });
      return readProfile(flow, step, readScalars(flow.names, (await values.read()).data as Float32Array), updates);
    },
    release: () => session.release(),
  };
}

const planBatches = ({ train }: Dataset, { recipe }: FlowJob): BatchPlan => ({
  batch: recipe.batch,
  seed: recipe.seed,
  shuffle: true,
  indices: Uint32Array.from({ length: train.count }, (_, index) => index),
});

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
  tools: { readonly trainer: Trainer; readonly probe: Probe; readonly loader: BatchLoader },
): Promise<Pick<NetworkFlow, "profiles" | "status">> {
  const { trainer, probe, loader } = tools;
  const schedule = createRecipeSchedule(job.recipe, job.steps + 1);
  const wanted = new Set(probeSteps(job.steps, job.probes));
  const profiles = [...(kept?.notes.profiles ?? [])];
  const keep = async (step: number): Promise<void> =>
    keeper.keep({ state: await trainer.state(), notes: { networks, step, profiles } });
  for (let step = trainer.steps; step <= job.steps; step++) {
    if (await context.shouldStop()) {
      if (networks.length + step > 0) await keep(step);
      return { profiles, status: "stopped" };
    }
    if (keeper.isDue()) await keep(step);
    const before = wanted.has(step) ? await trainer.state() : undefined;
    let loss: number;
    try {
      ({ loss } = await trainer.step(loader.next(), schedule(step)));
    } catch (error) {
      if (!(error instanceof DivergenceError)) throw error;
      if (before !== undefined) profiles.push(await probe.measure(before, step));
      return { profiles, status: "diverged" };
    }
    if (before !== undefined) {
      const after = await trainer.state();
      const change = (name: string): number => relativeChange(before.get(name)!.data, after.get(name)!.data);
      profiles.push(await probe.measure(before, step, new Map(probe.weights.map((name) => [name, change(name)]))));
    }
    report(step, loss);
  }
  return { profiles, status: "done" };
}

async function readFirstBatch(source: SampleSource): Promise<LabeledBatch> {
  const loader = createBatchLoader(source, { steps: 1 });
  try {
    return loader.next();
  } finally {
    await loader.release();
  }
}

async function measureNetwork(place: Workplace, opened: OpenedNetwork, from: FlowPlace): Promise<NetworkFlow> {
  const { job, runtime, chosen } = place;
  const { module, data, label } = opened;
  const { train: set, normalization } = data;
  const source = { set, normalization, augmentation: noAugmentation, plan: planBatches(data, job) };
  const probe = await openProbe(place, module, await readFirstBatch(source));
  let [trainer, loader]: [Trainer?, BatchLoader?] = [];
  try {
    const about = { label, parameters: countParameters(module) };
    if (job.steps === 0) return { ...about, status: "done", profiles: [await probe.measure(opened.state, 0)] };
    trainer = await createTrainer({
      ...stepOptionsOf(job.recipe),
      runtime,
      module,
      imageShape: [set.channels, set.height, set.width],
      lowering: chosen.lowering,
      session: job.session,
      cache: createModelCache(join(job.cache, "compiled")),
    });
    const { state, notes } = from.before ?? { state: opened.state, notes: undefined };
    trainer.load(state, notes?.step ?? 0);
    loader = createBatchLoader(source, { firstStep: trainer.steps });
    return { ...about, ...(await followTraining(place, from, { trainer, probe, loader })) };
  } finally {
    await loader?.release();
    await trainer?.release();
    await probe.release();
  }
}

/** Of all that the numbers depend on. */
async function identifyFlow(job: FlowJob, runtime: Runtime, chosen: ChosenLowering): Promise<string> {
  const { cache: _cache, training: _training, lowering: _lowering, ...facts } = job;
  const files = job.networks.flatMap((start) => ("file" in start ? [start.file] : []));
  const made = { lowering: chosen.name, runtime: `${runtime.name} ${runtime.version}` };
  return identityOf(
    { kind: "gradflow", ...facts, ...made },
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

serveJob<typeof gradientFlowJob>(async (job, context) => {
  const runtime = createNodeRuntime();
  const chosen = await chooseLowering(runtime, job.lowering);
  const identity = await identifyFlow(job, runtime, chosen);
  const keeper = openJournal(job.training, { identity, notes: keptFlowSchema, codec: safetensorsCodec });
  const place: Workplace = { runtime, chosen, job, context, keeper };
  const kept = await keeper.read();
  const reportOf = createFlowReport(place, kept?.notes);
  const networks: NetworkFlow[] = [...(kept?.notes.networks ?? [])];
  let data = job.data ?? "";
  if (networks.length > 0)
    context.report({ kind: "note", text: `measured before: ${networks.map(({ label }) => label).join("; ")}` });
  let stopped: NetworkFlow | "between" | undefined;
  for (const start of job.networks.slice(networks.length)) {
    if (await context.shouldStop()) {
      if (networks.length > 0) await keeper.keep({ state: new Map(), notes: { networks, step: 0, profiles: [] } });
      stopped = "between";
      break;
    }
    const opened = await openNetwork(place, start);
    data = opened.data.name;
    const before = kept?.notes.networks.length === networks.length && kept.notes.step > 0 ? kept : undefined;
    if (before !== undefined)
      context.report({ kind: "note", text: `${opened.label}: goes on at step ${before.notes.step} of ${job.steps}` });
    const report = reportOf(networks.length, opened.label);
    const result = await measureNetwork(place, opened, { networks, before, report });
    if (result.status === "stopped") {
      stopped = result;
      break;
    }
    networks.push(result);
    context.report({ kind: "network", result });
  }
  if (stopped === undefined) await keeper.forget();
  const { batch, seed } = job.recipe;
  const shown = typeof stopped === "object" && stopped.profiles.length > 0 ? [...networks, stopped] : networks;
  return { networks: shown, data, batch, steps: job.steps, seed, lowering: chosen.name };
});
