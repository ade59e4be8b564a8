import { attributesOf, createGraphBuilder, type GraphBuilder } from "../onnx/builder.ts";
import type { Graph, Node, Value } from "../onnx/graph.ts";
import { findOperator, type OperatorName, type Operators } from "../onnx/operators/index.ts";

/** A node of the graph being rewritten, its inputs already in the new graph. */
export interface RewriteNode<Op extends OperatorName> {
  readonly node: Node;
  readonly inputs: readonly Value[];
  readonly attributes: Operators[Op];
  /** The types of the outputs in the old graph. */
  readonly outputs: readonly Value[];
}

/** Replaces a node by others; returns a value for each of its outputs. */
export type Rewrite<Op extends OperatorName> = (g: GraphBuilder, node: RewriteNode<Op>) => readonly Value[];

/** Rewrites by operator; operators without one are copied. */
export type Rewrites = { readonly [Op in OperatorName]?: Rewrite<Op> };

/** Rebuilds a graph with some operators' nodes replaced by others. Inputs and outputs keep their names. */
export function rewriteGraph(graph: Graph, rewrites: Rewrites): Graph {
  const g = createGraphBuilder(graph.name);
  const values = new Map<string, Value>();
  for (const input of graph.inputs) values.set(input.name, g.input(input.name, input.dtype, input.shape));
  for (const [name, tensor] of graph.initializers) values.set(name, g.initializer(name, tensor));
  const find = (name: string): Value => (name === "" ? (undefined as unknown as Value) : values.get(name)!);
  for (const node of graph.nodes) {
    const op = findOperator(node.domain, node.op);
    const rewrite = op && (rewrites[op] as Rewrite<OperatorName> | undefined);
    const inputs = node.inputs.map(find);
    const results =
      op && rewrite
        ? g.within(node.name, () =>
            rewrite(g, {
              node,
              inputs,
              attributes: attributesOf(op, node),
              outputs: node.outputs.map((name) => ({ name, ...graph.types.get(name)! })),
            }),
          )
        : g.append({ ...node, inputs: inputs.map((input) => input?.name ?? "") });
    node.outputs.forEach((name, index) => name !== "" && values.set(name, results[index]));
  }
  for (const output of graph.outputs) g.output(output.name, values.get(output.name)!);
  return g.finish();
}
