import { join } from "node:path";
import { toModel } from "../../compile/inference.ts";
import { portable } from "../../compile/portable/lowering.ts";
import { stepNames } from "../../compile/step.ts";
import { noAugmentation } from "../../data/augmentation.ts";
import type { BatchPlan } from "../../data/batches.ts";
import type { Dataset } from "../../data/image-set.ts";
import { createBatchLoader } from "../../data/node/loader.ts";
import { openDataset } from "../../data/node/open.ts";
import { initializeState } from "../../nn/initialization.ts";
import { createModel } from "../../nn/models.ts";
import { countParameters, type Module } from "../../nn/module.ts";
import { encodeModel } from "../../onnx/encode.ts";
import { createNodeRuntime } from "../../runtime/node.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { OptionError } from "../../tensor/errors.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { float32, type Tensor } from "../../tensor/tensor.ts";
import type { LabeledBatch } from "../../train/batch.ts";
import { chooseLowering, type ChosenLowering } from "../../train/lowering.ts";
import { type JobContext, serveJob } from "../../train/node/child-job.ts";
import { createModelCache } from "../../train/node/model-cache.ts";
import { createRecipeSchedule, stepOptionsOf } from "../../train/recipe.ts";
import { createTrainer, DivergenceError, type Trainer } from "../../train/trainer.ts";
import { buildFlowGraph, FLOW } from "../gradient-flow/graph.ts";
import { type FlowProfile, probeSteps, readProfile, relativeChange } from "../gradient-flow/profile.ts";
import type { FlowStudy, NetworkFlow } from "../gradient-flow/study.ts";
import { readScalars } from "../scalars.ts";
import type { FlowEvent, FlowJob, FlowStart } from "./gradient-flow.ts";
import { openStudyData, openStudyNetwork } from "./study-network.ts";

interface Workplace {
  readonly runtime: Runtime;
  readonly chosen: ChosenLowering;
  readonly job: FlowJob;
  readonly context: JobContext<FlowEvent>;
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

/** Trains and measures on the way; an update is seen by the state before and after it. */
async function followTraining(
  place: Workplace,
  network: number,
  opened: OpenedNetwork,
  tools: { readonly trainer: Trainer; readonly probe: Probe; readonly nextBatch: () => LabeledBatch },
): Promise<Pick<NetworkFlow, "profiles" | "status">> {
  const { job, context } = place;
  const { trainer, probe, nextBatch } = tools;
  const schedule = createRecipeSchedule(job.recipe, job.steps + 1);
  const wanted = new Set(probeSteps(job.steps, job.probes));
  const profiles: FlowProfile[] = [];
  for (let step = 0; step <= job.steps; step++) {
    if (await context.shouldStop()) return { profiles, status: "stopped" };
    const before = wanted.has(step) ? await trainer.state() : undefined;
    let loss: number;
    try {
      ({ loss } = await trainer.step(nextBatch(), schedule(step)));
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
    const share = (network + (step + 1) / (job.steps + 1)) / job.networks.length;
    context.report({ kind: "step", network, label: opened.label, step, steps: job.steps, loss, share });
  }
  return { profiles, status: "done" };
}

async function measureNetwork(place: Workplace, network: number, opened: OpenedNetwork): Promise<NetworkFlow> {
  const { job, runtime, chosen } = place;
  const { module, state, data, label } = opened;
  const plan = planBatches(data, job);
  const source = { set: data.train, normalization: data.normalization, augmentation: noAugmentation, plan };
  const loader = createBatchLoader(source, { workers: 1 });
  let trainer: Trainer | undefined;
  let probe: Probe | undefined;
  try {
    const first = loader.next();
    probe = await openProbe(place, module, first);
    const about = { label, parameters: countParameters(module) };
    if (job.steps === 0) return { ...about, status: "done", profiles: [await probe.measure(state, 0)] };
    const { channels, height, width } = data.train;
    trainer = await createTrainer({
      ...stepOptionsOf(job.recipe),
      runtime,
      module,
      imageShape: [channels, height, width],
      lowering: chosen.lowering,
      session: job.session,
      cache: createModelCache(join(job.cache, "compiled")),
    });
    trainer.load(state, 0);
    let isFirst = true;
    const nextBatch = (): LabeledBatch => {
      const batch = isFirst ? first : loader.next();
      isFirst = false;
      return batch;
    };
    return { ...about, ...(await followTraining(place, network, opened, { trainer, probe, nextBatch })) };
  } finally {
    await loader.release();
    await trainer?.release();
    await probe?.release();
  }
}

serveJob<FlowJob, FlowEvent, FlowStudy>(async (job, context) => {
  const runtime = createNodeRuntime();
  const chosen = await chooseLowering(runtime, job.lowering);
  const place: Workplace = { runtime, chosen, job, context };
  const networks: NetworkFlow[] = [];
  let data = job.data ?? "";
  for (const [index, start] of job.networks.entries()) {
    const opened = await openNetwork(place, start);
    data = opened.data.name;
    const result = await measureNetwork(place, index, opened);
    if (result.profiles.length > 0) networks.push(result);
    if (result.status === "stopped") break;
    context.report({ kind: "network", result });
  }
  const { batch, seed } = job.recipe;
  return { networks, data, batch, steps: job.steps, seed, lowering: chosen.name };
});
