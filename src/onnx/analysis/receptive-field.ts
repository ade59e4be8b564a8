import type { Graph, Node } from "../graph.ts";
import type { DataFlow } from "./data-flow.ts";
import { knownShape } from "./cost.ts";

/** How much of the input one point of a value depends on, for each spatial axis. */
export interface ReceptiveField {
  /** Extent in points of the input. */
  readonly size: readonly number[];
  /** Distance in the input between the fields of two neighbouring points. */
  readonly jump: readonly number[];
}

/**
 * A value that depends on the whole image has no field: a gate computed from it does not enlarge the field of what it
 * lets through.
 */
const wholeImage: ReadonlySet<string> = new Set([
  "Flatten",
  "Gemm",
  "GlobalAveragePool",
  "GlobalLpPool",
  "GlobalMaxPool",
]);
const windowed: ReadonlySet<string> = new Set(["AveragePool", "Conv", "ConvTranspose", "LpPool", "MaxPool"]);

const ints = (node: Node, name: string): readonly number[] | undefined => {
  const attribute = node.attributes.get(name);
  return attribute?.kind === "ints" ? attribute.value.map(Number) : undefined;
};

/** Steps of a Slice along the spatial axes, if they are constants. */
function sliceSteps(graph: Graph, node: Node, rank: number): readonly number[] {
  const list = (index: number): readonly number[] | undefined => {
    const held = graph.initializers.get(node.inputs[index] ?? "");
    return held && Array.from(held.data as ArrayLike<number | bigint>, Number);
  };
  const steps = Array.from({ length: rank }, () => 1);
  list(4)?.forEach((step, index) => {
    const axis = list(3)?.[index] ?? index;
    const spatial = (axis < 0 ? axis + rank + 2 : axis) - 2;
    if (spatial >= 0 && spatial < rank) steps[spatial] = Math.abs(step);
  });
  return steps;
}

/**
 * A resized image (normalisation writes Resize as products with matrices) takes each point from its nearest neighbours.
 */
function resizeField(graph: Graph, node: Node, { size, jump }: ReceptiveField): ReceptiveField | undefined {
  const [from, to] = [node.inputs.find((name) => !graph.initializers.has(name)), node.outputs[0]].map((name) =>
    knownShape(graph, name)?.slice(2),
  );
  if (from?.length !== size.length || to?.length !== size.length) return undefined;
  return {
    size: size.map((value, axis) => (from[axis] === to[axis] ? value : value + jump[axis])),
    jump: jump.map((value, axis) => (value * from[axis]) / to[axis]),
  };
}

/**
 * The field of a point after a node, from that of a point before it:
 * size ← size + dilation·(kernel − 1)·jump, jump ← jump·stride.
 */
function advance(graph: Graph, node: Node, { size, jump }: ReceptiveField): ReceptiveField | undefined {
  const rank = size.length;
  if (wholeImage.has(node.op)) return undefined;
  if (node.op === "MatMul") return resizeField(graph, node, { size, jump });
  if (node.op === "Slice") {
    const steps = sliceSteps(graph, node, rank);
    return { size, jump: jump.map((value, axis) => value * steps[axis]) };
  }
  if (!windowed.has(node.op)) return { size, jump };
  const kernel = ints(node, "kernel_shape") ?? knownShape(graph, node.inputs[1])?.slice(2);
  if (kernel?.length !== rank) return undefined;
  const dilations = ints(node, "dilations");
  const strides = ints(node, "strides");
  const transposed = node.op === "ConvTranspose";
  return {
    size: size.map((value, axis) => {
      const reach = (dilations?.[axis] ?? 1) * (kernel[axis] - 1);
      // A transposed convolution spreads: a point comes from ⌈kernel/stride⌉ points before it.
      return value + (transposed ? Math.floor(reach / (strides?.[axis] ?? 1)) : reach) * jump[axis];
    }),
    jump: jump.map((value, axis) => (transposed ? value / (strides?.[axis] ?? 1) : value * (strides?.[axis] ?? 1))),
  };
}

const isImage = (graph: Graph, name: string): number => (graph.types.get(name)?.shape.length ?? 0) - 2;

/**
 * The receptive field of every value that still has spatial axes, by name: the largest over all paths from the input,
 * padding included, so it may be larger than the input. When paths meet, the larger counts; paths through global
 * pooling do not.
 *
 * @source Araujo et al. 2019, "Computing receptive fields of convolutional neural networks", Distill
 */
export function findReceptiveFields(flow: DataFlow): ReadonlyMap<string, ReceptiveField> {
  const { graph } = flow;
  const fields = new Map<string, ReceptiveField>();
  /** Shuffled channels, or channels moved to the front, pass through other layouts and return to the same points. */
  const away = new Map<string, { readonly field: ReceptiveField; readonly places: string }>();
  const placesOf = (name: string): string => String(graph.types.get(name)?.shape.slice(2));
  const carryAway = (node: Node): void => {
    const [first] = node.outputs;
    const from = flow.dataInputs(node).find((name) => fields.has(name) || away.has(name));
    if (from === undefined || windowed.has(node.op) || wholeImage.has(node.op)) return;
    const field = fields.get(from);
    // Images whose channels come last are turned before the first layer: each place still sees itself alone.
    if (node.op === "Transpose" && field?.size.every((size) => size === 1) && field.jump.every((jump) => jump === 1)) {
      fields.set(first, field);
      return;
    }
    const carried = field ? { field, places: placesOf(from) } : away.get(from)!;
    if (carried.places === placesOf(first)) fields.set(first, carried.field);
    else away.set(first, carried);
  };
  for (const { name } of graph.inputs) {
    const ones = Array.from({ length: Math.max(0, isImage(graph, name)) }, () => 1);
    if (ones.length > 0) fields.set(name, { size: ones, jump: ones });
  }
  for (const node of graph.nodes) {
    const inputs = flow.dataInputs(node).flatMap((name) => fields.get(name) ?? []);
    if (movers.has(node.op) || inputs.length === 0) carryAway(node);
    else {
      const rank = inputs[0].size.length;
      const field = advance(graph, node, joinFields(inputs));
      if (field) for (const name of node.outputs) if (isImage(graph, name) === rank) fields.set(name, field);
    }
  }
  return fields;
}

const movers: ReadonlySet<string> = new Set(["Reshape", "Transpose"]);

/** When paths meet, the larger field and the larger jump count. */
function joinFields([first, ...rest]: readonly ReceptiveField[]): ReceptiveField {
  return rest
    .filter(({ size }) => size.length === first.size.length)
    .reduce<ReceptiveField>((a, b) => {
      const larger = (x: readonly number[], y: readonly number[]): readonly number[] =>
        x.map((value, axis) => Math.max(value, y[axis]));
      return { size: larger(a.size, b.size), jump: larger(a.jump, b.jump) };
    }, first);
}
