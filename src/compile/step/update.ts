import type { ParameterSpec } from "../../nn/module.ts";
import { type GraphBuilder, shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { addSquaredNorm, clipByNorm, joinNorms } from "../../optim/clip.ts";
import type { Optimizer, UpdateInput } from "../../optim/optimizer.ts";
import type { Schedule } from "../../optim/schedules.ts";
import { OptionError } from "../../tensor/errors.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { packInGraph, unpackInGraph } from "../blocked/weight-layout.ts";
import type { Layout } from "../lowering.ts";
import type { GuardedUpdate } from "../updates-in-place.ts";
import { stepNames } from "./names.ts";
import { groupBy, joinRows, type NamedRow, shapesOf, splitRow } from "./rows.ts";

/** Parameters whose learning rate follows a schedule of its own. */
export interface ParameterGroup {
  readonly parameters: ReadonlySet<string>;
  /** The rate at a step, counted from 0, in place of the one that the step is given. */
  readonly rateAt: Schedule;
}

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
  /** Groups with their own learning rates, each a scalar input; all other parameters have the step's. Default none. */
  readonly groups?: readonly ParameterGroup[];
  /** The factor on a parameter's learning rate. Default 1. */
  readonly rateFactor?: ((name: string, spec: ParameterSpec) => number) | undefined;
  /** Whether the network computes the same for any multiple of a parameter. Default for none. */
  readonly scaleInvariant?: ((name: string) => boolean) | undefined;
  /** Keeps a moving average of trained parameters and running statistics, e ← d·e + (1 − d)·x, as `ema/NAME`. */
  readonly average?: boolean;
  /** Batches whose mean gradient makes one update; all but the last go through {@link buildCollectingStep}. Default 1. */
  readonly accumulate?: number;
  /**
   * Guards the update of every large parameter, so that it can be written in place. The guard skips the update when the
   * loss or the parameter's own gradient is not finite; with clipping, when any gradient is not. Default false.
   */
  readonly guarded?: boolean;
  /**
   * Updates small parameters together, and the averages of what is moved together, in a row that is joined and taken apart in the graph: fewer operators, each of which is a program
   * to start on a graphics processor. Default false.
   */
  readonly joinsSmall?: boolean;
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
  /** The rows in which small ones were updated. */
  readonly rows: readonly NamedRow[];
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

/** A trained parameter with all that its update needs. */
interface Entry extends UpdatedParameter {
  readonly name: string;
  readonly gradient: Value;
  readonly stateNames: readonly string[];
  readonly state: readonly Value[];
  readonly decayed: boolean;
  readonly scaleInvariant: boolean;
  /** The place of its group; −1 without one. */
  readonly group: number;
  readonly factor: number;
}

/** Parameters that are updated as one, and their tensors, joined if they are several. */
interface Unit extends Pick<Entry, "gradient" | "state" | "decayed" | "scaleInvariant" | "group" | "factor"> {
  readonly members: readonly Entry[];
  readonly parameter: Value;
}

/** Up to this many elements, starting a program costs a device more than copying the parameter into a row and out of it. */
const SMALL_PARAMETER = 2 ** 12;

/** What parameters must have in common to be updated as one; a name of its own for one that cannot be joined. */
function kindOf({ name, spec, decayed, scaleInvariant, group, factor, layout }: Entry, optimizer: Optimizer): string {
  const isAlone =
    layout !== undefined || sizeOf(spec.shape) > SMALL_PARAMETER || !optimizer.isElementwise(spec.role, spec.shape);
  return isAlone ? `alone ${name}` : `${spec.role} ${decayed} ${scaleInvariant} ${group} ${factor}`;
}

function joinUnit(g: GraphBuilder, members: readonly Entry[]): Unit {
  const [first] = members;
  if (members.length === 1) return { ...first, members, parameter: first.value };
  const join = (valueOf: (entry: Entry) => Value): Value => joinRows(g, members.map(valueOf));
  return {
    members,
    decayed: first.decayed,
    scaleInvariant: first.scaleInvariant,
    group: first.group,
    factor: first.factor,
    parameter: join(({ value }) => value),
    gradient: join(({ gradient }) => gradient),
    state: first.state.map((_, at) => join(({ state }) => state[at])),
  };
}

/**
 * Checks the groups of a whole network; a step may train a part of it.
 *
 * @param parameters all parameters of the network, frozen ones too
 * @throws {OptionError} for a name that the network lacks, or that two groups have
 */
export function requireGroups(
  groups: readonly ParameterGroup[] | undefined,
  parameters: ReadonlyMap<string, unknown>,
): void {
  const seen = new Set<string>();
  for (const name of (groups ?? []).flatMap((group) => [...group.parameters])) {
    if (!parameters.has(name)) throw new OptionError("groups", `no parameter is called "${name}"`);
    if (seen.has(name)) throw new OptionError("groups", `"${name}" is in two groups; each parameter has one rate`);
    seen.add(name);
  }
}

/** The learning rates of groups that are trained in this step, by their places. */
function addGroupRates(g: GraphBuilder, entries: readonly Entry[]): ReadonlyMap<number, Value> {
  const places = new Set(entries.map(({ group }) => group).filter((place) => place >= 0));
  return new Map(Array.from(places, (place) => [place, g.input(stepNames.groupRate(place), "float32", [])]));
}

/** Clips, decays and applies the gradients, and makes the new parameters and state outputs of the graph. */
export function addUpdate(
  g: GraphBuilder,
  parameters: ReadonlyMap<string, UpdatedParameter>,
  gradients: ReadonlyMap<string, Value>,
  { optimizer, clipNorm, exempt, groups = [], rateFactor, scaleInvariant, joinsSmall = false }: UpdateOptions,
  guardedBy?: Value,
): Update {
  const scalars = optimizer.scalars.map((name) => g.input(name, "float32", []));
  const entries = Array.from(gradients, ([name, gradient]): Entry => {
    const parameter = parameters.get(name)!;
    const { value, spec } = parameter;
    const stateNames = optimizer.state.map((state) => stepNames.state(state, name));
    return {
      ...parameter,
      name,
      gradient,
      stateNames,
      state: stateNames.map((stateName) => g.input(stateName, "float32", value.shape)),
      decayed: !exempt?.(name, spec),
      scaleInvariant: scaleInvariant?.(name) ?? false,
      group: groups.findIndex((group) => group.parameters.has(name)),
      factor: rateFactor?.(name, spec) ?? 1,
    };
  });
  const joined = joinsSmall ? groupBy(entries, (entry) => kindOf(entry, optimizer)) : entries.map((entry) => [entry]);
  const units = joined.map((members) => joinUnit(g, members));
  const rates = addGroupRates(g, entries);
  const squares = units.map(({ gradient }) => addSquaredNorm(g, gradient));
  const norm = joinNorms(g, squares);
  g.output(stepNames.gradientNorm, norm);
  const whole = units.map(({ gradient }) => gradient);
  const clipped = clipNorm === undefined ? whole : clipByNorm(g, whole, norm, clipNorm);
  const guarded: GuardedUpdate[] = [];
  const nextParameters = new Map<string, Value>();
  const rows: NamedRow[] = [];
  units.forEach((unit, index) => {
    const { members, parameter, state, decayed, group, factor } = unit;
    const [{ name, spec, layout, stateNames }] = members;
    const isLarge = members.length === 1 && sizeOf(spec.shape) >= LARGE_GRADIENT;
    const shapes = shapesOf(members.map(({ value }) => value));
    const { row, next, after } = g.within(`update/${name}`, () => {
      const [common, ...rest] = scalars;
      const [rate, ...others] = scaleRate(g, [rates.get(group) ?? common, ...rest], factor);
      const own = [isLarge ? waitFor(g, rate, squares[index]) : rate, ...others];
      const updated = optimizer.update(g, {
        parameter,
        gradient: clipped[index],
        state,
        scalars: own,
        decayed,
        role: spec.role,
        scaleInvariant: unit.scaleInvariant,
        rowMajor: rowMajorOf(g, members.length === 1 ? spec.shape : shapeOf(parameter), layout),
      });
      const split = (value: Value): readonly Value[] => (members.length === 1 ? [value] : splitRow(g, value, shapes));
      return { row: updated.parameter, next: split(updated.parameter), after: updated.state.map(split) };
    });
    if (members.length > 1) rows.push({ names: members.map((member) => member.name), row });
    members.forEach((member, at) => {
      nextParameters.set(member.name, next[at]);
      g.output(stepNames.next(member.name), next[at]);
      after.forEach((values, kind) => g.output(stepNames.next(member.stateNames[kind]), values[at]));
    });
    if (!isLarge || guardedBy === undefined) return;
    // A clipped gradient is not finite if any other is not.
    g.output(stepNames.guard(name), g.op("Add", [guardedBy, clipNorm === undefined ? squares[index] : norm]));
    guarded.push({
      guard: stepNames.guard(name),
      pairs: [name, ...stateNames].map((input) => [input, stepNames.next(input)]),
    });
  });
  return {
    guarded,
    kept: entries.flatMap(({ name, stateNames }) => [name, ...stateNames]),
    scalars: [...optimizer.scalars, ...Array.from(rates.keys(), stepNames.groupRate)],
    next: new Map(entries.map(({ name }) => [name, nextParameters.get(name)!])),
    rows,
  };
}

/**
 * Moves the averages towards the step's results, those of a row together.
 *
 * @param rows of several results each
 * @returns the names of the averages, which are kept
 */
export function addAverages(
  g: GraphBuilder,
  next: ReadonlyMap<string, Value>,
  rows: readonly NamedRow[] = [],
): readonly string[] {
  const decay = g.input(stepNames.averageDecay, "float32", []);
  const rest = g.op("Sub", [g.fill(1), decay]);
  const averages = new Map(
    Array.from(next, ([name, value]) => [name, g.input(stepNames.average(name), "float32", value.shape)] as const),
  );
  const move = (name: string, average: Value, value: Value): Value =>
    g.within(`average/${name}`, () => g.op("Add", [g.op("Mul", [average, decay]), g.op("Mul", [value, rest])]));
  const joined = new Map(
    rows.flatMap(({ names, row }) => {
      const old = names.map((name) => averages.get(name)!);
      const moved = splitRow(g, move(names[0], joinRows(g, old), row), shapesOf(old));
      return names.map((name, index) => [name, moved[index]] as const);
    }),
  );
  return Array.from(averages, ([name, average]) => {
    g.output(stepNames.next(average.name), joined.get(name) ?? move(name, average, next.get(name)!));
    return average.name;
  });
}
