import { attributesOf, type GraphBuilder, shapeOf } from "../../onnx/builder.ts";
import type { Graph, Node, Value } from "../../onnx/graph.ts";
import { onnxDtypes } from "../../onnx/operators/elementwise.ts";
import { normalizeAxis, type Shape, sizeOf, staticShape } from "../../tensor/shape.ts";
import { float32, tensor } from "../../tensor/tensor.ts";
import type { Layout } from "../lowering.ts";
import { type Draft, rebuildGraph, type WriteNode } from "../rewrite.ts";

/** Operators that only move the elements of their first input. */
const moving: ReadonlySet<string> = new Set([
  "Cast",
  "Expand",
  "Flatten",
  "Gather",
  "Identity",
  "Reshape",
  "Slice",
  "Split",
  "Squeeze",
  "Transpose",
  "Unsqueeze",
]);

/** 1 at the label's class, 0 elsewhere: labels `[N,…]` → `[N,K,…]` with the classes along `axis`. */
function markClasses(g: GraphBuilder, labels: Value, classes: number, axis: number): Value {
  const rank = labels.shape.length + 1;
  const numbers = tensor(
    "int32",
    Array.from({ length: rank }, (_, each) => (each === axis ? classes : 1)),
    Int32Array.from({ length: classes }, (_, index) => index),
  );
  const isClass = g.op("Equal", [g.op("Unsqueeze", [labels, g.ints([axis])]), g.constant(numbers)]);
  return g.op("Cast", [isClass], { to: onnxDtypes.float32 });
}

/** The numbers in a constant. */
const numbersIn = (g: GraphBuilder, value: Value): readonly number[] =>
  Array.from((g.constantOf(value)?.data ?? []) as ArrayLike<number | bigint>, Number);

/** `OneHot` of int32 labels, which lacks a kernel: a label that is no class gives `off` everywhere, a negative one too. */
function writeOneHot(g: GraphBuilder, node: Node, [labels, depth, values]: readonly Value[]): Value {
  const [classes] = numbersIn(g, depth);
  const [off, on] = numbersIn(g, values);
  const { axis = -1 } = attributesOf("OneHot", node);
  const marks = markClasses(g, labels, classes, normalizeAxis(node.name, axis, labels.shape.length + 1));
  if (off === 0 && on === 1) return marks;
  return g.op("Add", [g.op("Mul", [marks, g.fill(on - off)]), g.fill(off)]);
}

/** Whether the axis that was searched is gone. */
const isDropped = (best: Node): boolean => attributesOf("ArgMax", best).keepdims === 0;

/**
 * Whether the first of the highest scores is the label's, without the int64 index that `ArgMax` gives: classes count down from
 * their number, and the largest count among the highest scores is the first one's.
 */
function writeHits(g: GraphBuilder, scores: Value, labels: Value, best: Node): Value {
  const axis = normalizeAxis(best.name, attributesOf("ArgMax", best).axis ?? 0, scores.shape.length);
  const classes = shapeOf(scores)[axis];
  const axes = g.ints([axis]);
  const counts = float32(
    scores.shape.map((_, each) => (each === axis ? classes : 1)),
    Float32Array.from({ length: classes }, (_, index) => classes - index),
  );
  const isHighest = g.op("Equal", [scores, g.op("ReduceMax", [scores, axes], { keepdims: 1 })]);
  const among = g.op("Mul", [g.op("Cast", [isHighest], { to: onnxDtypes.float32 }), g.constant(counts)]);
  const first = g.op("ReduceMax", [among, axes], { keepdims: 0 });
  const label = g.op("Cast", [labels], { to: onnxDtypes.float32 });
  return g.op("Equal", [first, g.op("Sub", [g.fill(classes), label])]);
}

/**
 * Feeds int64 inputs, which hold labels, as int32: WebGPU has no kernels for int64, and every operator without one runs on the
 * processor in mid-step. What cannot be written without int64 casts back.
 */
export function narrowLabels(graph: Graph): Graph {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  /** Old int64 values that are int32 now, and their casts back. */
  const widened = new Map<string, Value | undefined>();
  for (const { name, dtype } of graph.inputs) if (dtype === "int64") widened.set(name, undefined);
  const begin = ({ g, values }: Draft): WriteNode => {
    const widen = (name: string): Value => {
      const known = widened.get(name) ?? g.op("Cast", [values.get(name)!], { to: onnxDtypes.int64 });
      widened.set(name, known);
      return known;
    };
    /** The node as it is; @param isKept whether an input may stay int32 */
    const copy = (node: Node, isKept: (index: number) => boolean): readonly Value[] => {
      const read = (name: string, index: number): string =>
        name === "" ? "" : (widened.has(name) && !isKept(index) ? widen(name) : values.get(name)!).name;
      return g.append({ ...node, inputs: node.inputs.map(read) });
    };
    return (node) => {
      const [first, second] = node.inputs;
      if (node.op === "OneHot" && widened.has(first))
        return [
          writeOneHot(
            g,
            node,
            node.inputs.map((name) => values.get(name)!),
          ),
        ];
      const best = makers.get(first);
      if (node.op === "Equal" && best?.op === "ArgMax" && widened.has(second) && isDropped(best))
        return [writeHits(g, values.get(best.inputs[0])!, values.get(second)!, best)];
      if (!moving.has(node.op) || !widened.has(first)) return copy(node, () => false);
      if (node.op !== "Cast") for (const name of node.outputs) widened.set(name, undefined);
      return copy(node, (index) => index === 0);
    };
  };
  return rebuildGraph(graph, begin, (g, { name, dtype, shape }) =>
    g.input(name, dtype === "int64" ? "int32" : dtype, shape),
  );
}

/** How an int64 input is fed: as int32. */
function narrowLayout(shape: Shape): Layout {
  return {
    name: "int32",
    logicalShape: shape,
    shape,
    source: () => Int32Array.from({ length: sizeOf(shape) }, (_, index) => index),
    pack: (value) => tensor("int32", value.shape, Int32Array.from(value.data as BigInt64Array, Number)),
    unpack: (value) => tensor("int64", value.shape, BigInt64Array.from(value.data as Int32Array, BigInt)),
  };
}

/** How the inputs of a graph are fed after {@link narrowLabels}, if otherwise than before. */
export function narrowLayouts({ inputs }: Graph): ReadonlyMap<string, Layout> {
  const narrowed = inputs.filter(({ dtype }) => dtype === "int64");
  return new Map(narrowed.map(({ name, shape }) => [name, narrowLayout(staticShape(name, shape))]));
}
