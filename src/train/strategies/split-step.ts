import type { LoweredGraph, Lowering } from "../../compile/lowering.ts";
import { portable } from "../../compile/portable/lowering.ts";
import { stepNames } from "../../compile/step/names.ts";
import { buildGradientStep, buildUpdateStep, type GradientGraph, type StepGraph } from "../../compile/step/steps.ts";
import { buffersOf, parametersOf } from "../../nn/module.ts";
import { crossEntropy } from "../../nn/losses.ts";
import { ResiduaError } from "../../tensor/errors.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { releaseOnFailure } from "../../runtime/release.ts";
import { loadStep, type StepOptions } from "../compiled-step.ts";
import { alone, type Collective } from "./collective.ts";
import { loadStages, type RunningSession } from "./staged-session.ts";

/** One half of a split step, ready to run. */
export interface HalfStep<Graph extends StepGraph = StepGraph> {
  readonly session: RunningSession;
  readonly logical: Graph;
}

/** A training step in two halves; the caller processes the gradients in between. */
export interface SplitStep {
  /** It leaves running statistics to the caller. */
  readonly gradient: HalfStep<GradientGraph>;
  readonly update: HalfStep;
  /** Row-major shapes of all persistent state: parameters, buffers, optimizer state, averages. */
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly optimizerState: ReadonlySet<string>;
  /** Inputs that the update writes in place, with their outputs; empty unless the runtime writes in place. */
  readonly inPlace: ReadonlyMap<string, string>;
  /** Shapes of the gradients as they are stored, by parameter. */
  readonly gradientShapes: ReadonlyMap<string, Shape>;
  /** Running statistics that each step changes, with their shapes. */
  readonly statistics: ReadonlyMap<string, Shape>;
  /** Converts from row-major to the storage layout of both halves. */
  readonly pack: (name: string, value: Tensor) => Tensor;
  readonly unpack: (name: string, value: Tensor) => Tensor;
}

/** The update is written as it should run: a runtime that rewrote it might move a read past the write over its operand. */
const asWritten: Lowering = { ...portable, isFinal: true };

/**
 * Builds, lowers and loads both halves. Large parameters and their state are updated in place if the runtime can, as in an undivided
 * step; with mixed precision they are not, since a gradient that overflows must leave all as it was. The update works on tensors as the gradient step stores them; layout padding is 0 in
 * every gradient.
 *
 * @param collective the ranks that run the gradient step together if batch norms join their batches
 */
export async function compileSplitStep(options: StepOptions, collective: Collective = alone): Promise<SplitStep> {
  const { runtime, lowering = portable, loss = crossEntropy, module, optimizer } = options;
  const scalesLoss = lowering.precision === "mixed";
  const logical = buildGradientStep({ ...options, loss, scalesLoss, addsStatistics: true });
  const lowered = lowering.lower(logical.graph);
  requireEqualLayouts(logical, lowered);
  const layoutOf = createLayouts(lowered, optimizer.state);
  const pack: SplitStep["pack"] = (name, value) => layoutOf(name)?.pack(value) ?? value;
  const buffers = buffersOf(module);
  const statistics = new Map(
    Array.from(logical.keptShares.keys(), (name) => [name, buffers.get(name)!.shape] as const),
  );
  const update = buildUpdateStep(module, {
    ...options,
    layoutOf,
    statistics,
    guarded: runtime.writesInPlace && !scalesLoss,
  });
  const updateLowering = update.guarded.length > 0 ? asWritten : portable;
  const trained = Array.from(logical.trained, ([name, { shape }]) => [name, shape] as const);
  const states = trained.flatMap(([name, shape]) =>
    optimizer.state.map((kind) => [stepNames.state(kind, name), shape] as const),
  );
  const averages = [...trained, ...statistics].map(([name, shape]) => [stepNames.average(name), shape] as const);
  const specs = new Map([...parametersOf(module), ...buffers]);
  // In graph order, as in the undivided step.
  const fixed = logical.graph.inputs.flatMap(({ name }) => {
    const spec = specs.get(name);
    return spec === undefined ? [] : [[name, spec.shape] as const];
  });
  const gradient = { session: await loadGradientStep(options, collective, logical, lowered), logical };
  // Its threads would be in the way of the next step's, which has by far the most to do and spins as an undivided step does.
  const quiet: StepOptions = { ...options, lowering: updateLowering, session: { ...options.session, spinning: false } };
  return {
    gradient,
    update: {
      session: await releaseOnFailure(gradient.session, () =>
        loadStep(quiet, update, updateLowering.lower(update.graph)),
      ),
      logical: update,
    },
    shapes: new Map([...fixed, ...states, ...(options.average === true ? averages : [])]),
    optimizerState: new Set(states.map(([name]) => name)),
    inPlace: new Map(update.guarded.flatMap(({ pairs }) => pairs)),
    gradientShapes: new Map(trained.map(([name, shape]) => [name, layoutOf(name)?.shape ?? shape])),
    statistics,
    pack,
    unpack: (name, value) => layoutOf(name)?.unpack(value) ?? value,
  };
}

/** Stages are not cached: each is small, and where they are cut is only known once the graph is written. */
async function loadGradientStep(
  options: StepOptions,
  collective: Collective,
  logical: GradientGraph,
  lowered: LoweredGraph,
): Promise<RunningSession> {
  const { runtime, session, lowering = portable, syncBatchNorm } = options;
  if (syncBatchNorm === undefined) return loadStep(options, logical, lowered);
  return loadStages(runtime, lowered.write(), collective, {
    graphOptimization: lowering.isFinal ? "disabled" : "all",
    // Many sessions take turns.
    spinning: false,
    ...session,
  });
}

/** Optimizer state and average of a parameter share its layout. */
function createLayouts(
  { layouts }: LoweredGraph,
  kinds: readonly string[],
): (name: string) => ReturnType<LoweredGraph["layouts"]["get"]> {
  const prefixes = [...kinds.map((kind) => stepNames.state(kind, "")), stepNames.average("")];
  return (name) => {
    const prefix = layouts.has(name) ? "" : (prefixes.find((each) => name.startsWith(each)) ?? "");
    return layouts.get(name.slice(prefix.length));
  };
}

function requireEqualLayouts({ trained }: StepGraph, { layouts }: LoweredGraph): void {
  for (const name of trained.keys()) {
    if (layouts.get(name)?.name !== layouts.get(stepNames.gradient(name))?.name)
      throw new ResiduaError(name, "is stored differently from its gradient; train with the portable lowering");
  }
}
