import { type ForwardPass, type NoiseInput } from "../../nn/forward.ts";
import { type Module, parametersOf, type ParameterSpec } from "../../nn/module.ts";
import { createGraphBuilder, type GraphBuilder } from "../../onnx/builder.ts";
import type { Graph, Value } from "../../onnx/graph.ts";
import { addSquaredNorm, joinNorms } from "../../optim/clip.ts";
import { OptionError } from "../../tensor/errors.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Layout } from "../lowering.ts";
import type { GuardedUpdate } from "../updates-in-place.ts";
import { addLossPass, type ForwardOptions, type LossPass } from "./loss-pass.ts";
import { stepNames } from "./names.ts";
import { addAverages, addUpdate, requireGroups, type UpdateOptions } from "./update.ts";

/** A training graph, still in logical operators, with what must be fed and kept between steps. */
export interface StepGraph {
  readonly graph: Graph;
  /** Trained parameters by state-dict name. */
  readonly trained: ReadonlyMap<string, ParameterSpec>;
  /** Parameters that are inputs but not changed. */
  readonly frozen: ReadonlyMap<string, ParameterSpec>;
  /** Inputs that are kept between steps: each has an output `next/…` that replaces it. */
  readonly kept: readonly string[];
  /** Noise inputs: Bernoulli(keep) / keep. */
  readonly noise: ReadonlyMap<string, NoiseInput>;
  /** Scalar inputs that the optimizer computes for every step. */
  readonly scalars: readonly string[];
  /** Updates that `guardUpdates` can write in place. */
  readonly guarded: readonly GuardedUpdate[];
}

/** The sum so far, and this batch's gradient. */
function addSums(g: GraphBuilder, gradients: ReadonlyMap<string, Value>): ReadonlyMap<string, Value> {
  return new Map(
    Array.from(gradients, ([name, gradient]) => {
      const sum = g.input(stepNames.sum(name), "float32", gradient.shape);
      return [name, g.op("Add", [sum, gradient])];
    }),
  );
}

/** The mean gradients over the parts of a step, of the loss itself. */
function addMeans(g: GraphBuilder, { gradients, lossScale }: LossPass, accumulate: number): ReadonlyMap<string, Value> {
  if (accumulate === 1 && lossScale === undefined) return gradients;
  const share = g.fill(1 / accumulate);
  const factor = lossScale === undefined ? share : g.op("Div", [share, lossScale]);
  const sums = accumulate === 1 ? gradients : addSums(g, gradients);
  return new Map(Array.from(sums, ([name, sum]) => [name, g.op("Mul", [sum, factor])]));
}

function specsOf(pass: ForwardPass, names: Iterable<string>): ReadonlyMap<string, ParameterSpec> {
  return new Map(Array.from(names, (name) => [name, pass.parameters.get(name)!.spec]));
}

/**
 * One training step as one graph: forward, loss, backward, update.
 *
 * Inputs: images `[batch, …]`, labels `[batch]` int64, the optimizer's scalars, and every parameter, buffer and state
 * tensor by name. Outputs: loss, correct (the number of correct predictions), gradientNorm, and `next/NAME` for
 * everything that is kept. When gradients are accumulated, their sum over the previous batches is the input `sum/NAME`.
 *
 * @param watch parameters whose gradient norm becomes an output `norm/NAME`
 * @throws {OptionError} if the batch is not a whole number above 0, or groups name what the network lacks or one parameter twice
 */
export function buildTrainingStep(options: ForwardOptions & UpdateOptions, watch: readonly string[] = []): StepGraph {
  requireGroups(options.groups, parametersOf(options.module));
  const g = createGraphBuilder("training-step");
  const { accumulate = 1 } = options;
  const loss = addLossPass(g, options, options.frozen);
  const { pass, frozen } = loss;
  const gradients = addMeans(g, loss, accumulate);
  addWatched(g, gradients, watch);
  const guardedBy = options.guarded === true ? loss.loss : undefined;
  const { guarded, kept, scalars, next, rows } = addUpdate(g, pass.parameters, gradients, options, guardedBy);
  const averages =
    options.average === true ? addAverages(g, new Map([...next, ...pass.bufferUpdates]), [...rows, ...loss.rows]) : [];
  return {
    graph: g.finish(),
    trained: specsOf(pass, gradients.keys()),
    frozen,
    kept: [...kept, ...pass.bufferUpdates.keys(), ...averages],
    noise: pass.noise,
    scalars: [...scalars, ...loss.scalars, ...(options.average === true ? [stepNames.averageDecay] : [])],
    guarded,
  };
}

/**
 * One batch of several whose gradients make one update: adds its gradients to `sum/NAME` and updates the running
 * statistics, but not the parameters.
 */
export function buildCollectingStep(options: ForwardOptions & Pick<UpdateOptions, "frozen">): StepGraph {
  const g = createGraphBuilder("collecting-step");
  const { pass, gradients, frozen, scalars } = addLossPass(g, options, options.frozen);
  for (const [name, sum] of addSums(g, gradients)) g.output(stepNames.next(stepNames.sum(name)), sum);
  return {
    graph: g.finish(),
    trained: specsOf(pass, gradients.keys()),
    frozen,
    kept: [...Array.from(gradients.keys(), stepNames.sum), ...pass.bufferUpdates.keys()],
    noise: pass.noise,
    scalars,
    guarded: [],
  };
}

/** A gradient step, and how the statistics that it leaves to its caller are updated. */
export interface GradientGraph extends StepGraph {
  /** The weight of a running statistic's old value, to which `added/NAME` is added; empty if the step updates it. */
  readonly keptShares: ReadonlyMap<string, number>;
}

/**
 * Forward, loss and backward alone: outputs `gradient/NAME` for every trained parameter, to be averaged across machines
 * or written out, and the scores. With a loss scale, gradients are of the loss times it.
 *
 * @param options.addsStatistics whether running statistics are left to the caller, who gets what this batch adds to
 *   them, `added/NAME`, in place of `next/NAME`. Default false.
 */
export function buildGradientStep(
  options: ForwardOptions & Pick<UpdateOptions, "frozen"> & { readonly addsStatistics?: boolean },
): GradientGraph {
  const g = createGraphBuilder("gradient-step");
  const { addsStatistics = false } = options;
  const { pass, gradients, frozen, scalars } = addLossPass(g, options, options.frozen, addsStatistics);
  g.output(stepNames.scores, pass.output);
  for (const [name, gradient] of gradients) g.output(stepNames.gradient(name), gradient);
  return {
    graph: g.finish(),
    trained: specsOf(pass, gradients.keys()),
    frozen,
    kept: addsStatistics ? [] : [...pass.bufferUpdates.keys()],
    keptShares: new Map(
      addsStatistics ? Array.from(pass.bufferBlends, ([name, { kept }]) => [name, kept] as const) : [],
    ),
    noise: pass.noise,
    scalars,
    guarded: [],
  };
}

/** What an update that stands alone has to be told. */
export interface UpdateStepOptions extends UpdateOptions {
  /** How a parameter, its gradient and its state are stored, if not row-major. */
  readonly layoutOf?: (name: string) => Layout | undefined;
  /** Running statistics whose moving averages are kept, fed as `next/NAME`, with their shapes. */
  readonly statistics?: ReadonlyMap<string, Shape>;
  /** Parameters whose gradient norm becomes an output `norm/NAME`. */
  readonly watch?: readonly string[];
}

/**
 * The update alone: takes `gradient/NAME` and `gradientScale`, a scalar that each gradient is multiplied by first (one
 * over the number of machines averages sums); if it is guarded, also the loss.
 *
 * @throws {OptionError} if a watched parameter is not trained, or groups name what the network lacks or one parameter twice
 */
export function buildUpdateStep(module: Module, options: UpdateStepOptions): StepGraph {
  requireGroups(options.groups, parametersOf(module));
  const g = createGraphBuilder("update-step");
  const { layoutOf, statistics = new Map<string, Shape>(), watch = [] } = options;
  const specs = [...parametersOf(module)];
  const trained = specs.filter(([name, spec]) => !options.frozen?.(name, spec));
  const factor = g.input(stepNames.gradientScale, "float32", []);
  const parameters = new Map(
    trained.map(([name, spec]) => {
      const layout = layoutOf?.(name);
      const value = g.input(name, "float32", layout?.shape ?? spec.shape);
      return [name, { value, spec, ...(layout === undefined ? {} : { layout }) }];
    }),
  );
  const gradients = new Map(
    Array.from(parameters, ([name, { value }]) => [
      name,
      g.op("Mul", [g.input(stepNames.gradient(name), "float32", value.shape), factor]),
    ]),
  );
  addWatched(g, gradients, watch);
  const guardedBy = options.guarded === true ? g.input(stepNames.loss, "float32", []) : undefined;
  const { guarded, kept, scalars, next } = addUpdate(g, parameters, gradients, options, guardedBy);
  const moved = Array.from(
    statistics,
    ([name, shape]) => [name, g.input(stepNames.next(name), "float32", shape)] as const,
  );
  const averages = options.average === true ? addAverages(g, new Map([...next, ...moved])) : [];
  return {
    graph: g.finish(),
    trained: new Map(trained),
    frozen: new Map(specs.filter(([name]) => !parameters.has(name))),
    kept: [...kept, ...averages],
    noise: new Map(),
    scalars: [
      ...scalars,
      stepNames.gradientScale,
      ...(guardedBy === undefined ? [] : [stepNames.loss]),
      ...(options.average === true ? [stepNames.averageDecay] : []),
    ],
    guarded,
  };
}

/** @throws {OptionError} if a watched parameter is not trained */
function addWatched(g: GraphBuilder, gradients: ReadonlyMap<string, Value>, watch: readonly string[]): void {
  for (const name of watch) {
    const gradient = gradients.get(name);
    if (gradient === undefined) throw new OptionError("watch", `no trained parameter is called "${name}"`);
    g.output(stepNames.normOf(name), joinNorms(g, [addSquaredNorm(g, gradient)]));
  }
}
