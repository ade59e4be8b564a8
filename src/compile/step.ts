import { addGradients } from "../autodiff/backward.ts";
import { createGraphBuilder, type GraphBuilder } from "../onnx/builder.ts";
import type { Graph, Value } from "../onnx/graph.ts";
import { addForward, type ForwardPass, type NoiseInput } from "../nn/forward.ts";
import { countCorrect } from "../nn/losses.ts";
import type { Module, ParameterSpec } from "../nn/module.ts";
import { parametersOf } from "../nn/module.ts";
import { addSquaredNorm, clipByNorm, joinNorms } from "../optim/clip.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { OptionError } from "../tensor/errors.ts";
import type { GuardedUpdate } from "./updates-in-place.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";

/** Names of a step's inputs and outputs beside parameters and buffers, which go by their state-dict names. */
export const stepNames = {
  images: "images",
  labels: "labels",
  loss: "loss",
  correct: "correct",
  scores: "scores",
  gradientNorm: "gradientNorm",
  gradientScale: "gradientScale",
  gradient: (parameter: string): string => `gradient/${parameter}`,
  state: (state: string, parameter: string): string => `${state}/${parameter}`,
  next: (input: string): string => `next/${input}`,
  normOf: (parameter: string): string => `norm/${parameter}`,
  /** λ of mixup. */
  mixup: "mixup",
  /** The moving average of a parameter or running statistic, and the weight of its old value in this step. */
  average: (name: string): string => `ema/${name}`,
  averageDecay: "emaDecay",
  /** A finite number where a parameter may be updated in place. */
  guard: (parameter: string): string => `guard/${parameter}`,
  /** The sum of a parameter's gradients over the parts of a step that have been done. */
  sum: (parameter: string): string => `sum/${parameter}`,
} as const;

/** Adds a loss to scores and labels; returns a scalar. */
export type LossFunction = (g: GraphBuilder, scores: Value, labels: Value) => Value;

/** What every kind of training graph starts from. */
export interface ForwardOptions {
  readonly module: Module;
  /** `[channels, H, W]` */
  readonly imageShape: Shape;
  readonly batch: number;
  readonly loss: LossFunction;
  /**
   * Trains on blends λ·x + (1 − λ)·x', x' being the batch in reverse; the loss is blended alike. λ is a scalar input.
   * @source Zhang et al. 2018, arXiv:1710.09412
   */
  readonly mixup?: boolean;
  /** Extents of one sample's labels; none, or those of the scores' points, if left out. */
  readonly labelShape?: Shape;
  /** Counts samples that are right; the highest score against the label if left out. */
  readonly correct?: LossFunction;
}

/** How gradients become an update. */
export interface UpdateOptions {
  readonly optimizer: Optimizer;
  /** Largest common norm of the gradients; not clipped if left out. */
  readonly clipNorm?: number;
  /** Parameters that weight decay spares. Default none, as in PyTorch. */
  readonly exempt?: (name: string, spec: ParameterSpec) => boolean;
  /** Parameters that stay as they are; so do the statistics of a batch norm whose parameters are both among them. */
  readonly frozen?: ((name: string, spec: ParameterSpec) => boolean) | undefined;
  /** What a parameter's learning rate is multiplied by. Default 1. */
  readonly rateFactor?: ((name: string, spec: ParameterSpec) => number) | undefined;
  /** Keeps a moving average of trained parameters and running statistics, e ← d·e + (1 − d)·x, as `ema/NAME`. */
  readonly average?: boolean;
  /** Batches whose mean gradient makes one update; all but the last go through {@link buildCollectingStep}. Default 1. */
  readonly accumulate?: number;
  /**
   * Gives the update of every large parameter a guard: where memory counts, it can be written in place, and it is left as it was
   * where the loss is not finite or the parameter's own gradient, that of any parameter where gradients are clipped. Default false.
   */
  readonly guarded?: boolean;
}

/** A training graph, still in logical operators, with what has to be fed and kept between steps. */
export interface StepGraph {
  readonly graph: Graph;
  /** Trained parameters by state-dict name. */
  readonly trained: ReadonlyMap<string, ParameterSpec>;
  /** Parameters that are fed but not changed. */
  readonly frozen: ReadonlyMap<string, ParameterSpec>;
  /** Inputs that are kept between steps: each has an output `next/…` that replaces it. */
  readonly kept: readonly string[];
  /** Noise inputs: Bernoulli(keep) / keep. */
  readonly noise: ReadonlyMap<string, NoiseInput>;
  /** Scalar inputs that the optimizer computes for every step. */
  readonly scalars: readonly string[];
  /** Updates that `guardUpdates` can let be written in place. */
  readonly guarded: readonly GuardedUpdate[];
}

/** The usual exemptions from weight decay: biases, and batch norm's scale and offset. */
export function exemptBiasAndNorm(_name: string, spec: ParameterSpec): boolean {
  return spec.role !== "weight";
}

interface LossPass {
  readonly pass: ForwardPass;
  readonly loss: Value;
  readonly gradients: ReadonlyMap<string, Value>;
  readonly frozen: ReadonlyMap<string, ParameterSpec>;
  /** Scalars that every pass is fed. */
  readonly scalars: readonly string[];
}

interface Blend {
  readonly images: Value;
  readonly loss: LossFunction;
}

/** λ·x + (1 − λ)·x reversed, and the loss for it: each image meets another, and no order has to be drawn. */
function blendBatch(g: GraphBuilder, images: Value, { batch, loss }: ForwardOptions): Blend {
  const share = g.input(stepNames.mixup, "float32", []);
  const rest = g.op("Sub", [g.fill(1), share]);
  const blend = (a: Value, b: Value): Value => g.op("Add", [g.op("Mul", [a, share]), g.op("Mul", [b, rest])]);
  const reversed = g.ints(Array.from({ length: batch }, (_, index) => batch - 1 - index));
  const reverse = (x: Value): Value => g.op("Gather", [x, reversed], { axis: 0 });
  return {
    images: blend(images, reverse(images)),
    loss: (builder, scores, labels) => blend(loss(builder, scores, labels), loss(builder, scores, reverse(labels))),
  };
}

/** Forward, loss and gradients: the part that a training step and a gradient step share. */
function addLossPass(g: GraphBuilder, options: ForwardOptions, isFrozen: UpdateOptions["frozen"]): LossPass {
  if (!Number.isInteger(options.batch) || options.batch < 1) {
    throw new OptionError("batch size", `must be a whole number above 0, got ${options.batch}`);
  }
  const images = g.input(stepNames.images, "float32", [options.batch, ...options.imageShape]);
  const blended = options.mixup === true ? blendBatch(g, images, options) : { images, loss: options.loss };
  const pass = addForward(g, options.module, blended.images, { mode: "train", frozen: isFrozen });
  // One label a sample, or one a point where the scores are a map of them.
  const { labelShape = pass.output.shape.slice(2), correct = countCorrect } = options;
  const labels = g.input(stepNames.labels, "int64", [options.batch, ...labelShape]);
  const loss = blended.loss(g, pass.output, labels);
  const entries = [...pass.parameters];
  if (entries.every(([name, { spec }]) => isFrozen?.(name, spec)))
    throw new OptionError("freeze", "leaves nothing to train");
  const trained = entries.filter(([name, { spec }]) => !isFrozen?.(name, spec));
  const found = addGradients(
    g,
    loss,
    trained.map(([, { value }]) => value),
  );
  const gradients = new Map(
    trained.map(([name, { value }], index) => [name, found[index] ?? g.op("Mul", [value, g.fill(0)])]),
  );
  g.output(stepNames.loss, loss);
  g.output(stepNames.correct, correct(g, pass.output, labels));
  for (const [name, value] of pass.bufferUpdates) g.output(stepNames.next(name), value);
  const frozen = new Map(entries.filter(([name]) => !gradients.has(name)).map(([name, { spec }]) => [name, spec]));
  return { pass, loss, gradients, frozen, scalars: options.mixup === true ? [stepNames.mixup] : [] };
}

interface Update {
  readonly guarded: readonly GuardedUpdate[];
  readonly kept: readonly string[];
  readonly scalars: readonly string[];
  /** The parameters after the step. */
  readonly next: ReadonlyMap<string, Value>;
}

/** The optimizer's scalars for one parameter: its own share of the learning rate, which comes first. */
function scaleRate(g: GraphBuilder, [rate, ...others]: readonly Value[], factor: number): readonly Value[] {
  if (!(factor > 0 && Number.isFinite(factor)))
    throw new OptionError("learning rate factor", `must be above 0, got ${factor}; freeze what must not change`);
  return factor === 1 ? [rate, ...others] : [g.op("Mul", [rate, g.fill(factor)]), ...others];
}

/** Elements from which on it counts when memory becomes free. */
const LARGE_GRADIENT = 2 ** 16;

/**
 * The learning rate, known only when a gradient's squared norm is. The runtime would leave the norms for the end, and every
 * gradient in memory until then; now nothing reads a gradient any more when its parameter has been updated.
 */
function waitFor(g: GraphBuilder, rate: Value, square: Value): Value {
  // The same number, for no square is below 0.
  return g.op("Min", [rate, g.op("Add", [rate, square])]);
}

/** Clips, decays and applies the gradients, and makes the new parameters and state outputs of the graph. */
function addUpdate(
  g: GraphBuilder,
  parameters: ReadonlyMap<string, { readonly value: Value; readonly spec: ParameterSpec }>,
  gradients: ReadonlyMap<string, Value>,
  { optimizer, clipNorm, exempt, rateFactor }: UpdateOptions,
  guardedBy?: Value,
): Update {
  const names = [...gradients.keys()];
  const squares = Array.from(gradients.values(), (gradient) => addSquaredNorm(g, gradient));
  const norm = joinNorms(g, squares);
  g.output(stepNames.gradientNorm, norm);
  const clipped =
    clipNorm === undefined ? [...gradients.values()] : clipByNorm(g, [...gradients.values()], norm, clipNorm);
  const scalars = optimizer.scalars.map((name) => g.input(name, "float32", []));
  const kept: string[] = [];
  const guarded: GuardedUpdate[] = [];
  const nextParameters = new Map<string, Value>();
  names.forEach((name, index) => {
    const { value, spec } = parameters.get(name)!;
    const stateNames = optimizer.state.map((state) => stepNames.state(state, name));
    const state = stateNames.map((stateName) => g.input(stateName, "float32", spec.shape));
    const decayed = !exempt?.(name, spec);
    const isLarge = sizeOf(spec.shape) >= LARGE_GRADIENT;
    const next = g.within(`update/${name}`, () => {
      const [rate, ...others] = scaleRate(g, scalars, rateFactor?.(name, spec) ?? 1);
      const own = [isLarge ? waitFor(g, rate, squares[index]) : rate, ...others];
      return optimizer.update(g, { parameter: value, gradient: clipped[index], state, scalars: own, decayed });
    });
    nextParameters.set(name, next.parameter);
    g.output(stepNames.next(name), next.parameter);
    next.state.forEach((after, at) => g.output(stepNames.next(stateNames[at]), after));
    kept.push(name, ...stateNames);
    if (!isLarge || guardedBy === undefined) return;
    // A clipped gradient is no number where any other is none.
    g.output(stepNames.guard(name), g.op("Add", [guardedBy, clipNorm === undefined ? squares[index] : norm]));
    guarded.push({
      guard: stepNames.guard(name),
      pairs: [name, ...stateNames].map((input) => [input, stepNames.next(input)]),
    });
  });
  return { guarded, kept, scalars: optimizer.scalars, next: nextParameters };
}

/** Moves the averages towards what the step has made. @returns the names of the averages, which are kept */
function addAverages(g: GraphBuilder, next: ReadonlyMap<string, Value>): readonly string[] {
  const decay = g.input(stepNames.averageDecay, "float32", []);
  const rest = g.op("Sub", [g.fill(1), decay]);
  return Array.from(next, ([name, value]) => {
    const average = g.input(stepNames.average(name), "float32", value.shape);
    const moved = g.within(`average/${name}`, () =>
      g.op("Add", [g.op("Mul", [average, decay]), g.op("Mul", [value, rest])]),
    );
    g.output(stepNames.next(average.name), moved);
    return average.name;
  });
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

function specsOf(pass: ForwardPass, names: Iterable<string>): ReadonlyMap<string, ParameterSpec> {
  return new Map(Array.from(names, (name) => [name, pass.parameters.get(name)!.spec]));
}

/**
 * One training step as one graph: forward, loss, backward, update.
 *
 * Inputs: images `[batch, …]`, labels `[batch]` int64, the optimizer's scalars, and every parameter, buffer and state
 * tensor by name. Outputs: loss, correct (how many predictions hit), gradientNorm, and `next/NAME` for all that is kept.
 * Where gradients are accumulated, their sum over the batches before comes in as `sum/NAME`.
 *
 * @param watch parameters whose gradient norm is wanted as an output `norm/NAME`
 * @throws {OptionError} if the batch is not a whole number above 0
 */
export function buildTrainingStep(options: ForwardOptions & UpdateOptions, watch: readonly string[] = []): StepGraph {
  const g = createGraphBuilder("training-step");
  const { accumulate = 1 } = options;
  const loss = addLossPass(g, options, options.frozen);
  const { pass, frozen } = loss;
  const gradients =
    accumulate === 1
      ? loss.gradients
      : new Map(
          Array.from(addSums(g, loss.gradients), ([name, sum]) => [name, g.op("Mul", [sum, g.fill(1 / accumulate)])]),
        );
  for (const name of watch) {
    const gradient = gradients.get(name);
    if (gradient === undefined) throw new OptionError("watch", `no trained parameter is called "${name}"`);
    g.output(stepNames.normOf(name), joinNorms(g, [addSquaredNorm(g, gradient)]));
  }
  const guardedBy = options.guarded === true ? loss.loss : undefined;
  const { guarded, kept, scalars, next } = addUpdate(g, pass.parameters, gradients, options, guardedBy);
  const averages = options.average === true ? addAverages(g, new Map([...next, ...pass.bufferUpdates])) : [];
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
 * One batch of several whose gradients make one update: adds its gradients to `sum/NAME` and moves the running
 * statistics; parameters stay.
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

/**
 * Forward, loss and backward alone: outputs `gradient/NAME` for every trained parameter, to be averaged between machines
 * or written out, and the scores.
 */
export function buildGradientStep(options: ForwardOptions & Pick<UpdateOptions, "frozen">): StepGraph {
  const g = createGraphBuilder("gradient-step");
  const { pass, gradients, frozen, scalars } = addLossPass(g, options, options.frozen);
  g.output(stepNames.scores, pass.output);
  for (const [name, gradient] of gradients) g.output(stepNames.gradient(name), gradient);
  return {
    graph: g.finish(),
    trained: specsOf(pass, gradients.keys()),
    frozen,
    kept: [...pass.bufferUpdates.keys()],
    noise: pass.noise,
    scalars,
    guarded: [],
  };
}

/**
 * The update alone: takes `gradient/NAME` and `gradientScale`, a scalar that each gradient is multiplied by first (one
 * over the number of machines averages sums).
 */
export function buildUpdateStep(module: Module, options: UpdateOptions): StepGraph {
  const g = createGraphBuilder("update-step");
  const specs = [...parametersOf(module)];
  const trained = specs.filter(([name, spec]) => !options.frozen?.(name, spec));
  const factor = g.input(stepNames.gradientScale, "float32", []);
  const parameters = new Map(
    trained.map(([name, spec]) => [name, { value: g.input(name, "float32", spec.shape), spec }]),
  );
  const gradients = new Map(
    trained.map(([name, spec]) => [
      name,
      g.op("Mul", [g.input(stepNames.gradient(name), "float32", spec.shape), factor]),
    ]),
  );
  const { kept, scalars } = addUpdate(g, parameters, gradients, options);
  return {
    graph: g.finish(),
    trained: new Map(trained),
    frozen: new Map(specs.filter(([name]) => !parameters.has(name))),
    kept,
    noise: new Map(),
    scalars: [...scalars, stepNames.gradientScale],
    guarded: [],
  };
}
