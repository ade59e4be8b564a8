import { dtypeArrays } from "../tensor/dtype.ts";
import { type SymbolicShape, sizeOf } from "../tensor/shape.ts";
import { float32, int64, type Tensor, tensor } from "../tensor/tensor.ts";
import { arithmeticFolds } from "./fold/arithmetic.ts";
import type { Evaluate, FoldCall } from "./fold/call.ts";
import { type Element, type Elements, elementsOf, toTensor, wholeNumbers } from "./fold/elements.ts";
import { movementFolds } from "./fold/movement.ts";
import type { Graph, Node, TensorType } from "./graph.ts";

/** What is known of a graph's values while its nodes are walked in order. */
export interface Knowledge {
  readonly types: Map<string, TensorType>;
  readonly constants: Map<string, Tensor>;
  /** Small values with some known elements. */
  readonly elements: Map<string, Elements>;
  /** How many more elements may be folded: graphs come from outside. */
  budget: number;
  /** How many more elements of tensors of one value may be written out: some files hold all their weights so. */
  fillBudget: number;
}

const BUDGET = 2 ** 24;
const FILL_BUDGET = 2 ** 26;

const folds: ReadonlyMap<string, Evaluate> = new Map(Object.entries({ ...arithmeticFolds, ...movementFolds }));

/** What is known before any node has run: tensor inputs and initializers. */
export function createKnowledge(graph: Graph): Knowledge {
  const types = new Map<string, TensorType>();
  for (const { name, dtype, shape, opaque } of graph.inputs)
    if (opaque === undefined) types.set(name, { dtype, shape });
  for (const [name, { dtype, shape }] of graph.initializers) types.set(name, { dtype, shape });
  return {
    types,
    constants: new Map(graph.initializers),
    elements: new Map(),
    budget: BUDGET,
    fillBudget: FILL_BUDGET,
  };
}

/** Makes a value a constant. */
export function learnConstant(knowledge: Knowledge, name: string, value: Tensor): void {
  knowledge.constants.set(name, value);
  knowledge.types.set(name, { dtype: value.dtype, shape: value.shape });
}

/** The elements of a value, as far as they are known. */
export function knownElements(knowledge: Knowledge, name: string): Elements | undefined {
  const known = knowledge.elements.get(name);
  const constant = knowledge.constants.get(name);
  if (known !== undefined || constant === undefined) return known;
  const elements = elementsOf(constant);
  if (elements !== undefined) knowledge.elements.set(name, elements);
  return elements;
}

/** The tensor in a Constant node's attribute. */
function constantOf(node: Node): Tensor | undefined {
  const [[name, attribute] = ["", undefined]] = node.attributes;
  if (attribute?.kind === "tensor" && name === "value") return attribute.value;
  if (attribute?.kind === "float" && name === "value_float") return float32([], [attribute.value]);
  if (attribute?.kind === "floats" && name === "value_floats")
    return float32([attribute.value.length], attribute.value);
  const whole = (shape: readonly number[], values: readonly (number | bigint)[]): Tensor =>
    tensor("int64", shape, BigInt64Array.from(values, BigInt));
  if (attribute?.kind === "int" && name === "value_int") return whole([], [attribute.value]);
  if (attribute?.kind === "ints" && name === "value_ints") return whole([attribute.value.length], attribute.value);
  return undefined;
}

/** A tensor of one value, whose shape is known. */
function filledOf(knowledge: Knowledge, node: Node): Tensor | undefined {
  const shape = wholeNumbers(knownElements(knowledge, node.inputs[0] ?? ""));
  const attribute = node.attributes.get("value");
  const value = attribute?.kind === "tensor" ? attribute.value : float32([1], [0]);
  if (shape === undefined || value.data.length !== 1 || shape.some((extent) => extent < 0)) return undefined;
  const length = sizeOf(shape);
  if (length > knowledge.fillBudget) return undefined;
  knowledge.fillBudget -= length;
  const data = new dtypeArrays[value.dtype](length);
  (data as unknown as { fill(element: number | bigint): void }).fill(value.data[0]);
  return { dtype: value.dtype, shape, data };
}

function evaluate(knowledge: Knowledge, node: Node): Elements | undefined {
  const fold = node.outputs.length === 1 ? folds.get(node.op) : undefined;
  const call: FoldCall = {
    node,
    input: (index) => knownElements(knowledge, node.inputs[index] ?? ""),
    type: (index) => knowledge.types.get(node.inputs[index] ?? ""),
  };
  const elements = knowledge.budget > 0 ? fold?.(call) : undefined;
  knowledge.budget -= elements?.values.length ?? 0;
  return elements;
}

/**
 * Folds a node, as far as its inputs are known.
 *
 * @returns whether its output is now a constant, so that the node is no longer needed
 */
export function foldNode(knowledge: Knowledge, node: Node): boolean {
  const [output] = node.outputs;
  if (node.domain !== "" || output === undefined) return false;
  const constant =
    node.op === "Constant" ? constantOf(node) : node.op === "ConstantOfShape" ? filledOf(knowledge, node) : undefined;
  const elements = constant === undefined ? evaluate(knowledge, node) : undefined;
  const value = constant ?? (elements && toTensor(elements));
  if (value !== undefined) learnConstant(knowledge, output, value);
  else if (elements !== undefined) {
    knowledge.elements.set(output, elements);
    knowledge.types.set(output, { dtype: elements.dtype, shape: elements.shape });
  }
  return value !== undefined;
}

const toNumber = (element: Element): number | undefined => (typeof element === "bigint" ? Number(element) : undefined);

/** Reshape's target as numbers: 0 copies an extent of the input, and one extent may be left to be inferred. */
function reshapeTarget(target: readonly Element[], input: SymbolicShape): readonly number[] | undefined {
  if (target.includes(0n)) return undefined;
  const numbers = target.map((element, axis) =>
    typeof element === "string" && element === input[axis] ? 0 : toNumber(element),
  );
  const open = numbers.filter((number) => number === undefined).length;
  if (open > 1 || (open === 1 && numbers.includes(-1))) return undefined;
  return numbers.map((number) => number ?? -1);
}

/** Expand's target as numbers: 1 leaves an extent of the input as it is. */
function expandTarget(target: readonly Element[], input: SymbolicShape): readonly number[] | undefined {
  const offset = target.length - input.length;
  const numbers = target.map((element, axis) =>
    typeof element === "string" && element === input[axis - offset] ? 1 : toNumber(element),
  );
  return numbers.every((number) => number !== undefined) ? numbers : undefined;
}

/**
 * Gives a Reshape or Expand whose target depends on an open extent a constant one, if that can express the same.
 *
 * @param freshName makes a name that is not yet taken
 */
export function foldTarget(knowledge: Knowledge, node: Node, freshName: (stem: string) => string): Node {
  const toNumbers = node.op === "Reshape" ? reshapeTarget : node.op === "Expand" ? expandTarget : undefined;
  const [data = "", target = ""] = node.inputs;
  const type = knowledge.types.get(data);
  if (node.domain !== "" || toNumbers === undefined || type === undefined || knowledge.constants.has(target))
    return node;
  const elements = knownElements(knowledge, target);
  const numbers = elements?.shape.length === 1 ? toNumbers(elements.values, type.shape) : undefined;
  if (numbers === undefined) return node;
  const name = freshName(`${node.outputs[0]}/shape`);
  learnConstant(knowledge, name, int64([numbers.length], numbers));
  const attributes = new Map([...node.attributes].filter(([key]) => key !== "allowzero"));
  return { ...node, inputs: [data, name], attributes };
}
