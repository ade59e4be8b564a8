import { countUses, type Graph, type Node, type TensorType } from "../onnx/graph.ts";
import { createFreshNames } from "../onnx/infer.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";

/**
 * If a max pooling's gradient goes only into that of the relu before it, the relu's is taken first, on the pooled
 * planes instead of the full ones. The gradient reaches maxima only, and a maximum is above 0 exactly where its relu
 * let it through.
 */
export function maskPooledGradients(graph: Graph): Graph {
  const uses = countUses(graph);
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const fresh = createFreshNames(graph);
  const types = new Map(graph.types);
  const replaced = new Map<Node, Node>();
  for (const relu of graph.nodes) {
    const pool = makers.get(relu.inputs[0] ?? "");
    if (relu.op !== "ReluGradient" || pool?.op !== "MaxPoolGradient") continue;
    const [dy, x, y] = pool.inputs;
    const [spread] = pool.outputs;
    if (relu.inputs[1] !== x || y === undefined || uses.get(spread) !== 1) continue;
    if (!isSmaller(types.get(y)!, types.get(spread)!)) continue;
    const masked = fresh(`${spread}/masked`);
    types.set(masked, types.get(y)!);
    replaced.set(pool, { ...relu, inputs: [dy, y], outputs: [masked] });
    const attributes = new Map(pool.attributes).set("masked", { kind: "int", value: 1 });
    replaced.set(relu, { ...pool, attributes, inputs: [masked, x, y], outputs: relu.outputs });
  }
  return replaced.size === 0
    ? graph
    : { ...graph, types, nodes: graph.nodes.map((node) => replaced.get(node) ?? node) };
}

/** Whether pooling made it smaller, as every stride above 1 does. */
function isSmaller({ shape: pooled }: TensorType, { shape: whole }: TensorType): boolean {
  const extents = [...pooled, ...whole];
  return extents.every((extent) => typeof extent === "number") && sizeOf(pooled as Shape) < sizeOf(whole as Shape);
}
