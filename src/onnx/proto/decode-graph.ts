import type { AttributeProto, GraphProto, NodeProto } from "onnx-buf";
import { FormatError } from "../../tensor/errors.ts";
import { quote } from "../../tensor/printable.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import {
  type Attribute,
  describeNode,
  type Graph,
  type Node,
  type Rest,
  type TensorType,
  type Value,
} from "../graph.ts";
import { decodeAttribute as decodeAttributeWith, type DecodeContext } from "./decode-attribute.ts";
import { orderGraph } from "./order.ts";
import { restOf } from "./unknown-fields.ts";
import { decodeTensor, type TensorFields, tensorFields } from "./tensor.ts";
import { decodeValue } from "./type.ts";

const nodeFields: readonly string[] = ["opType", "domain", "name", "input", "output", "attribute"];
const graphFields: readonly string[] = ["name", "node", "input", "output"];

const decodeInner = (context: DecodeContext, message: GraphProto): Graph =>
  decodeGraph(context, message, message.initializer, true);

/** An attribute from its message, with the graph that it may hold. */
export function decodeAttribute(context: DecodeContext, message: AttributeProto): Attribute {
  return decodeAttributeWith(context, message, decodeInner);
}

/** A node from its message. @throws {FormatError} if it has no operator, or an attribute twice */
export function decodeNode(context: DecodeContext, message: NodeProto): Node {
  const { opType: op, domain, name, input: inputs, output: outputs } = message;
  const attributes = new Map<string, Attribute>();
  const node: Node = { op, domain, name, inputs, outputs, attributes, ...restOf(message, nodeFields) };
  if (op === "") throw new FormatError(context.where, `node ${describeNode(node)} has no operator`);
  for (const attribute of message.attribute) {
    const where = `${context.where}: attribute ${quote(attribute.name)} of node ${describeNode(node)}`;
    if (attributes.has(attribute.name)) throw new FormatError(where, "is given twice");
    attributes.set(attribute.name, decodeAttribute({ ...context, where }, attribute));
  }
  return node;
}

interface Initializers {
  readonly initializers: ReadonlyMap<string, Tensor>;
  readonly initializerRest?: ReadonlyMap<string, Rest>;
  /** Initializers of element types that Residua does not have. */
  readonly opaque: readonly TensorFields[];
}

function decodeInitializers(context: DecodeContext, messages: readonly TensorFields[]): Initializers {
  const initializers = new Map<string, Tensor>();
  const rests = new Map<string, Rest>();
  const opaque: TensorFields[] = [];
  for (const message of messages) {
    const where = `${context.where}: initializer ${quote(message.name)}`;
    const value = decodeTensor(where, message, context.readExternal);
    if (value === undefined) opaque.push(message);
    else if (initializers.has(message.name)) throw new FormatError(where, "is given twice");
    else initializers.set(message.name, value);
    const { rest } = restOf(message, tensorFields);
    if (value !== undefined && rest !== undefined) rests.set(message.name, rest);
  }
  return { initializers, opaque, ...(rests.size === 0 ? {} : { initializerRest: rests }) };
}

function collectTypes(
  values: readonly Value[],
  initializers: ReadonlyMap<string, Tensor>,
): ReadonlyMap<string, TensorType> {
  const types = new Map<string, TensorType>();
  for (const { name, dtype, shape, opaque } of values) if (opaque === undefined) types.set(name, { dtype, shape });
  for (const [name, { dtype, shape }] of initializers) types.set(name, { dtype, shape });
  return types;
}

/**
 * A graph from its message, its nodes in order.
 *
 * @param enclosed whether it is inside a node, and may use values of the enclosing graph
 * @throws {FormatError} if it could not run
 */
export function decodeGraph(
  context: DecodeContext,
  message: GraphProto,
  messages: readonly TensorFields[],
  enclosed: boolean,
): Graph {
  const { opaque, ...constants } = decodeInitializers(context, messages);
  const inputs = message.input.map(decodeValue);
  const outputs = message.output.map(decodeValue);
  const kept = restOf({ ...message, initializer: opaque }, graphFields);
  const graph: Graph = {
    name: message.name,
    inputs,
    outputs,
    nodes: message.node.map((node) => decodeNode(context, node)),
    types: collectTypes([...message.valueInfo.map(decodeValue), ...inputs, ...outputs], constants.initializers),
    ...constants,
    ...kept,
  };
  return orderGraph(context.where, graph, enclosed);
}
