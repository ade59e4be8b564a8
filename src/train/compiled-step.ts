import { toModel } from "../compile/inference.ts";
import type { LoweredGraph, Lowering } from "../compile/lowering.ts";
import { portable } from "../compile/portable/lowering.ts";
import type { ForwardOptions, LossFunction } from "../compile/step/loss-pass.ts";
import { stepNames } from "../compile/step/names.ts";
import { buildCollectingStep, buildTrainingStep, type StepGraph } from "../compile/step/steps.ts";
import type { UpdateOptions } from "../compile/step/update.ts";
import { leaveOutputsInPlace } from "../compile/outputs-in-place.ts";
import { guardUpdates } from "../compile/updates-in-place.ts";
import { crossEntropy } from "../nn/losses.ts";
import { encodeModel } from "../onnx/encode.ts";
import { releaseOnFailure } from "../runtime/release.ts";
import type { Runtime, Session, SessionOptions } from "../runtime/runtime.ts";
import { OptionError, ResiduaError } from "../tensor/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { requireBuffers } from "./buffer-check.ts";
import { identifyGraph } from "./graph-identity.ts";
import type { ModelCache } from "./model-cache.ts";

/** The inputs to compiling a training step. */
export interface StepOptions extends Omit<ForwardOptions, "loss" | "scalesLoss" | "joinsSmall">, UpdateOptions {
  readonly runtime: Runtime;
  /** Mean cross-entropy if left out. */
  readonly loss?: LossFunction;
  /** `portable` if left out. With mixed precision, the loss is scaled. */
  readonly lowering?: Lowering;
  readonly session?: SessionOptions;
  /** The cache of compiled models; none if left out. */
  readonly cache?: ModelCache;
  /** Parameters whose gradient norm every step reports. */
  readonly watch?: readonly string[];
}

/** Accumulates one batch's gradients; parameters are stored as in the step itself. */
export interface CompiledCollection {
  readonly session: Session;
  readonly logical: StepGraph;
  /** Row-major shapes of the sums, by input name. */
  readonly sums: ReadonlyMap<string, Shape>;
}

/** A compiled training step. */
export interface CompiledStep {
  readonly session: Session;
  readonly logical: StepGraph;
  /** Row-major shapes of all inputs that persist between steps: parameters, buffers, optimizer state. */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** The subset that belongs to the optimizer. */
  readonly optimizerState: ReadonlySet<string>;
  /** Inputs updated in place, with their outputs; empty unless the runtime writes in place. */
  readonly inPlace: ReadonlyMap<string, string>;
  /** Present if a step takes several batches. */
  readonly collection?: CompiledCollection;
  /** Converts from row-major to the storage layout of the step. */
  readonly pack: (name: string, value: Tensor) => Tensor;
  readonly unpack: (name: string, value: Tensor) => Tensor;
}

/** What a lowering asks of the graph that it is given. */
const shapeOfStep = ({ precision, joinsSmall = false }: Lowering) => ({
  scalesLoss: precision === "mixed",
  joinsSmall,
});

/** Builds, lowers, encodes and loads a training step. */
export async function compileStep(options: StepOptions): Promise<CompiledStep> {
  const { lowering = portable, loss = crossEntropy, optimizer, watch, accumulate = 1 } = options;
  if (!Number.isInteger(accumulate) || accumulate < 1)
    throw new OptionError("accumulate", `must be a whole number above 0, got ${accumulate}`);
  if (options.syncBatchNorm !== undefined)
    throw new OptionError("syncBatchNorm", "joins the batches of several ranks, but one process trains; leave it out");
  // If the runtime rewrites the graph, it may move a read past the write that overwrites its operand.
  const guarded = options.runtime.writesInPlace && lowering.isFinal;
  const { scalesLoss, joinsSmall } = shapeOfStep(lowering);
  const logical = buildTrainingStep({ ...options, loss, guarded, scalesLoss, joinsSmall }, watch);
  const lowered = lowering.lower(logical.graph);
  await requireBuffers(options, lowered.write);
  const { layouts } = lowered;
  const trained = [...logical.trained.keys()];
  const sums = new Set(trained.map(stepNames.sum));
  const fed = new Set([stepNames.images, stepNames.labels, ...logical.scalars, ...logical.noise.keys(), ...sums]);
  const shapesOf = (isWanted: (name: string) => boolean): ReadonlyMap<string, Shape> =>
    new Map(logical.graph.inputs.filter(({ name }) => isWanted(name)).map(({ name, shape }) => [name, shape as Shape]));
  const session = await loadStep(options, logical, lowered);
  const collect = (): Promise<CompiledCollection> =>
    compileCollection(
      options,
      shapesOf((name) => sums.has(name)),
      layouts,
    );
  return {
    session,
    logical,
    ...(accumulate === 1 ? {} : { collection: await releaseOnFailure(session, collect) }),
    shapes: shapesOf((name) => !fed.has(name)),
    inPlace: new Map(logical.guarded.flatMap(({ pairs }) => pairs)),
    optimizerState: new Set(optimizer.state.flatMap((kind) => trained.map((name) => stepNames.state(kind, name)))),
    pack: (name, value) => layouts.get(name)?.pack(value) ?? value,
    unpack: (name, value) => layouts.get(name)?.unpack(value) ?? value,
  };
}

/** Encodes and loads a lowered step, or loads it from the cache. */
export async function loadStep(
  { runtime, session, cache, lowering = portable }: Pick<StepOptions, "runtime" | "session" | "cache" | "lowering">,
  { graph, kept, guarded }: StepGraph,
  { write }: LoweredGraph,
): Promise<Session> {
  const make = (): Uint8Array => {
    const written = guardUpdates(write(), guarded);
    return encodeModel(toModel(runtime.writesInPlace ? leaveOutputsInPlace(written) : written));
  };
  const identity = cache && identifyGraph(graph, lowering);
  const place = Uint8Array.of(runtime.writesInPlace ? 1 : 0);
  return runtime.load(identity ? await cache.obtain([...identity, place], make) : make(), {
    graphOptimization: lowering.isFinal ? "disabled" : "all",
    ...session,
    keepOnDevice: kept.map(stepNames.next),
    overwrites: guarded.flatMap(({ pairs }) => pairs),
  });
}

/** @param layouts the layouts of the step itself, which must match: both are fed the same tensors */
async function compileCollection(
  options: StepOptions,
  sums: ReadonlyMap<string, Shape>,
  layouts: LoweredGraph["layouts"],
): Promise<CompiledCollection> {
  const { lowering = portable, loss = crossEntropy } = options;
  const logical = buildCollectingStep({ ...options, loss, ...shapeOfStep(lowering) });
  const lowered = lowering.lower(logical.graph);
  for (const { name } of logical.graph.inputs) {
    if (layouts.get(name)?.name !== lowered.layouts.get(name)?.name)
      throw new ResiduaError(name, "is stored differently in the two graphs of an accumulated step");
  }
  return { session: await loadStep(options, logical, lowered), logical, sums };
}
