import type { Graph } from "../onnx/graph.ts";
import { sequenceValue } from "../onnx/proto/type.ts";

/** The output that {@link leaveOutputsInPlace} adds; a run asks for it, and nobody gets it. */
export const UNRETURNED = "unreturned";

/**
 * Makes onnxruntime-node leave outputs in the memory that it was given for them.
 *
 * It writes there what it computes, but copies every output into new memory as well: 200 MB a step for ResNet-50's weights and
 * momentum, a tenth of the step's time. The copies are made one after another in the model's order, once the run is over, and
 * end with an error at an output that is no tensor. An empty sequence in front therefore leaves nothing to copy.
 *
 * A graph whose outputs are not all of known extents stays as it is, since nobody could give memory for them.
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
