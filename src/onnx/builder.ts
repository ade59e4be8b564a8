import { ShapeError } from "../tensor/errors.ts";
import { staticShape, type Shape, type SymbolicShape } from "../tensor/shape.ts";
import { bytesOf, float32, int64, tensor, type Tensor } from "../tensor/tensor.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Attribute, Graph, Node, TensorType, Value } from "./graph.ts";
import type { OperatorCall, OperatorDefinition } from "./operators/definition.ts";
import { findOperator, type OperatorName, type Operators, operators } from "./operators/index.ts";

/** An input of a node: a value, or undefined for an omitted optional input. */
export type Operand = Value | undefined;

/** Builds a graph node by node; every value's type is known as soon as it exists. */
export interface GraphBuilder {
  /** Adds an input of the graph. @throws {ShapeError} if the name is taken */
  input(name: string, dtype: DType, shape: SymbolicShape): Value;
  /** Adds a named tensor that the graph carries with it. */
  initializer(name: string, value: Tensor): Value;
  /** A constant; equal small constants become one. */
  constant(value: Tensor): Value;
  /** A float32 constant filled with `value`; a scalar unless a shape is given. */
  fill(value: number, shape?: Shape): Value;
  /** A one-axis int64 constant, such as a shape or axes. */
  ints(values: readonly number[]): Value;
  /** Applies an operator with one output. @throws {ShapeError} if the inputs do not fit it */
  op<Op extends OperatorName>(op: Op, inputs: readonly Operand[], attributes?: Operators[Op]): Value;
  /** Applies an operator with several outputs. */
  ops<Op extends OperatorName>(
    op: Op,
    inputs: readonly Operand[],
    outputCount: number,
    attributes?: Operators[Op],
  ): readonly Value[];
  /** Adds a node unchanged, its outputs under their own names: for graphs from elsewhere. */
  append(node: Node): readonly Value[];
  /** Makes a value an output of the graph, under `name`. */
  output(name: string, value: Value): void;
  /** The constant behind a value, if it is one. */
  constantOf(value: Value): Tensor | undefined;
  /** The nodes so far, in order. */
  nodes(): readonly Node[];
  /** The value of this name. @throws {ShapeError} if there is none */
  value(name: string): Value;
  /** Names the nodes added during `body` after `scope`, so that errors and profiles show where they belong. */
  within<T>(scope: string, body: () => T): T;
  /** The graph so far, without nodes that no output needs. */
  finish(): Graph;
}

const SMALL_CONSTANT_BYTES = 4096;

/** Whole numbers in a constant tensor. */
function wholeNumbers(value: Tensor): readonly number[] {
  return Array.from(value.data as ArrayLike<number | bigint>, Number);
}

/** Attributes in the kinds under which the operator's definition stores them. */
export function tagAttributes<A extends object>(
  definition: OperatorDefinition<A>,
  attributes: A,
): ReadonlyMap<string, Attribute> {
  const kinds = definition.attributes as Readonly<Record<string, Attribute["kind"]>>;
  return new Map(
    Object.entries(attributes)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, { kind: kinds[name], value }]),
  );
}

/** The attributes of a node by its operator's definition. Unknown ones are left out. */
export function attributesOf<Op extends OperatorName>(op: Op, node: Node): Operators[Op] {
  const known = Object.keys(operators[op].attributes);
  const entries = [...node.attributes].filter(([name]) => known.includes(name));
  return Object.fromEntries(entries.map(([name, attribute]) => [name, plainValue(attribute)])) as Operators[Op];
}

function plainValue(attribute: Attribute): unknown {
  if (attribute.kind === "int") return Number(attribute.value);
  if (attribute.kind === "ints") return attribute.value.map(Number);
  return attribute.value;
}

/** Infers the types of a node's outputs. @throws {ShapeError} if the inputs do not fit the operator */
export function inferTypes<Op extends OperatorName>(
  op: Op,
  where: string,
  inputs: readonly (TensorType | undefined)[],
  attributes: Operators[Op],
  outputCount: number,
  constant: (index: number) => Tensor | undefined,
): readonly TensorType[] {
  const call: OperatorCall<Operators[Op]> = {
    where,
    inputs,
    attributes,
    outputCount,
    constant,
    input: (index) => {
      const type = inputs[index];
      if (type === undefined) throw new ShapeError(where, `input ${index} is missing`);
      return type;
    },
    constants: (index) => {
      const value = constant(index);
      if (value === undefined) throw new ShapeError(where, `input ${index} must be a constant`);
      return wholeNumbers(value);
    },
  };
  return operators[op].infer(call);
}

/** Starts a new, empty graph. */
export function createGraphBuilder(name: string): GraphBuilder {
  const inputs: Value[] = [];
  const outputs: (Value & { readonly from: string })[] = [];
  const nodes: Node[] = [];
  const initializers = new Map<string, Tensor>();
  const types = new Map<string, TensorType>();
  const shared = new Map<string, Value>();
  const scopes: string[] = [];
  const counters = new Map<string, number>();

  const nodeNames = new Set<string>();
  const unique = (stem: string): string => {
    const count = counters.get(stem) ?? 0;
    counters.set(stem, count + 1);
    const candidate = count === 0 ? stem : `${stem}_${count}`;
    return types.has(candidate) || nodeNames.has(candidate) ? unique(stem) : candidate;
  };
  const declare = (valueName: string, type: TensorType): Value => {
    if (types.has(valueName)) throw new ShapeError(name, `the value name "${valueName}" is already taken`);
    types.set(valueName, { dtype: type.dtype, shape: type.shape });
    return { name: valueName, dtype: type.dtype, shape: type.shape };
  };
  const initializer = (valueName: string, value: Tensor): Value => {
    const handle = declare(valueName, value);
    initializers.set(valueName, value);
    return handle;
  };
  const constant = (value: Tensor): Value => {
    if (value.data.byteLength > SMALL_CONSTANT_BYTES) return initializer(unique("constant"), value);
    const key = `${value.dtype}[${value.shape.join(",")}]${bytesOf(value).join(",")}`;
    const known = shared.get(key) ?? initializer(unique("constant"), value);
    shared.set(key, known);
    return known;
  };
  const add = (
    op: OperatorName,
    operands: readonly Operand[],
    outputNames: readonly string[],
    attributes: object,
    nodeName: string,
  ): readonly Value[] => {
    const definition = operators[op];
    const results = inferTypes(
      op,
      nodeName,
      operands,
      attributes as Operators[typeof op],
      outputNames.length,
      (index) => {
        const operand = operands[index];
        return operand && initializers.get(operand.name);
      },
    );
    nodes.push({
      op: definition.name,
      domain: definition.domain,
      name: nodeName,
      inputs: operands.map((operand) => operand?.name ?? ""),
      outputs: outputNames,
      attributes: tagAttributes(definition as OperatorDefinition<object>, attributes),
    });
    return outputNames.map((valueName, index) =>
      valueName === "" ? { name: "", ...results[index] } : declare(valueName, results[index]),
    );
  };
  const ops: GraphBuilder["ops"] = (op, operands, outputCount, attributes) => {
    const stem = scopes.length === 0 ? op : `${scopes.join(".")}/${op}`;
    const nodeName = unique(stem);
    nodeNames.add(nodeName);
    const names = Array.from({ length: outputCount }, (_, index) =>
      unique(outputCount === 1 ? `${nodeName}:y` : `${nodeName}:${index}`),
    );
    return add(op, operands, names, attributes ?? {}, nodeName);
  };

  return {
    input: (valueName, dtype, shape) => {
      const value = declare(valueName, { dtype, shape });
      inputs.push(value);
      return value;
    },
    initializer,
    constant,
    fill: (value, shape = []) =>
      constant(float32(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value))),
    ints: (values) => constant(int64([values.length], values)),
    op: (op, operands, attributes) => ops(op, operands, 1, attributes)[0],
    ops,
    append: (node) => {
      const nodeName = nodeNames.has(node.name) ? unique(node.name) : node.name;
      nodeNames.add(nodeName);
      return appendNode({ ...node, name: nodeName }, types, nodes, initializers, declare);
    },
    output: (valueName, value) =>
      void outputs.push({ name: valueName, from: value.name, dtype: value.dtype, shape: value.shape }),
    constantOf: (value) => initializers.get(value.name),
    nodes: () => [...nodes],
    value: (valueName) => {
      const type = types.get(valueName);
      if (type === undefined) throw new ShapeError(name, `has no value "${valueName}"`);
      return { name: valueName, ...type };
    },
    within: (scope, body) => {
      scopes.push(scope);
      try {
        return body();
      } finally {
        scopes.pop();
      }
    },
    finish: () => pruneGraph(nameOutputs({ name, inputs, outputs: [], nodes, initializers, types }, outputs)),
  };
}

function appendNode(
  node: Node,
  types: ReadonlyMap<string, TensorType>,
  nodes: Node[],
  initializers: ReadonlyMap<string, Tensor>,
  declare: (name: string, type: TensorType) => Value,
): readonly Value[] {
  const key = findOperator(node.domain, node.op);
  if (key === undefined) throw new ShapeError(node.name, `the operator ${node.op} is not known`);
  const inputTypes = node.inputs.map((input) => (input === "" ? undefined : types.get(input)));
  const results = inferTypes(key, node.name, inputTypes, attributesOf(key, node), node.outputs.length, (index) =>
    initializers.get(node.inputs[index] ?? ""),
  );
  nodes.push(node);
  return node.outputs.map((valueName, index) =>
    valueName === "" ? { name: "", ...results[index] } : declare(valueName, results[index]),
  );
}

/**
 * Gives outputs their names: the value itself is renamed if a node makes it and it has no output name yet, otherwise
 * copied.
 */
function nameOutputs(graph: Graph, outputs: readonly (Value & { readonly from: string })[]): Graph {
  const made = new Set(graph.nodes.flatMap((node) => node.outputs));
  const renamed = new Map<string, string>();
  const types = new Map(graph.types);
  const copies: Node[] = [];
  for (const { name, from, dtype, shape } of outputs) {
    if (types.has(name) && name !== from)
      throw new ShapeError(graph.name, `the output name "${name}" is already taken`);
    types.set(name, { dtype, shape });
    if (name === from) continue;
    if (made.has(from) && !renamed.has(from) && !outputs.some((output) => output.name === from))
      renamed.set(from, name);
    else
      copies.push({
        op: "Identity",
        domain: "",
        name: `output/${name}`,
        inputs: [from],
        outputs: [name],
        attributes: new Map(),
      });
  }
  const rename = (name: string): string => renamed.get(name) ?? name;
  const nodes = [...graph.nodes, ...copies].map((node) => ({
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
  }));
  return { ...graph, nodes, types, outputs: outputs.map(({ name, dtype, shape }) => ({ name, dtype, shape })) };
}

/** Leaves out nodes and constants that no output needs. Inputs stay. */
export function pruneGraph(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map((output) => output.name));
  const nodes: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((output) => needed.has(output))) continue;
    nodes.push(node);
    for (const input of node.inputs) needed.add(input);
  }
  nodes.reverse();
  const kept = new Set([
    ...needed,
    ...nodes.flatMap((node) => node.outputs),
    ...graph.inputs.map((input) => input.name),
  ]);
  return {
    ...graph,
    nodes,
    initializers: new Map([...graph.initializers].filter(([valueName]) => needed.has(valueName))),
    types: new Map([...graph.types].filter(([valueName]) => kept.has(valueName))),
  };
}

/** A value's static shape; shorthand for rules and lowerings, which need one. */
export function shapeOf(value: Value): Shape {
  return staticShape(value.name, value.shape);
}

/** A constant tensor of int32 indices. */
export function indexTensor(shape: Shape, indices: Int32Array): Tensor<"int32"> {
  return tensor("int32", shape, indices);
}
