import type { ParameterSpec } from "../../nn/module.ts";
import type { GraphBuilder } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { addSquaredNorm, clipByNorm, joinNorms } from "../../optim/clip.ts";
import type { Optimizer, UpdateInput } from "../../optim/optimizer.ts";
import { OptionError } from "../../tensor/errors.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { packInGraph, unpackInGraph } from "../blocked/weight-layout.ts";
import type { Layout } from "../lowering.ts";
import type { GuardedUpdate } from "../updates-in-place.ts";
import { stepNames } from "./names.ts";

/** How gradients become an update. */
export interface UpdateOptions {
  readonly optimizer: Optimizer;
  /** Largest global norm of the gradients; not clipped if left out. */
  readonly clipNorm?: number;
  /** Parameters that weight decay spares. Default none, as in PyTorch. */
  readonly exempt?: (name: string, spec: ParameterSpec) => boolean;
  /**
   * Parameters that are not trained; the statistics of a batch norm whose two parameters are both frozen are not
   * updated either.
   */
  readonly frozen?: ((name: string, spec: ParameterSpec) => boolean) | undefined;
  /** The factor on a parameter's learning rate. Default 1. */
  readonly rateFactor?: ((name: string, spec: ParameterSpec) => number) | undefined;
  /** Keeps a moving average of trained parameters and running statistics, e ← d·e + (1 − d)·x, as `ema/NAME`. */
  readonly average?: boolean;
  /** Batches whose mean gradient makes one update; all but the last go through {@link buildCollectingStep}. Default 1. */
  readonly accumulate?: number;
  /**
   * Guards the update of every large parameter, so that it can be written in place. The guard skips the update when the
   * loss or the parameter's own gradient is not finite; with clipping, when any gradient is not. Default false.
   */
  readonly guarded?: boolean;
}

/** The usual exemptions from weight decay: biases, and batch norm's scale and offset. */
export function exemptBiasAndNorm(_name: string, spec: ParameterSpec): boolean {
  return spec.role !== "weight";
}

interface Update {
  readonly guarded: readonly GuardedUpdate[];
  readonly kept: readonly string[];
  readonly scalars: readonly string[];
  /** The parameters after the step. */
  readonly next: ReadonlyMap<string, Value>;
}

/** The optimizer's scalars for one parameter: its own learning rate, which comes first. */
function scaleRate(g: GraphBuilder, [rate, ...others]: readonly Value[], factor: number): readonly Value[] {
  if (!(factor > 0 && Number.isFinite(factor)))
    throw new OptionError("rateFactor", `must be above 0, got ${factor}; freeze what must not change`);
  return factor === 1 ? [rate, ...others] : [g.op("Mul", [rate, g.fill(factor)]), ...others];
}

/** A parameter in the graph; row-major without a layout. */
interface UpdatedParameter {
  readonly value: Value;
  readonly spec: ParameterSpec;
  readonly layout?: Layout;
}

function rowMajorOf(g: GraphBuilder, shape: Shape, layout: Layout | undefined): UpdateInput["rowMajor"] {
  if (layout === undefined) return { shape, unpack: (value) => value, pack: (value) => value };
  return {
    shape,
    unpack: (value) => unpackInGraph(g, value, layout),
    pack: (value) => packInGraph(g, value, layout),
  };
}

/** The size from which it matters when a gradient is freed, in elements. */
const LARGE_GRADIENT = 2 ** 16;

/**
 * The learning rate, available only once a gradient's squared norm is. The runtime would otherwise compute the norms at
 * the end and keep every gradient until then; this way nothing reads a gradient after its parameter has been updated.
 */
function waitFor(g: GraphBuilder, rate: Value, square: Value): Value {
  // The same number, since no square is below 0.
  return g.op("Min", [rate, g.op("Add", [rate, square])]);
}

/** Clips, decays and applies the gradients, and makes the new parameters and state outputs of the graph. */
export function addUpdate(
  g: GraphBuilder,
  parameters: ReadonlyMap<string, UpdatedParameter>,
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
    const { value, spec, layout } = parameters.get(name)!;
    const stateNames = optimizer.state.map((state) => stepNames.state(state, name));
    const state = stateNames.map((stateName) => g.input(stateName, "float32", value.shape));
    const decayed = !exempt?.(name, spec);
    const isLarge = sizeOf(spec.shape) >= LARGE_GRADIENT;
    const next = g.within(`update/${name}`, () => {
      const [rate, ...others] = scaleRate(g, scalars, rateFactor?.(name, spec) ?? 1);
      const own = [isLarge ? waitFor(g, rate, squares[index]) : rate, ...others];
      return optimizer.update(g, {
        parameter: value,
        gradient: clipped[index],
        state,
        scalars: own,
        decayed,
        role: spec.role,
        rowMajor: rowMajorOf(g, spec.shape, layout),
      });
    });
    nextParameters.set(name, next.parameter);
    g.output(stepNames.next(name), next.parameter);
    next.state.forEach((after, at) => g.output(stepNames.next(stateNames[at]), after));
    kept.push(name, ...stateNames);
    if (!isLarge || guardedBy === undefined) return;
    // A clipped gradient is not finite if any other is not.
    g.output(stepNames.guard(name), g.op("Add", [guardedBy, clipNorm === undefined ? squares[index] : norm]));
    guarded.push({
      guard: stepNames.guard(name),
      pairs: [name, ...stateNames].map((input) => [input, stepNames.next(input)]),
    });
  });
  return { guarded, kept, scalars: optimizer.scalars, next: nextParameters };
}

/** Moves the averages towards the step's results. @returns the names of the averages, which are kept */
export function addAverages(g: GraphBuilder, next: ReadonlyMap<string, Value>): readonly string[] {
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
