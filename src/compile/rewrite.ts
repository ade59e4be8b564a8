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

/** A graph that is written anew from another one. */
export interface Draft {
  readonly g: GraphBuilder;
  /** Its values by their names in the other graph, as far as it has come. */
  readonly values: ReadonlyMap<string, Value>;
}

/** Writes what takes a node's place, a value for each of its outputs; undefined leaves the node as it is. */
export type WriteNode = (node: Node) => readonly Value[] | undefined;

/** Rebuilds a graph node by node. Inputs and outputs keep their names. @param begin called when the inputs are there */
export function rebuildGraph(
  graph: Graph,
  begin: (draft: Draft) => WriteNode,
  takeInput: (g: GraphBuilder, input: Value) => Value = (g, { name, dtype, shape }) => g.input(name, dtype, shape),
): Graph {
  const g = createGraphBuilder(graph.name);
  const values = new Map<string, Value>();
  for (const input of graph.inputs) values.set(input.name, takeInput(g, input));
  for (const [name, tensor] of graph.initializers) values.set(name, g.initializer(name, tensor));
  const write = begin({ g, values });
  const nameOf = (name: string): string => (name === "" ? "" : values.get(name)!.name);
  for (const node of graph.nodes) {
    const written = g.within(node.name, () => write(node));
    const results = written ?? g.append({ ...node, inputs: node.inputs.map(nameOf) });
    node.outputs.forEach((name, index) => name !== "" && values.set(name, results[index]));
  }
  for (const output of graph.outputs) g.output(output.name, values.get(output.name)!);
  return g.finish();
}

/** Rebuilds a graph with some operators' nodes replaced by others. */
export function rewriteGraph(graph: Graph, rewrites: Rewrites): Graph {
  return rebuildGraph(graph, ({ g, values }) => {
    const find = (name: string): Value => (name === "" ? (undefined as unknown as Value) : values.get(name)!);
    return (node) => {
      const op = findOperator(node.domain, node.op);
      const rewrite = op && (rewrites[op] as Rewrite<OperatorName> | undefined);
      if (op === undefined || rewrite === undefined) return undefined;
      return rewrite(g, {
        node,
        inputs: node.inputs.map(find),
        attributes: attributesOf(op, node),
        outputs: node.outputs.map((name) => ({ name, ...graph.types.get(name)! })),
      });
    };
  });
}
