import { attributesOf } from "../../onnx/builder.ts";
import type { Graph, Node } from "../../onnx/graph.ts";
import { UnsupportedError } from "../../tensor/errors.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { int64, type Tensor } from "../../tensor/tensor.ts";

/** The layer that makes a network's scores. */
export interface Head {
  readonly layer: Node;
  /** Inputs that have the number of classes on this axis. */
  readonly tensors: readonly { readonly name: string; readonly axis: number }[];
}

/** Operators that may stand between the classifier and the scores: they keep the classes. */
const passing: ReadonlySet<string> = new Set([
  "AveragePool",
  "Cast",
  "Flatten",
  "GlobalAveragePool",
  "GlobalMaxPool",
  "Identity",
  "LogSoftmax",
  "MaxPool",
  "ReduceMean",
  "Relu",
  "Reshape",
  "Softmax",
  "Squeeze",
]);

/** A network whose last operator turns scores into probabilities is trained on the scores. */
export function withoutSoftmax(graph: Graph): Graph {
  const [output] = graph.outputs;
  const last = graph.nodes.find(({ outputs }) => outputs.includes(output.name));
  if (last?.op !== "Softmax" && last?.op !== "LogSoftmax") return graph;
  const [name] = last.inputs;
  return {
    ...graph,
    nodes: graph.nodes.filter((node) => node !== last),
    outputs: [{ ...output, ...graph.types.get(name), name }],
  };
}

/** The classifier: the last layer with weights, followed only by operators that keep its classes. */
export function findHead(graph: Graph): Head | undefined {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const held = (name: string | undefined): Tensor | undefined => graph.initializers.get(name ?? "");
  const biases: { name: string; axis: number }[] = [];
  let node = makers.get(graph.outputs[0].name);
  while (node !== undefined) {
    const [first, second, third] = node.inputs;
    const bias = third !== undefined && held(third) ? [{ name: third, axis: held(third)!.shape.length - 1 }] : [];
    if (node.op === "Conv" && held(second))
      return { layer: node, tensors: [{ name: second, axis: 0 }, ...bias, ...biases] };
    if (node.op === "Gemm" && held(second)) {
      const { transB = 0 } = attributesOf("Gemm", node);
      return { layer: node, tensors: [{ name: second, axis: transB === 1 ? 0 : 1 }, ...bias, ...biases] };
    }
    if (node.op === "MatMul" && held(second)) {
      const axis = held(second)!.shape.length - 1;
      return { layer: node, tensors: [{ name: second, axis }, ...biases] };
    }
    const added = node.op === "Add" ? [first, second].find((name) => held(name)) : undefined;
    if (added !== undefined) biases.push({ name: added, axis: Math.max(0, held(added)!.shape.length - 1) });
    else if (!passing.has(node.op)) return undefined;
    node = makers.get(added === first ? second : first);
  }
  return undefined;
}

/** Numbers of classes in the targets of Reshape nodes after the classifier. */
function resizeTargets(graph: Graph, from: number, to: number): Map<string, Tensor> {
  const initializers = new Map(graph.initializers);
  for (const { op, inputs } of graph.nodes.slice(graph.nodes.findLastIndex(({ op: other }) => !passing.has(other)))) {
    const target = op === "Reshape" ? graph.initializers.get(inputs[1]) : undefined;
    if (target === undefined) continue;
    const values = Array.from(target.data as BigInt64Array, Number);
    if (values.at(-1) === from) initializers.set(inputs[1], int64(target.shape, [...values.slice(0, -1), to]));
  }
  return initializers;
}

/**
 * Gives a network another number of classes.
 *
 * @param make the new tensors of the classifier, by their names
 * @throws {UnsupportedError} if the classifier cannot be found
 */
export function replaceHead(
  graph: Graph,
  [from, to]: readonly [from: number, to: number],
  make: (name: string, shape: Shape) => Tensor,
): Graph {
  const head = findHead(graph);
  if (head === undefined) {
    throw new UnsupportedError(
      `output "${graph.outputs[0].name}"`,
      `is not made by a classifier that could be replaced; ${to} classes need a network that ends in Gemm, MatMul or Conv`,
    );
  }
  const initializers = resizeTargets(graph, from, to);
  for (const { name, axis } of head.tensors) {
    const { shape } = graph.initializers.get(name)!;
    // A bias of one value is added to all classes.
    if (sizeOf(shape) === 1) continue;
    if (shape[axis] !== from)
      throw new UnsupportedError(
        `node "${head.layer.name}"`,
        `makes ${shape[axis]} values, from which the network makes ${from} scores; it cannot be replaced`,
      );
    initializers.set(name, make(name, shape.with(axis, to)));
  }
  return { ...graph, initializers };
}
