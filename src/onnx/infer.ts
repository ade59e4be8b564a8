import { ResiduaError, ShapeError, UnsupportedError } from "../tensor/errors.ts";
import { quote } from "../tensor/printable.ts";
import { formatShape } from "../tensor/shape.ts";
import { attributesOf, inferTypes, pruneGraph } from "./builder.ts";
import { createKnowledge, foldNode, foldTarget, type Knowledge } from "./fold.ts";
import { describeNode, type Graph, type Model, type Node, OPSET, type TensorType, type Value } from "./graph.ts";
import { findOperator } from "./operators/index.ts";

/** How errors refer to a node. */
export const placeOf = (node: Node): string => `node ${describeNode(node)}`;

/**
 * Infers the types of a node's outputs from what is known, and adds them to it.
 *
 * @throws {UnsupportedError} if the operator or the type of an input is not known
 * @throws {ShapeError} if the inputs do not fit the operator
 */
export function learnTypes(knowledge: Knowledge, node: Node): void {
  const where = placeOf(node);
  const key = findOperator(node.domain, node.op);
  if (key === undefined) throw new UnsupportedError(where, `the operator ${quote(node.op)} is not supported`);
  const inputs = node.inputs.map((name) => {
    const type = knowledge.types.get(name);
    if (type !== undefined || name === "") return type;
    throw new UnsupportedError(where, `its input ${quote(name)} is not a tensor of known type`);
  });
  const constant = (index: number): ReturnType<Knowledge["constants"]["get"]> =>
    knowledge.constants.get(node.inputs[index] ?? "");
  let types: readonly TensorType[];
  try {
    types = inferTypes(key, where, inputs, attributesOf(key, node), node.outputs.length, constant);
  } catch (cause) {
    if (cause instanceof ResiduaError) throw cause;
    throw new ShapeError(where, `its inputs and attributes do not fit ${node.op}`, { cause });
  }
  node.outputs.forEach((name, index) => {
    if (name === "") return;
    const type = types[index];
    const sound = type?.shape.every(
      (extent) => typeof extent === "string" || (Number.isSafeInteger(extent) && extent >= 0),
    );
    if (!sound) throw new ShapeError(where, `${node.op} has no output ${index} of a possible shape`);
    knowledge.types.set(name, type);
  });
}

/** Makes names that neither a value nor a node of the graph has yet. */
export function createFreshNames(graph: Graph): (stem: string) => string {
  const taken = new Set([
    ...graph.inputs.map(({ name }) => name),
    ...graph.initializers.keys(),
    ...graph.nodes.flatMap((node) => [node.name, ...node.outputs]),
  ]);
  const counts = new Map<string, number>();
  return (stem) => {
    let count = counts.get(stem) ?? 0;
    let name = count === 0 ? stem : `${stem}_${count}`;
    while (taken.has(name)) name = `${stem}_${++count}`;
    counts.set(stem, count + 1);
    taken.add(name);
    return name;
  };
}

/** An output with its inferred type, which must not contradict the declared one. */
function typeOutput(graph: Graph, types: ReadonlyMap<string, TensorType>, output: Value): Value {
  const { opaque, ...declared } = output;
  const type = types.get(output.name);
  const where = `output ${quote(output.name)}`;
  if (type === undefined) throw new UnsupportedError(where, `is ${opaque ?? "of no known type"}; must be a tensor`);
  const fits =
    declared.dtype === type.dtype &&
    declared.shape.length === type.shape.length &&
    declared.shape.every(
      (extent, axis) =>
        typeof extent === "string" || typeof type.shape[axis] === "string" || extent === type.shape[axis],
    );
  if (opaque === undefined && !fits) {
    const shown = ({ dtype, shape }: TensorType): string => `${dtype}${formatShape(shape)}`;
    throw new ShapeError(
      where,
      `is declared as ${shown(declared)} in ${quote(graph.name)}, but is inferred as ${shown(type)}`,
    );
  }
  return { ...declared, ...type };
}

/**
 * Infers the type of every value of a graph. Shape computations that exporters write out (Shape → Gather → Concat →
 * Reshape) are folded, so that targets of Reshape become constants; an open extent in them becomes 0 or -1. Nodes that
 * nothing needs are removed.
 *
 * @throws {ShapeError} if a node's inputs do not fit it, or an output differs from its declaration
 * @throws {UnsupportedError} if an operator is not known, or an input is not a tensor of known rank
 */
export function inferGraph(graph: Graph): Graph {
  const strange = graph.inputs.find(({ opaque }) => opaque !== undefined);
  if (strange) throw new UnsupportedError(`input ${quote(strange.name)}`, `is ${strange.opaque}; must be a tensor`);
  const knowledge = createKnowledge(graph);
  const freshName = createFreshNames(graph);
  const nodes: Node[] = [];
  for (const original of graph.nodes) {
    if (foldNode(knowledge, original)) continue;
    const node = foldTarget(knowledge, original, freshName);
    if (!node.outputs.some((name) => knowledge.elements.has(name))) learnTypes(knowledge, node);
    nodes.push(node);
  }
  const outputs = graph.outputs.map((output) => typeOutput(graph, knowledge.types, output));
  const typed = pruneGraph({ ...graph, outputs, nodes, initializers: knowledge.constants, types: knowledge.types });
  typed.nodes.forEach(requireKnown);
  return typed;
}

/** Nodes whose result was partly folded may have any operator until it is clear that they are needed. */
function requireKnown(node: Node): void {
  if (findOperator(node.domain, node.op) !== undefined) return;
  throw new UnsupportedError(
    placeOf(node),
    `the operator ${quote(node.op)} is not supported on values that are not constant`,
  );
}

/**
 * Infers the types of a model's values, see {@link inferGraph}.
 *
 * @throws {UnsupportedError} if the model does not use version 18 of ONNX's operators; normalise it first
 */
export function inferModel(model: Model): Model {
  const version = model.opsets.get("") ?? model.opsets.get("ai.onnx");
  if (version !== undefined && version !== OPSET) {
    throw new UnsupportedError(
      quote(model.graph.name),
      `uses version ${version} of ONNX's operators; bring it to ${OPSET} with normalizeModel first`,
    );
  }
  return { ...model, graph: inferGraph(model.graph) };
}
