import type { Graph } from "../onnx/graph.ts";
import { sequenceValue } from "../onnx/proto/type.ts";

/** The output that {@link leaveOutputsInPlace} adds: a run requests it, and nobody receives it. */
export const UNRETURNED = "unreturned";

/**
 * Makes onnxruntime-node leave outputs in the memory that it was given for them.
 *
 * It writes its results there, but also copies every output into new memory: 200 MB per step for ResNet-50's weights
 * and momentum, a tenth of the step's time. The copies are made one by one in the model's order, once the run is over,
 * and stop with an error at an output that is not a tensor. An empty sequence in first place therefore leaves nothing
 * to copy.
 *
 * A graph in which some output has an unknown extent stays as it is, since memory for it could not be provided.
 */
export function leaveOutputsInPlace(graph: Graph): Graph {
  if (!graph.outputs.every(({ shape }) => shape.every((extent) => typeof extent === "number"))) return graph;
  const empty = {
    op: "SequenceEmpty",
    domain: "",
    name: UNRETURNED,
    inputs: [],
    outputs: [UNRETURNED],
    attributes: new Map(),
  };
  return { ...graph, nodes: [...graph.nodes, empty], outputs: [sequenceValue(UNRETURNED), ...graph.outputs] };
}
