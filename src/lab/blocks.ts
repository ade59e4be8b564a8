import type { ForwardPass } from "../nn/forward.ts";
import { findShortcuts, type GraphShortcut } from "../onnx/analysis/shortcuts.ts";
import type { GraphBuilder } from "../onnx/builder.ts";
import type { Graph, Node, TensorType, Value } from "../onnx/graph.ts";

/** A residual block y = act(F(x) + S(x)) as a graph has it: names of values. */
export interface Block {
  /** Its path in the module tree, such as "layer1.0"; "block 3" if names do not reveal it. */
  readonly name: string;
  /** What its shortcut is, in words; "none" for a block of a plain network. */
  readonly kind: string;
  /** How F and S are joined; absent without a shortcut. */
  readonly join?: GraphShortcut["join"];
  /** x */
  readonly input: string;
  /** F(x) as it enters the join. */
  readonly residual: string;
  /** S(x) at the join; absent without a shortcut. */
  readonly shortcut?: string;
  /** y, after the activation if there is one. */
  readonly output: string;
}

const activations: ReadonlySet<string> = new Set([
  "Clip",
  "Elu",
  "HardSwish",
  "LeakyRelu",
  "PRelu",
  "Relu",
  "Selu",
  "Sigmoid",
  "Softplus",
  "Tanh",
]);

/** The graph so far with the images as its only data: parameters count as constants, as in a file. */
function asPrediction(g: GraphBuilder, images: Value, held: Iterable<Value>): Graph {
  return {
    name: "network",
    inputs: [images],
    outputs: [],
    nodes: g.nodes(),
    initializers: new Map(),
    types: new Map<string, TensorType>(Array.from(held, (value) => [value.name, value])),
  };
}

const heldBy = ({ parameters, buffers }: ForwardPass): readonly Value[] =>
  [...parameters.values(), ...buffers.values()].map(({ value }) => value);

/** Nodes by the values that they make and take. */
interface Wiring {
  readonly maker: ReadonlyMap<string, Node>;
  readonly users: ReadonlyMap<string, readonly Node[]>;
}

function wire(nodes: readonly Node[]): Wiring {
  const users = new Map<string, Node[]>();
  for (const node of nodes) {
    for (const input of new Set(node.inputs)) {
      const known = users.get(input);
      if (known === undefined) users.set(input, [node]);
      else known.push(node);
    }
  }
  return { maker: new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const))), users };
}

/** A block of a graph whose modules are not known: it ends after the activation that alone reads the sum. */
function blockOfShortcut(graph: Graph, { users }: Wiring, shortcut: GraphShortcut, index: number): Block {
  const { fork, at, branchValue, skipValue, join } = shortcut;
  const [sum] = graph.nodes[at].outputs;
  const readers = users.get(sum) ?? [];
  const activation = readers.length === 1 && activations.has(readers[0].op) ? readers[0] : undefined;
  const input = fork < 0 ? graph.inputs[0].name : graph.nodes[fork].outputs[0];
  const name = scopeOf(graph.nodes[at]) ?? `block ${index + 1}`;
  return {
    name,
    kind: shortcut.kind,
    join,
    input,
    residual: branchValue,
    shortcut: skipValue,
    output: activation?.outputs[0] ?? sum,
  };
}

/** "layer1.0" for "/layer1/layer1.0/Add" (PyTorch); undefined if names do not reveal it. */
function scopeOf({ name }: Node): string | undefined {
  const parts = name.split("/").filter((part) => part !== "");
  return parts.length < 2 ? undefined : parts.at(-2);
}

function withUniqueNames(blocks: readonly Block[]): readonly Block[] {
  const seen = new Map<string, number>();
  return blocks.map((block) => {
    const count = seen.get(block.name) ?? 0;
    seen.set(block.name, count + 1);
    return count === 0 ? block : { ...block, name: `${block.name} (${count + 1})` };
  });
}

/**
 * The residual blocks of a network that has just been put into a graph, in the order in which they run. Blocks of modules go by
 * the modules' own places, those of plain networks included; in a network out of a file they are found by their joins.
 *
 * @param images the graph's input
 */
export function findBlocks(g: GraphBuilder, pass: ForwardPass, images: Value): readonly Block[] {
  const graph = asPrediction(g, images, heldBy(pass));
  const wiring = wire(graph.nodes);
  const shortcuts = findShortcuts(graph);
  const modules = pass.trace.filter(({ module }) => module.facts.block === true);
  if (modules.length === 0) {
    const added = shortcuts.filter(({ join, kind }) => join === "add" && kind !== "other channels");
    return withUniqueNames(added.map((shortcut, index) => blockOfShortcut(graph, wiring, shortcut, index)));
  }
  return modules.map(({ path, module, input, output }): Block => {
    // The block's own nodes are named after it; those of its layers after them.
    const own = shortcuts.findLast(({ at }) => scopeOfOwn(graph.nodes[at]) === path);
    const ends = { name: path, kind: module.facts.shortcut ?? "none", input: input.name, output: output.name };
    if (own !== undefined && module.facts.shortcut !== "none")
      return { ...ends, join: own.join, residual: own.branchValue, shortcut: own.skipValue };
    const additions = graph.nodes.filter((node) => node.op === "Add" && scopeOfOwn(node) === path);
    // (1 − g)·x + g·F is added as x + g·(F − x): both ways lead to x.
    const gated = additions.findLast(({ inputs }) => inputs.includes(input.name));
    const residual = gated?.inputs.find((name) => name !== input.name);
    if (residual !== undefined) return { ...ends, join: "add", residual, shortcut: input.name };
    // An F of one layer is no longer than a projection: it is told by its place, which is the first.
    const parts = pass.trace.filter((part) => part.path.startsWith(`${path}.`)).map((part) => part.output.name);
    const summed = additions.findLast(({ inputs }) => inputs.every((name) => parts.includes(name)));
    if (summed !== undefined) return { ...ends, join: "add", residual: summed.inputs[0], shortcut: summed.inputs[1] };
    return { ...ends, residual: beforeActivation(wiring, path, output.name) };
  });
}

/** What an activation in a block's own nodes reads, be it one node or several; a block without one gives its output itself. */
function beforeActivation({ maker }: Wiring, path: string, output: string): string {
  let value = output;
  for (let node = maker.get(value); node !== undefined && scopeOfOwn(node) === path; node = maker.get(value))
    value = node.inputs[0];
  return value;
}

const scopeOfOwn = ({ name }: Node): string => name.slice(0, Math.max(0, name.lastIndexOf("/")));

/** A layer with weights, and the path of its output. */
export interface Layer {
  /** Its place: the name of its weight without the last part. */
  readonly name: string;
  /** The state-dict name of its weight. */
  readonly weight: string;
  readonly op: string;
  /** What the layer gives. */
  readonly output: string;
  /** Output of the first ReLU after it, reached only through norms and additions; absent if there is none. */
  readonly relu?: string;
}

/** What may lie between a layer and the relu that is its own. */
const passing: ReadonlySet<string> = new Set([
  "Add",
  "BatchNormTraining",
  "BatchNormalization",
  "GroupNormalization",
  "Identity",
  "InstanceNormalization",
  "LayerNormalization",
  "Mul",
]);

/** The earliest relu that is reached from a value. */
function reluBehind(nodes: readonly Node[], { users }: Wiring, value: string): string | undefined {
  const places = new Map(nodes.map((node, place) => [node, place]));
  const reached = new Set([value]);
  let found: Node | undefined;
  const open = [value];
  for (let current = open.pop(); current !== undefined; current = open.pop()) {
    for (const node of users.get(current) ?? []) {
      if (node.op === "Relu" && (found === undefined || places.get(node)! < places.get(found)!)) found = node;
      if (!passing.has(node.op)) continue;
      for (const output of node.outputs) if (output !== "" && !reached.has(output)) open.push(output);
      node.outputs.forEach((output) => reached.add(output));
    }
  }
  return found?.outputs[0];
}

const layerOps: ReadonlySet<string> = new Set(["Conv", "ConvTranspose", "Gemm", "MatMul"]);

/** The layers of a network that has just been put into a graph: convolutions and matrix products with a weight of their own. */
export function findLayers(g: GraphBuilder, pass: ForwardPass): readonly Layer[] {
  const nodes = g.nodes();
  const wiring = wire(nodes);
  const weights = new Map(
    Array.from(pass.parameters)
      .filter(([, { spec }]) => spec.shape.length > 1)
      .map(([name, { value }]) => [value.name, name]),
  );
  const weightOf = (input: string): string | undefined =>
    weights.get(input) ?? weights.get(wiring.maker.get(input)?.inputs[0] ?? "");
  return nodes.flatMap((node): readonly Layer[] => {
    const weight = layerOps.has(node.op) ? node.inputs.map(weightOf).find((name) => name !== undefined) : undefined;
    if (weight === undefined) return [];
    const [output] = node.outputs;
    const relu = reluBehind(nodes, wiring, output);
    const name = weight.includes(".") ? weight.slice(0, weight.lastIndexOf(".")) : weight;
    return [{ name, weight, op: node.op, output, ...(relu === undefined ? {} : { relu }) }];
  });
}
