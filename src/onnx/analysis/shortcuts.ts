import { UnsupportedError } from "../../tensor/errors.ts";
import { quote } from "../../tensor/printable.ts";
import type { Graph } from "../graph.ts";
import { type DataFlow, isLayer, traceDataFlow } from "./data-flow.ts";
import { classifySkip, type SkipKind } from "./skip-kind.ts";

/** A shortcut found in a graph: a value that reaches a join by a shorter path than the other input. */
export interface GraphShortcut {
  readonly kind: SkipKind;
  /** How the paths are joined: by addition, or concatenation along the channels. */
  readonly join: "add" | "concat";
  /** What lies on the skip, in words; empty for an identity. */
  readonly detail: string;
  /** Position of the node where the paths part; −1 for an input of the graph. */
  readonly fork: number;
  /** Position of the node where they meet. */
  readonly at: number;
  /** The value that enters the join by the skip, and the one by the branch. */
  readonly skipValue: string;
  readonly branchValue: string;
  /** Positions of the nodes on the skip alone. */
  readonly skip: readonly number[];
  /** Positions of the nodes on the branch, between fork and join. */
  readonly branch: readonly number[];
  /** Layers (convolutions, matrix products) that the skip bypasses, on the shortest path. */
  readonly layers: number;
}

/** Limit on the steps of the search: enough for thousands of layers, a few seconds at most. */
const MAXIMUM_STEPS = 4_000_000;
/** A path with more layers than this is a branch of its own, not a shortcut. */
const MAXIMUM_SKIP_LAYERS = 1;

const joins: ReadonlyMap<string, GraphShortcut["join"]> = new Map([
  ["Add", "add"],
  ["Sum", "add"],
  ["QLinearAdd", "add"],
  ["Concat", "concat"],
]);

/** One of two paths into a join, followed backwards. */
interface Way {
  readonly value: string;
  /** Fewest layers between a node's output and the join; by position. */
  readonly costs: Map<number, number>;
}

interface Meeting {
  readonly ways: readonly [Way, Way];
  /** Where the paths first meet, going backwards. */
  readonly forks: readonly number[];
}

/** Follows two paths back at once, latest nodes first, until they meet; anything before that concerns neither. */
function findMeeting(flow: DataFlow, values: readonly [string, string], spend: () => void): Meeting {
  const ways = values.map((value) => ({ value, costs: new Map([[flow.maker(value)!, 0]]) })) as [Way, Way];
  const alone = [0, 0];
  const forks: number[] = [];
  const has = (way: 0 | 1, node: number): boolean => ways[way].costs.has(node);
  for (const way of [0, 1] as const) {
    const [start] = ways[way].costs.keys();
    if (!has(way === 0 ? 1 : 0, start)) alone[way]++;
  }
  let lowest = Number.POSITIVE_INFINITY;
  const mark = (way: 0 | 1, node: number, cost: number): void => {
    const other = way === 0 ? 1 : 0;
    const known = ways[way].costs.get(node);
    if (known === undefined || cost < known) ways[way].costs.set(node, cost);
    if (known !== undefined) return;
    if (has(other, node)) {
      alone[other]--;
      lowest = Math.min(lowest, node);
    } else alone[way]++;
  };
  for (let at = Math.max(...ways.map(({ costs }) => Math.max(...costs.keys()))); at >= -1; at--) {
    spend();
    if ((alone[0] === 0 || alone[1] === 0) && at < lowest) break;
    if (has(0, at) && has(1, at)) {
      forks.push(at);
      lowest = Math.min(lowest, at);
    } else if (has(0, at) || has(1, at)) {
      const way = has(0, at) ? 0 : 1;
      alone[way]--;
      if (at < 0) continue;
      const cost = ways[way].costs.get(at)! + Number(isLayer(flow.graph.nodes[at]));
      for (const source of flow.carriers[at]) mark(way, source, cost);
    }
  }
  return { ways, forks };
}

/** The cheapest fork of a path; among equals the earliest, since a gate is computed from what it lets through. */
function cheapestFork(way: Way, forks: readonly number[]): number {
  return forks.reduce((best, fork) => (way.costs.get(fork)! <= way.costs.get(best)! ? fork : best));
}

const nodesBetween = (way: Way, other: Way, fork: number): readonly number[] =>
  [...way.costs.keys()].filter((node) => node > fork && !other.costs.has(node)).toSorted((a, b) => a - b);

/**
 * Whether two paths leave a node that splits its input by different parts: the skip then carries channels that the branch does
 * not read, as between the parts of a Res2Net's block.
 */
function carriesOtherChannels(
  { graph }: DataFlow,
  fork: number,
  [skip, branch]: readonly (readonly [value: string, nodes: readonly number[]])[],
): boolean {
  if (graph.nodes[fork]?.op !== "Split") return false;
  const taken = ([value, nodes]: typeof skip): readonly string[] =>
    graph.nodes[fork].outputs.filter(
      (part) => part === value || nodes.some((node) => graph.nodes[node].inputs.includes(part)),
    );
  const read = taken(branch);
  return taken(skip).every((part) => !read.includes(part));
}

function findShortcut(
  flow: DataFlow,
  at: number,
  values: readonly [string, string],
  spend: () => void,
): GraphShortcut | undefined {
  const join = joins.get(flow.graph.nodes[at].op)!;
  const { ways, forks } = findMeeting(flow, values, spend);
  if (forks.length === 0) return undefined;
  const candidates = ([0, 1] as const).map((index) => {
    const [skip, branch] = [ways[index], ways[1 - index]];
    const fork = cheapestFork(skip, forks);
    return { skip, branch, fork, cost: skip.costs.get(fork)!, layers: branch.costs.get(fork)! };
  });
  const { skip, branch, fork, cost, layers } = candidates.reduce((a, b) => (b.cost < a.cost ? b : a));
  // Concatenated features that each have a layer of their own are parallel branches, as in Inception.
  if (layers <= cost || cost > (join === "concat" ? 0 : MAXIMUM_SKIP_LAYERS)) return undefined;
  const onSkip = nodesBetween(skip, branch, -1);
  const onBranch = nodesBetween(branch, skip, fork);
  const found = classifySkip(flow, onSkip);
  const others = carriesOtherChannels(flow, fork, [
    [skip.value, onSkip],
    [branch.value, onBranch],
  ]);
  return {
    ...(others ? { ...found, kind: "other channels" } : found),
    join,
    fork,
    at,
    skipValue: skip.value,
    branchValue: branch.value,
    skip: onSkip,
    branch: onBranch,
    layers,
  };
}

/**
 * Finds the shortcuts of a graph from its structure: additions (or concatenations) one of whose inputs comes by a path
 * with fewer layers than the other. Names play no part, so it works on any file. Returns them in the order of the
 * joins.
 *
 * @throws {UnsupportedError} if the graph is so entangled that the search would take too long
 */
export function findShortcuts(graph: Graph): readonly GraphShortcut[] {
  const flow = traceDataFlow(graph);
  let steps = 0;
  const spend = (): void => {
    if (++steps > MAXIMUM_STEPS) {
      throw new UnsupportedError(`graph ${quote(graph.name)}`, "is too entangled for its shortcuts to be found");
    }
  };
  return graph.nodes.flatMap((node, at) => {
    if (!joins.has(node.op)) return [];
    const values = flow.dataInputs(node);
    if (values.length < 2) return [];
    // Among several, the latest is the one that the others bypass.
    const branch = values.reduce((a, b) => (flow.maker(b)! >= flow.maker(a)! ? b : a));
    const others = values.filter((value) => value !== branch);
    const found = others.flatMap((value) => findShortcut(flow, at, [value, branch], spend) ?? []);
    // One value may be the shortcut of several branches that are joined at once.
    return found.filter(({ skipValue }, index) => found.findIndex((one) => one.skipValue === skipValue) === index);
  });
}
