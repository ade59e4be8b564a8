import type { Lowering } from "../compile/lowering.ts";
import type { Graph } from "../onnx/graph.ts";
import { dumpGraph } from "../onnx/text.ts";
import { bytesOf } from "../tensor/tensor.ts";

/**
 * Everything that a compiled model depends on besides the code: the logical graph with its constants (its internal
 * operators cannot be written as ONNX) and its lowering.
 *
 * @returns undefined if an attribute is neither text nor numbers, such as a subgraph
 */
export function identifyGraph(graph: Graph, { name, blockSize, variant }: Lowering): readonly Uint8Array[] | undefined {
  const attributes = graph.nodes.flatMap((node) => [...node.attributes.values()]);
  if (attributes.some(({ kind }) => kind === "graph" || kind === "opaque")) return undefined;
  const text = `${name} ${blockSize ?? ""} ${variant ?? ""}\n${dumpGraph(graph)}`;
  // The text states the type of each constant; the elements follow in the same order.
  const constants = attributes.flatMap((attribute) => (attribute.kind === "tensor" ? [attribute.value] : []));
  return [new TextEncoder().encode(text), ...[...graph.initializers.values(), ...constants].map(bytesOf)];
}
