import { isLayer, traceDataFlow } from "../../onnx/analysis/data-flow.ts";
import { nodeMultiplyAdds, nodeParameters, traceConstants } from "../../onnx/analysis/cost.ts";
import { labelNode } from "../../onnx/analysis/labels.ts";
import { findScopes } from "../../onnx/analysis/scopes.ts";
import { findShortcuts, type GraphShortcut } from "../../onnx/analysis/shortcuts.ts";
import type { Graph } from "../../onnx/graph.ts";
import { sizeOf } from "../../tensor/shape.ts";

/** A row of a network: a layer on the spine, or a residual block whose branch goes around it. */
export interface ChainRow {
  /** Its place, as names of nodes tell it. */
  readonly label: string;
  /** Its layers in words. */
  readonly boxes: readonly string[];
  /** What it gives, without the batch: "16×32×32". */
  readonly shape: string;
  readonly shortcut?: GraphShortcut;
  /** Positions of the first and the last node. */
  readonly first: number;
  readonly last: number;
}

const shown: ReadonlySet<string> = new Set(["AveragePool", "GlobalAveragePool", "GlobalMaxPool", "MaxPool", "Resize"]);

/**
 * The shortcuts without those that join parts of the channels within a residual block, as in a Res2Net: the block is what
 * encloses them.
 */
function withoutParts(shortcuts: readonly GraphShortcut[]): readonly GraphShortcut[] {
  const isPart = ({ kind }: GraphShortcut): boolean => kind === "other channels";
  const parted = new Set(shortcuts.filter(isPart).map(({ at }) => at));
  const blocks = shortcuts.filter((one) => one.join === "add" && !isPart(one));
  return shortcuts.filter(
    ({ fork, at }) => !parted.has(at) || blocks.every((block) => block.fork >= fork || block.at <= at),
  );
}

/** The innermost shortcuts, none of which overlaps another: each is a block of its own. */
function pickBlocks(shortcuts: readonly GraphShortcut[]): readonly GraphShortcut[] {
  const picked: GraphShortcut[] = [];
  for (const one of shortcuts.toSorted((a, b) => a.at - a.fork - (b.at - b.fork))) {
    if (picked.every((other) => one.at <= other.fork || one.fork >= other.at)) picked.push(one);
  }
  return picked.toSorted((a, b) => a.at - b.at);
}

function layOutRows(graph: Graph, blocks: readonly GraphShortcut[]): readonly ChainRow[] {
  const flow = traceDataFlow(graph);
  const scopes = findScopes(graph);
  const labels = (nodes: readonly number[]): readonly string[] =>
    nodes.filter((index) => isLayer(graph.nodes[index])).map((index) => labelNode(graph, graph.nodes[index]));
  const shapeOf = (index: number): string =>
    (graph.types.get(graph.nodes[index].outputs[0])?.shape.slice(1) ?? []).join("×");
  const inside = new Map<number, GraphShortcut>();
  for (const block of blocks) for (const index of [...block.skip, ...block.branch]) inside.set(index, block);
  const starts = new Map(blocks.map((block) => [block.at, block]));
  return graph.nodes.flatMap((node, index): readonly ChainRow[] => {
    const block = starts.get(index);
    if (block !== undefined) {
      const label = scopes?.[index].join(".") ?? "";
      const first = Math.min(index, ...block.branch, ...block.skip);
      return [{ label, boxes: labels(block.branch), shape: shapeOf(index), shortcut: block, first, last: index }];
    }
    const isDrawn = flow.sources[index].length > 0 && !inside.has(index) && (isLayer(node) || shown.has(node.op));
    if (!isDrawn) return [];
    const label = scopes?.[index].join(".") ?? "";
    return [{ label, boxes: [labelNode(graph, node)], shape: shapeOf(index), first: index, last: index }];
  });
}

/** A network as a chain of layers and residual blocks. */
export interface Chain {
  readonly rows: readonly ChainRow[];
  /** All shortcuts, in the order of their joins. */
  readonly shortcuts: readonly GraphShortcut[];
  /** Those that are no row's own: they skip several rows. */
  readonly long: readonly GraphShortcut[];
}

/** Lays a network out as a chain, by its shortcuts. */
export function layOutChain(graph: Graph): Chain {
  const shortcuts = findShortcuts(graph);
  const drawable = withoutParts(shortcuts);
  const blocks = pickBlocks(drawable);
  const taken = new Set(blocks);
  const joined = new Set(blocks.map(({ at }) => at));
  // Of many values put side by side, the block shows one; the others go the same way.
  const long = drawable.filter((one) => !taken.has(one) && !(one.join === "concat" && joined.has(one.at)));
  return { rows: layOutRows(graph, blocks), shortcuts, long };
}

/** What a row costs, per image. */
export interface RowCosts {
  readonly parameters: number;
  /** Unknown if the extents of a value are. */
  readonly multiplyAdds?: number;
}

/** The row that each node belongs to: its own, or the one that it comes after. */
function ownersOf({ nodes }: Graph, rows: readonly ChainRow[]): readonly number[] {
  const own = new Map<number, number>();
  rows.forEach(({ shortcut, last }, place) => {
    for (const node of [last, ...(shortcut?.skip ?? []), ...(shortcut?.branch ?? [])]) own.set(node, place);
  });
  let place = 0;
  return nodes.map((_, index) => {
    while (place + 1 < rows.length && rows[place + 1].first <= index && rows[place].last < index) place++;
    return own.get(index) ?? place;
  });
}

/**
 * The parameters of each row of a chain, by name. One that several rows use is the first one's.
 *
 * @param learned the names that may count as parameters; all that layers use if left out
 */
export function parametersOfRows(
  graph: Graph,
  rows: readonly ChainRow[],
  learned: ReadonlySet<string> | undefined,
): readonly (readonly string[])[] {
  const owners = ownersOf(graph, rows);
  const using = { sourceOf: traceConstants(graph), learned };
  const counted = new Set<string>();
  const flow = traceDataFlow(graph);
  const names = rows.map((): string[] => []);
  graph.nodes.forEach((node, index) => {
    if (flow.sources[index].length === 0) return;
    for (const name of nodeParameters(graph, node, using)) {
      if (!counted.has(name)) names[owners[index]]?.push(name);
      counted.add(name);
    }
  });
  return names;
}

/**
 * What each row of a chain costs. Together they are the whole network's costs.
 *
 * @param learned as {@link parametersOfRows} takes it
 */
export function costsOf(
  graph: Graph,
  rows: readonly ChainRow[],
  learned: ReadonlySet<string> | undefined,
): readonly RowCosts[] {
  const owners = ownersOf(graph, rows);
  const flow = traceDataFlow(graph);
  const works = rows.map((): number | undefined => 0);
  graph.nodes.forEach((node, index) => {
    const owner = owners[index];
    if (owner >= works.length || flow.sources[index].length === 0) return;
    const [before, work] = [works[owner], nodeMultiplyAdds(graph, node)];
    works[owner] = work === undefined || before === undefined ? undefined : before + work;
  });
  const sizes = parametersOfRows(graph, rows, learned).map((names) =>
    names.reduce((sum, name) => sum + sizeOf(graph.initializers.get(name)!.shape), 0),
  );
  return works.map((multiplyAdds, place) => ({
    parameters: sizes[place],
    ...(multiplyAdds === undefined ? {} : { multiplyAdds }),
  }));
}
