import type { GraphBuilder } from "../onnx/builder.ts";
import type { TensorType, Value } from "../onnx/graph.ts";
import { ShapeError } from "../tensor/errors.ts";
import type { RandomStream } from "../tensor/random.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import { growTree, type Tree, walkTree } from "../tree/tree.ts";

/** What a parameter is for; the usual exemptions from weight decay depend on it. */
export type ParameterRole = "weight" | "bias" | "norm";

/** Fills a new parameter. The stream belongs to this parameter alone. */
export type Initializer = (shape: Shape, stream: RandomStream) => Float32Array;

/** A tensor that training changes. */
export interface ParameterSpec {
  readonly shape: Shape;
  readonly role: ParameterRole;
  readonly initialize: Initializer;
}

/** A tensor that belongs to the network but is not trained, such as a running mean. */
export interface BufferSpec {
  readonly shape: Shape;
  readonly initialize: Initializer;
}

/** Whether batch norm uses the batch's own statistics and dropout is active. */
export type Mode = "train" | "evaluate";

/** What a module's forward pass may use. */
export interface ForwardContext {
  readonly g: GraphBuilder;
  readonly mode: Mode;
  /** The ranks whose batches a batch norm normalises together; undefined if each by its own. */
  readonly syncBatchNorm: number | undefined;
  /** The module's place in the tree, such as "layer1.0.conv1"; empty at the root. */
  readonly path: string;
  /** This module's own parameter. */
  parameter(name: string): Value;
  /**
   * Whether this module's own parameter is frozen; a batch norm whose parameters are all frozen keeps its statistics
   * too.
   */
  isFrozen(name: string): boolean;
  /** This module's own buffer. */
  buffer(name: string): Value;
  /** Moves a buffer towards a training step's own value of it: (1 − momentum)·old + momentum·own. */
  blendBuffer(name: string, own: Value, momentum: number): void;
  /** Random numbers for this step, such as a dropout mask: an input, so that the graph itself is deterministic. */
  noise(name: string, keep: number, shape: Shape): Value;
  /** Runs a child on `x`. */
  call(child: string, x: Value): Value;
}

/** Facts about a module that a description shows. */
export interface ModuleFacts {
  /** What the shortcut of a residual block resolves to, in words. */
  readonly shortcut?: string;
  /** Whether the module is a residual block (with or without a shortcut). */
  readonly block?: boolean;
  /** Whether a layer runs beside its siblings, not after them, so that it makes the network no deeper. */
  readonly beside?: boolean;
  /** Names of the classifier's parameters, if the module's structure does not reveal them: see {@link headOf}. */
  readonly head?: readonly string[];
}

/**
 * A part of a network: a plain description of its children, parameters and buffers, and the function that adds it to a
 * graph. Modules hold no tensors and may be used in any number of graphs.
 */
export interface Module {
  readonly kind: string;
  readonly children: Readonly<Record<string, Module>>;
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
  readonly buffers: Readonly<Record<string, BufferSpec>>;
  readonly facts: ModuleFacts;
  readonly forward: (context: ForwardContext, x: Value) => Value;
}

/** The parts of a module; those left out are empty. */
export interface ModuleParts {
  readonly children?: Readonly<Record<string, Module>>;
  readonly parameters?: Readonly<Record<string, ParameterSpec>>;
  readonly buffers?: Readonly<Record<string, BufferSpec>>;
  readonly facts?: ModuleFacts;
}

/** Makes a module from its parts and its forward pass. */
export function defineModule(kind: string, parts: ModuleParts, forward: Module["forward"]): Module {
  const { children = {}, parameters = {}, buffers = {}, facts = {} } = parts;
  return { kind, children, parameters, buffers, facts, forward };
}

/** A module visited on a walk, with its place. */
export interface ModuleVisit {
  readonly path: string;
  readonly name: string;
  readonly depth: number;
  readonly module: Module;
}

/** Joins places in the module tree with a dot, as PyTorch's state dicts do. */
export function joinPath(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(".");
}

/** A module and all below it, children in the order of definition. */
export function moduleTree(module: Module): Tree<ModuleVisit> {
  return growTree({ path: "", name: "", depth: 0, module }, (above) =>
    Object.entries(above.module.children).map(([name, child]): ModuleVisit => {
      return { path: joinPath(above.path, name), name, depth: above.depth + 1, module: child };
    }),
  );
}

/** Visits a module and all below it, parents first, in the order of definition. */
export function* walkModules(module: Module): Generator<ModuleVisit> {
  for (const { value } of walkTree(moduleTree(module))) yield value;
}

/** All parameters of a module tree under their state-dict names, in the order of definition. */
export function parametersOf(module: Module): ReadonlyMap<string, ParameterSpec> {
  return collect(module, (visited) => visited.parameters);
}

/** All buffers of a module tree under their state-dict names. */
export function buffersOf(module: Module): ReadonlyMap<string, BufferSpec> {
  return collect(module, (visited) => visited.buffers);
}

function collect<T>(module: Module, pick: (module: Module) => Readonly<Record<string, T>>): ReadonlyMap<string, T> {
  const entries = Array.from(walkModules(module), (visit) =>
    Object.entries(pick(visit.module)).map(([name, spec]) => [joinPath(visit.path, name), spec] as const),
  );
  return new Map(entries.flat());
}

/** The names of the parameters that make the scores: those of the last fully connected layer. */
export function headOf(module: Module): readonly string[] {
  if (module.facts.head !== undefined) return module.facts.head;
  const last = Array.from(walkModules(module)).findLast(({ module: { kind } }) => kind === "Linear");
  return last === undefined ? [] : Object.keys(last.module.parameters).map((name) => joinPath(last.path, name));
}

/** Number of trainable elements in a module tree. */
export function countParameters(module: Module): number {
  const sizes = Array.from(parametersOf(module).values(), (spec) => spec.shape.reduce((a, b) => a * b, 1));
  return sizes.reduce((a, b) => a + b, 0);
}

/** @throws {ShapeError} unless the value has `rank` axes and `channels` channels */
export function requireInput(where: string, x: TensorType, rank: number, channels: number): void {
  if (x.shape.length !== rank || x.shape[1] !== channels) {
    const wanted = `[N,${channels}${",…".repeat(rank > 2 ? 1 : 0)}] with ${rank} axes`;
    throw new ShapeError(where || "input", `needs ${wanted}, got ${formatShape(x.shape)}`);
  }
}
