import { UnsupportedError } from "../../tensor/errors.ts";
import { float32, int64, type Tensor } from "../../tensor/tensor.ts";
import { tagAttributes } from "../builder.ts";
import type { Writer } from "../compose/writer.ts";
import { type Element, wholeNumbers } from "../fold/elements.ts";
import { knownElements, type Knowledge } from "../fold.ts";
import type { Attribute, Node, TensorType } from "../graph.ts";
import { placeOf } from "../infer.ts";
import { type OperatorName, type Operators, operators } from "../operators/index.ts";

/** The graph being written, as far as a rule may change it. */
export interface Target {
  /** The model's version of ONNX's operators. */
  readonly opset: number;
  readonly knowledge: Knowledge;
  /** A name that no value has yet. */
  freshName(stem: string): string;
  /** Whether a node or an output of the graph uses this value. */
  isUsed(name: string): boolean;
  addConstant(name: string, value: Tensor): void;
  addNode(node: Node): void;
  /** The node that makes a value, as it was written. */
  maker(name: string): Node | undefined;
  /** Replaces a value by another in all its uses. */
  replace(output: string, by: string): void;
}

/** A node being converted to internal operators. */
export interface Rewriting {
  readonly node: Node;
  readonly opset: number;
  /** @throws {UnsupportedError} naming the operator, its node and its version */
  refuse(detail: string): never;
  /** Whether anything uses this output. */
  isUsed(index: number): boolean;
  /** The name of an input; undefined if it is omitted. */
  optional(index: number): string | undefined;
  /** The name of an input. @throws {UnsupportedError} if it is omitted */
  input(index: number): string;
  /** The type of an input. @throws {UnsupportedError} if it is not known */
  type(index: number): TensorType;
  /** The type of an input, if it is known. */
  knownType(index: number): TensorType | undefined;
  /** The tensor behind an input, if it is a constant. */
  constant(index: number): Tensor | undefined;
  /** The node that makes an input, as it was written. */
  maker(index: number): Node | undefined;
  /** Makes an output a constant. */
  define(output: string, value: Tensor): void;
  /** The numbers in an input. @throws {UnsupportedError} if it is not a constant */
  numbers(index: number): readonly number[];
  /** The elements of an input, as far as they are known. @throws {UnsupportedError} if none is */
  elements(index: number): readonly Element[];
  int(name: string, byDefault: number): number;
  ints(name: string): readonly number[] | undefined;
  float(name: string, byDefault: number): number;
  floatList(name: string): readonly number[] | undefined;
  text(name: string, byDefault: string): string;
  texts(name: string): readonly string[] | undefined;
  /** Reserves room for constants. @throws {UnsupportedError} if it is too much: a file may give any number */
  reserve(elements: number): void;
  /** Adds whole numbers as a one-axis constant. */
  wholes(values: readonly number[]): string;
  /** Adds a constant of float32. */
  floats(shape: readonly number[], values: ArrayLike<number>): string;
  /** Adds a node and returns the name of its output. */
  add<Op extends OperatorName>(op: Op, inputs: readonly string[], attributes?: Operators[Op]): string;
  /** Adds a node with several outputs. */
  addMany<Op extends OperatorName>(
    op: Op,
    inputs: readonly string[],
    count: number,
    attributes?: Operators[Op],
  ): readonly string[];
  /** Adds the node that makes the outputs of the one being rewritten. */
  finish<Op extends OperatorName>(op: Op, inputs: readonly string[], attributes?: Operators[Op]): void;
  /** Adds the node unchanged except for these inputs, and attributes replaced or (undefined) removed. */
  keep(changes?: {
    readonly inputs?: readonly string[];
    readonly attributes?: Readonly<Record<string, Attribute | undefined>>;
  }): void;
  /** Replaces an output by this value in all its uses. */
  replace(output: string, by: string): void;
}

/** Writes a composition of several operators in place of a node. */
export function writerOf(rewriting: Rewriting): Writer<string> {
  return {
    op: (op, inputs, attributes) => rewriting.add(op, inputs, attributes),
    ops: (op, inputs, count, attributes) => rewriting.addMany(op, inputs, count, attributes),
    ints: (values) => rewriting.wholes(values),
    floats: (shape, values) => rewriting.floats(shape, values),
  };
}

/** Converts one node to internal operators. */
export type NormalizeRule = (rewriting: Rewriting) => void;

function changeAttributes(
  attributes: Node["attributes"],
  changes: Readonly<Record<string, Attribute | undefined>>,
): ReadonlyMap<string, Attribute> {
  const changed = Object.entries(changes).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return new Map([...[...attributes].filter(([name]) => !(name in changes)), ...changed]);
}

/** Opens a node for rewriting. */
export function openRewriting(target: Target, node: Node): Rewriting {
  const { knowledge } = target;
  const stem = node.outputs.find((name) => name !== "") ?? node.op;
  const refuse = (detail: string): never => {
    throw new UnsupportedError(placeOf(node), `${node.op} of opset ${target.opset} ${detail}`);
  };
  const attribute = (name: string, kind: Attribute["kind"]): Attribute | undefined => {
    const found = node.attributes.get(name);
    if (found === undefined || found.kind === kind) return found;
    return refuse(`has an attribute ${name} of kind ${found.kind}; must be ${kind}`);
  };
  const optional = (index: number): string | undefined => node.inputs[index] || undefined;
  const input = (index: number): string => optional(index) ?? refuse(`lacks its input ${index}`);
  const constant = (suffix: string, value: Tensor): string => {
    const name = target.freshName(`${stem}/${suffix}`);
    target.addConstant(name, value);
    return name;
  };
  const write = <Op extends OperatorName>(
    op: Op,
    name: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Operators[Op] | undefined,
  ): void => {
    const definition = operators[op];
    const tagged = tagAttributes(definition, attributes ?? ({} as Operators[Op]));
    target.addNode({ op: definition.name, domain: definition.domain, name, inputs, outputs, attributes: tagged });
  };
  const addMany: Rewriting["addMany"] = (op, inputs, count, attributes) => {
    const outputs = Array.from({ length: count }, () => target.freshName(`${stem}/${op}`));
    write(op, outputs[0], inputs, outputs, attributes);
    return outputs;
  };
  return {
    node,
    opset: target.opset,
    refuse,
    isUsed: (index) => target.isUsed(node.outputs[index] ?? ""),
    optional,
    input,
    type: (index) =>
      knowledge.types.get(input(index)) ?? refuse(`needs the shape of its input ${index}, which is not known`),
    knownType: (index) => knowledge.types.get(node.inputs[index] ?? ""),
    constant: (index) => knowledge.constants.get(node.inputs[index] ?? ""),
    maker: (index) => target.maker(node.inputs[index] ?? ""),
    define: (output, value) => target.addConstant(output, value),
    numbers: (index) =>
      wholeNumbers(knownElements(knowledge, input(index))) ??
      refuse(`needs a constant of whole numbers as its input ${index}`),
    elements: (index) =>
      knownElements(knowledge, input(index))?.values ?? refuse(`needs to know its input ${index} ahead`),
    int: (name, byDefault) => {
      const found = attribute(name, "int");
      return found?.kind === "int" ? Number(found.value) : byDefault;
    },
    ints: (name) => {
      const found = attribute(name, "ints");
      return found?.kind === "ints" ? found.value.map(Number) : undefined;
    },
    float: (name, byDefault) => {
      const found = attribute(name, "float");
      return found?.kind === "float" ? found.value : byDefault;
    },
    floatList: (name) => {
      const found = attribute(name, "floats");
      return found?.kind === "floats" ? found.value : undefined;
    },
    text: (name, byDefault) => {
      const found = attribute(name, "string");
      return found?.kind === "string" ? found.value : byDefault;
    },
    texts: (name) => {
      const found = attribute(name, "strings");
      return found?.kind === "strings" ? found.value : undefined;
    },
    reserve: (elements) => {
      knowledge.budget -= elements;
      if (!(knowledge.budget >= 0)) refuse("is too large to be written out");
    },
    wholes: (values) => constant("constant", int64([values.length], values)),
    floats: (shape, values) => constant("constant", float32(shape, values)),
    add: (op, inputs, attributes) => addMany(op, inputs, 1, attributes)[0],
    addMany,
    finish: (op, inputs, attributes) => write(op, node.name, inputs, node.outputs, attributes),
    keep: ({ inputs = node.inputs, attributes = {} } = {}) =>
      target.addNode({ ...node, inputs, attributes: changeAttributes(node.attributes, attributes) }),
    replace: target.replace,
  };
}
