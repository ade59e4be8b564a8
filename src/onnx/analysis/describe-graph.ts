import type { Shape, SymbolicShape } from "../../tensor/shape.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Graph, Value } from "../graph.ts";
import {
  type ActivationMemory,
  measureActivations,
  nodeMultiplyAdds,
  nodeParameters,
  outputBytes,
  traceConstants,
} from "./cost.ts";
import { type DataFlow, isLayer, traceDataFlow } from "./data-flow.ts";
import { labelNode } from "./labels.ts";
import { findReceptiveFields } from "./receptive-field.ts";
import { findScopes } from "./scopes.ts";
import { findShortcuts, type GraphShortcut } from "./shortcuts.ts";

/** A part of a network and its costs per image; unknown ones are left out. */
export interface GraphRow {
  /** Its path, such as "layer1.0.conv1"; empty for the whole. */
  readonly path: string;
  readonly depth: number;
  /** What it does, for a single layer; otherwise the number of nodes. */
  readonly kind: string;
  /** Without the batch axis. */
  readonly inputShape?: SymbolicShape;
  readonly outputShape?: SymbolicShape;
  /** The kinds of the shortcuts that end here. */
  readonly shortcut?: string;
  readonly parameters: number;
  readonly multiplyAdds?: number;
  /** Points of the input, along each spatial axis, that one point of the output depends on. */
  readonly receptiveField?: Shape;
  /** Bytes of all values computed here. */
  readonly activationBytes?: number;
}

/** A shortcut with the names of its ends. */
export interface DescribedShortcut extends GraphShortcut {
  /** The node that makes the value it carries, or the graph's input. */
  readonly from: string;
  /** The node where it is added. */
  readonly to: string;
}

/** What a graph consists of, and its costs. */
export interface GraphDescription {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** Nodes that compute on data, without constants and shape computations. */
  readonly nodes: number;
  /** Convolutions, matrix products and recurrences. */
  readonly layers: number;
  readonly parameters: number;
  readonly multiplyAdds?: number;
  /**
   * The largest of any value that still has spatial axes, before global pooling; left out if attention sees everything.
   */
  readonly receptiveField?: Shape;
  readonly activations?: ActivationMemory;
  readonly shortcuts: readonly DescribedShortcut[];
  /** One row per part of the tree, parents first. */
  readonly rows: readonly GraphRow[];
}

/** Options of a description. */
export interface DescribeGraphOptions {
  /** Initializers that count as parameters; all that layers use if left out. */
  readonly learned?: ReadonlySet<string>;
}

/** "identity", or "identity, concatenated": a shortcut in words. */
export function nameShortcut({ kind, join }: Pick<GraphShortcut, "kind" | "join">): string {
  return join === "concat" ? `${kind}, concatenated` : kind;
}

/** A part of the tree: the positions of its nodes. */
interface Part {
  readonly path: string;
  readonly depth: number;
  readonly nodes: readonly number[];
}

function partsByScope(scopes: readonly (readonly string[])[], flow: DataFlow): readonly Part[] {
  const parts = new Map<string, { depth: number; nodes: number[] }>();
  scopes.forEach((scope, index) => {
    if (flow.sources[index].length === 0) return;
    scope.forEach((_, depth) => {
      const path = scope.slice(0, depth + 1).join(".");
      const part = parts.get(path) ?? { depth: depth + 1, nodes: [] };
      part.nodes.push(index);
      parts.set(path, part);
    });
  });
  return orderTree([...parts].map(([path, part]) => ({ path, ...part })));
}

/** Parents before children, siblings in the order in which they first run. */
function orderTree(parts: readonly Part[]): readonly Part[] {
  const children = new Map<string, Part[]>();
  for (const part of parts) {
    const parent = part.path.split(".").slice(0, -1).join(".");
    children.set(parent, [...(children.get(parent) ?? []), part]);
  }
  const visit = (path: string): readonly Part[] =>
    (children.get(path) ?? [])
      .toSorted((a, b) => a.nodes[0] - b.nodes[0])
      .flatMap((part) => [part, ...visit(part.path)]);
  return visit("");
}

/** Without informative names: the residual blocks spanned by shortcuts, and the layers between them. */
function partsByShortcut(flow: DataFlow, shortcuts: readonly GraphShortcut[]): readonly Part[] {
  const owner = new Map<number, number>();
  const added = shortcuts.filter(({ join, kind }) => join === "add" && kind !== "other channels");
  // A short one first: a block within a block belongs to the inner one.
  const ordered = added
    .map((shortcut, index) => ({ shortcut, index }))
    .toSorted((a, b) => a.shortcut.branch.length - b.shortcut.branch.length);
  for (const { shortcut, index } of ordered) {
    for (const node of [...shortcut.skip, ...shortcut.branch, shortcut.at])
      if (!owner.has(node)) owner.set(node, index);
  }
  const parts: Part[] = [];
  const blocks = new Map<number, number[]>();
  flow.graph.nodes.forEach((node, index) => {
    if (flow.sources[index].length === 0) return;
    const block = owner.get(index);
    if (block === undefined) {
      if (isLayer(node)) parts.push({ path: labelNode(flow.graph, node), depth: 1, nodes: [index] });
      return;
    }
    const nodes = blocks.get(block);
    if (nodes) return void nodes.push(index);
    const created = [index];
    blocks.set(block, created);
    parts.push({ path: `block ${blocks.size}`, depth: 1, nodes: created });
  });
  return parts;
}

const withoutBatch = (shape: SymbolicShape | undefined): SymbolicShape | undefined => shape?.slice(1);

const total = (values: readonly (number | undefined)[]): number | undefined =>
  values.includes(undefined) ? undefined : (values as number[]).reduce((a, b) => a + b, 0);

/** Omits unknown values. */
function known<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as T;
}

/**
 * Describes any graph: its parts by its nodes' names (or by its residual blocks if these say nothing), the shortcuts
 * found in the graph itself, parameters, multiply-adds, receptive field, activation memory. What depends on unknown
 * extents is left out.
 *
 * @param graph normalised if possible, so that constants are folded, with the batch bound to 1
 */
export function describeGraph(graph: Graph, options: DescribeGraphOptions = {}): GraphDescription {
  const flow = traceDataFlow(graph);
  const shortcuts = findShortcuts(graph);
  const fields = findReceptiveFields(flow);
  const scopes = findScopes(graph);
  const parts = scopes ? partsByScope(scopes, flow) : partsByShortcut(flow, shortcuts);
  const everything = graph.nodes.flatMap((_, index) => (flow.sources[index].length > 0 ? [index] : []));
  const innermost = innermostParts(parts);
  const using = { sourceOf: traceConstants(graph), learned: options.learned };
  const sizes = (nodes: readonly number[]): number => {
    const names = new Set(nodes.flatMap((index) => nodeParameters(graph, graph.nodes[index], using)));
    return [...names].reduce((sum, name) => sum + sizeOf(graph.initializers.get(name)!.shape), 0);
  };
  const fieldOf = (name: string): Shape | undefined => fields.get(name)?.size.map(Math.round);
  const row = ({ path, depth, nodes }: Part): GraphRow => {
    const last = graph.nodes[nodes.at(-1)!];
    const inside = new Set(nodes);
    const entry = nodes
      .flatMap((index) => flow.dataInputs(graph.nodes[index]))
      .find((name) => !inside.has(flow.maker(name)!));
    const ending = shortcuts.filter(({ at }) => innermost.get(at) === path);
    const layers = nodes.filter((index) => isLayer(graph.nodes[index]));
    const single = nodes.length === 1 ? nodes[0] : layers.length === 1 ? layers[0] : undefined;
    return known({
      path,
      depth,
      kind: single === undefined ? `${layers.length} layers` : labelNode(graph, graph.nodes[single]),
      inputShape: withoutBatch(graph.types.get(entry ?? "")?.shape),
      outputShape: withoutBatch(graph.types.get(last.outputs[0])?.shape),
      shortcut: ending.length > 0 ? [...new Set(ending.map(nameShortcut))].join(" + ") : undefined,
      parameters: sizes(nodes),
      multiplyAdds: total(nodes.map((index) => nodeMultiplyAdds(graph, graph.nodes[index]))),
      receptiveField: fieldOf(last.outputs[0]),
      activationBytes: total(nodes.map((index) => outputBytes(graph, graph.nodes[index]))),
    }) as GraphRow;
  };
  const nameOf = (index: number): string =>
    index < 0 ? (graph.inputs[0]?.name ?? "") : graph.nodes[index].name || graph.nodes[index].outputs[0];
  const isKnown = graph.nodes.some(({ outputs }) => fields.has(outputs[0]));
  const largest = (isKnown ? [...fields.values()] : []).reduce<Shape | undefined>(
    (found, { size }) => (found && found[0] >= size[0] ? found : size),
    undefined,
  );
  return known({
    inputs: graph.inputs.filter(({ name }) => !graph.initializers.has(name)),
    outputs: graph.outputs,
    nodes: everything.length,
    layers: everything.filter((index) => isLayer(graph.nodes[index])).length,
    parameters: sizes(everything),
    multiplyAdds: total(everything.map((index) => nodeMultiplyAdds(graph, graph.nodes[index]))),
    // Attention sees everything.
    receptiveField: hasAttention(flow) ? undefined : largest?.map(Math.round),
    activations: measureActivations(flow),
    shortcuts: shortcuts.map((shortcut) => ({ ...shortcut, from: nameOf(shortcut.fork), to: nameOf(shortcut.at) })),
    rows: parts.map(row),
  }) as GraphDescription;
}

/** Whether what one point takes from another depends on the data: a product of two values that both do. */
const hasAttention = (flow: DataFlow): boolean =>
  flow.graph.nodes.some(
    (node) => node.op === "Attention" || (node.op === "MatMul" && flow.dataInputs(node).length > 1),
  );

/** The deepest part that contains each node. */
function innermostParts(parts: readonly Part[]): ReadonlyMap<number, string> {
  const found = new Map<number, { readonly path: string; readonly depth: number }>();
  for (const part of parts) {
    for (const node of part.nodes) {
      if ((found.get(node)?.depth ?? 0) < part.depth) found.set(node, part);
    }
  }
  return new Map([...found].map(([node, { path }]) => [node, path]));
}
