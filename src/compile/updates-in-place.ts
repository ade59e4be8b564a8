import type { Attribute, Graph, Node, TensorType, Value } from "../onnx/graph.ts";
import { ResiduaError } from "../tensor/errors.ts";
import { float32, int64, type Tensor } from "../tensor/tensor.ts";

/** The tensors that one update replaces, and a number that decides whether it is made. */
export interface GuardedUpdate {
  /** A scalar output of the graph, finite if the update is to be made; afterwards it is no longer an output. */
  readonly guard: string;
  /** Inputs with the outputs that replace them. */
  readonly pairs: readonly (readonly [input: string, output: string])[];
}

/** Operators whose result may share their first input's memory: reading it is reading the input. */
const views: ReadonlySet<string> = new Set(["Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity"]);

/** The node that makes each value, and those that read it. */
interface Links {
  readonly makers: ReadonlyMap<string, Node>;
  readonly readers: ReadonlyMap<string, readonly Node[]>;
}

function linkNodes({ nodes }: Graph): Links {
  const readers = new Map<string, Node[]>();
  for (const node of nodes) {
    for (const input of new Set(node.inputs)) {
      const known = readers.get(input);
      if (known === undefined) readers.set(input, [node]);
      else known.push(node);
    }
  }
  return { makers: new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const))), readers };
}

/** All nodes that these values come from. */
function nodesBehind(names: readonly string[], { makers }: Links): Set<Node> {
  const found = new Set<Node>();
  const waiting = [...names];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const maker = makers.get(name);
    if (maker === undefined || found.has(maker)) continue;
    found.add(maker);
    waiting.push(...maker.inputs);
  }
  return found;
}

/** The nodes needed only by these results and not by their guard, in the graph's order. */
function nodesOf({ pairs }: GuardedUpdate, graph: Graph, behindGuard: ReadonlySet<Node>, links: Links): Node[] {
  const results = new Set(pairs.map(([, output]) => output));
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const own = nodesBehind([...results], links);
  for (const node of behindGuard) own.delete(node);
  const isWantedElsewhere = (name: string): boolean =>
    !results.has(name) && (outputs.has(name) || links.readers.get(name)!.some((reader) => !own.has(reader)));
  for (let size = -1; size !== own.size;) {
    size = own.size;
    for (const node of own) if (node.outputs.some(isWantedElsewhere)) own.delete(node);
  }
  return graph.nodes.filter((node) => own.has(node));
}

/** The results of all other nodes that read an input's memory: they must be computed before that memory is written. */
function findAwaited({ pairs }: GuardedUpdate, known: ReadonlySet<Node>, { readers }: Links): readonly string[] {
  const found: string[] = [];
  const waiting = pairs.map(([input]) => input);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    for (const reader of readers.get(name) ?? []) {
      if (views.has(reader.op)) waiting.push(reader.outputs[0]);
      else if (!known.has(reader)) found.push(reader.outputs.find((output) => output !== "")!);
    }
  }
  return found;
}

/** The graph being built. */
interface Draft {
  readonly nodes: Node[];
  readonly types: Map<string, TensorType>;
  readonly initializers: Map<string, Tensor>;
}

/** Adds nodes named after the guard. */
function createWriter({ nodes, types, initializers }: Draft, scope: string) {
  const add = (op: string, inputs: readonly string[], type: TensorType): string => {
    const name = `${scope}/${op}_${nodes.length}`;
    nodes.push({ op, domain: "", name, inputs, outputs: [`${name}:y`], attributes: new Map() });
    types.set(`${name}:y`, type);
    return `${name}:y`;
  };
  const constant = (name: string, value: Tensor): string => {
    initializers.set(name, value);
    types.set(name, value);
    return name;
  };
  return {
    add,
    zero: () => constant("updates/zero", float32([], [0])),
    ints: (values: readonly number[]) => constant(`updates/[${values.join()}]`, int64([values.length], values)),
  };
}

/** Whether the guard is finite; available only once the awaited values are. */
function writeCondition(draft: Draft, guard: string, awaited: readonly string[]): string {
  const { add, zero, ints } = createWriter(draft, guard);
  const scalar: TensorType = { dtype: "float32", shape: [] };
  // Only an infinite number or NaN gives something other than 0 when multiplied by 0.
  const nothing = [guard, ...awaited].map((name) => {
    const { shape } = draft.types.get(name)!;
    const ones = shape.map(() => 1);
    const first =
      shape.length === 0
        ? name
        : add(
            "Reshape",
            [add("Slice", [name, ints(shape.map(() => 0)), ints(ones)], { dtype: "float32", shape: ones }), ints([])],
            scalar,
          );
    return add("Mul", [first, zero()], scalar);
  });
  const sum = nothing.reduce((before, next) => add("Add", [before, next], scalar));
  return add("Equal", [sum, zero()], { dtype: "bool", shape: [] });
}

/** One branch: computes the results under names of its own. */
function branch(name: string, nodes: readonly Node[], results: ReadonlyMap<string, Value>): Attribute {
  const rename = (value: string): string => results.get(value)?.name ?? value;
  return {
    kind: "graph",
    value: {
      name,
      inputs: [],
      outputs: [...results.values()],
      nodes: nodes.map((node) => ({ ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) })),
      initializers: new Map(),
      types: new Map(),
    },
  };
}

/** What a node reads, including inside its branches. */
function inputsOf({ inputs, attributes }: Node): readonly string[] {
  const inner = [...attributes.values()].flatMap((attribute) =>
    attribute.kind === "graph" ? attribute.value.nodes : [],
  );
  return [...inputs, ...inner.flatMap(inputsOf)];
}

/** Sorts nodes so that each comes after those that it needs, and otherwise keeps their order. */
function sortNodes(nodes: readonly Node[]): readonly Node[] {
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const placed = new Set<Node>();
  for (const first of nodes) {
    const waiting = [first];
    for (let node = waiting.at(-1); node !== undefined; node = waiting.at(-1)) {
      const missing = inputsOf(node)
        .flatMap((name) => makers.get(name) ?? [])
        .filter((maker) => !placed.has(maker));
      if (missing.length === 0) placed.add(waiting.pop()!);
      else waiting.push(...missing);
    }
  }
  return [...placed];
}

/** An update with its nodes in the graph. */
interface Plan {
  readonly update: GuardedUpdate;
  readonly own: readonly Node[];
  readonly awaited: readonly string[];
}

function planUpdate(graph: Graph, links: Links, update: GuardedUpdate): Plan {
  const behindGuard = nodesBehind([update.guard], links);
  const own = nodesOf(update, graph, behindGuard, links);
  const made = new Set(own.flatMap((node) => node.outputs));
  const missing = update.pairs.find(([, output]) => !made.has(output));
  if (missing) throw new ResiduaError(missing[1], `is not made by the update that ${update.guard} guards`);
  const awaited = findAwaited(update, new Set([...behindGuard, ...own]), links);
  const behindAwaited = nodesBehind(awaited, links);
  if (own.some((node) => behindAwaited.has(node)))
    throw new ResiduaError(update.guard, "guards an update whose result is read together with what it replaces");
  return { update, own, awaited };
}

/** Replaces an update's nodes by one that either makes the update or leaves everything as it is. */
function writeUpdate(draft: Draft, { update: { guard, pairs }, own, awaited }: Plan): void {
  const test = writeCondition(draft, guard, awaited);
  const resultsIn = (name: string): ReadonlyMap<string, Value> =>
    new Map(pairs.map(([, output]) => [output, { ...draft.types.get(output)!, name: `${name}/${output}` }]));
  const identities = pairs.map(([input, output]): Node => ({
    op: "Identity",
    domain: "",
    name: `left/${output}`,
    inputs: [input],
    outputs: [output],
    attributes: new Map(),
  }));
  draft.nodes.push({
    op: "If",
    domain: "",
    name: `${guard}/If`,
    inputs: [test],
    outputs: pairs.map(([, output]) => output),
    attributes: new Map([
      ["then_branch", branch("made", own, resultsIn("made"))],
      ["else_branch", branch("left", identities, resultsIn("left"))],
    ]),
  });
}

/**
 * Rewrites updates so that they may be written in place: no node reads the old tensors afterwards, and the update is
 * skipped when the guard is not finite.
 *
 * The graph must run as written: a runtime that rewrites it may move a reader behind the update.
 *
 * @throws {ResiduaError} if a guard needs the update that it guards, or a node reads both a tensor and what replaces it
 */
export function guardUpdates(graph: Graph, updates: readonly GuardedUpdate[]): Graph {
  if (updates.length === 0) return graph;
  const links = linkNodes(graph);
  const plans = updates.map((update) => planUpdate(graph, links, update));
  const moved = new Set(plans.flatMap(({ own }) => own));
  const guards = new Set(updates.map(({ guard }) => guard));
  const draft: Draft = {
    nodes: graph.nodes.filter((node) => !moved.has(node)),
    types: new Map(graph.types),
    initializers: new Map(graph.initializers),
  };
  for (const plan of plans) writeUpdate(draft, plan);
  return {
    ...graph,
    ...draft,
    nodes: sortNodes(draft.nodes),
    outputs: graph.outputs.filter(({ name }) => !guards.has(name)),
  };
}
