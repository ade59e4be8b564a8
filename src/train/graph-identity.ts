import type { Lowering } from "../compile/lowering.ts";
import type { Graph } from "../onnx/graph.ts";
import { dumpGraph } from "../onnx/text.ts";
import { bytesOf } from "../tensor/tensor.ts";

/**
 * All that a compiled model depends on, besides the code: the logical graph, whose internal operators no ONNX file takes,
 * with its constants, and how it is lowered.
 *
 * @returns undefined where an attribute is not told by text and numbers, such as a graph within the graph
 */
export function identifyGraph(graph: Graph, { name, blockSize }: Lowering): readonly Uint8Array[] | undefined {
  const attributes = graph.nodes.flatMap((node) => [...node.attributes.values()]);
  if (attributes.some(({ kind }) => kind === "graph" || kind === "opaque")) return undefined;
  const text = `${name} ${blockSize ?? ""}\n${dumpGraph(graph)}`;
  // The text says what type each constant has; the elements follow in the same order.
  const constants = attributes.flatMap((attribute) => (attribute.kind === "tensor" ? [attribute.value] : []));
  return [new TextEncoder().encode(text), ...[...graph.initializers.values(), ...constants].map(bytesOf)];
}
