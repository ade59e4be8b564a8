import type { FunctionProto } from "onnx-buf";
import { UnsupportedError } from "../../tensor/errors.ts";
import { quote } from "../../tensor/printable.ts";
import { createFreshNames, placeOf } from "../infer.ts";
import type { Attribute, Graph, Model, Node } from "../graph.ts";
import { decodeAttribute, decodeNode } from "../proto/decode-graph.ts";
import { renameNode } from "./rename.ts";

/** Functions within functions, and nodes after all are written out: a file may claim any number. */
const deepest = 32;
const mostNodes = 1 << 20;

const canonical = (domain: string): string => (domain === "ai.onnx" ? "" : domain);
const keyOf = (domain: string, name: string): string => `${canonical(domain)}:${name}`;

/** Where functions are written out. */
interface Inlining {
  readonly functions: ReadonlyMap<string, FunctionProto>;
  readonly opset: number;
  readonly freshName: (stem: string) => string;
  left: number;
}

/** Attributes of the function's nodes that refer to those of the call. */
function bindAttributes(node: Node, given: ReadonlyMap<string, Attribute>): Node {
  const attributes = new Map<string, Attribute>();
  for (const [name, attribute] of node.attributes) {
    const reference = attribute.kind === "opaque" ? (attribute.value as { refAttrName?: string }).refAttrName : "";
    const bound = reference ? given.get(reference) : attribute;
    // An attribute that the call leaves out is left out here as well.
    if (bound !== undefined) attributes.set(name, bound);
  }
  return { ...node, attributes };
}

function writeOut(call: Node, found: FunctionProto, inlining: Inlining): readonly Node[] {
  const where = `function ${quote(found.name)}`;
  const context = { where, readExternal: undefined };
  const other = found.opsetImport.find(
    ({ domain, version }) => canonical(domain) === "" && Number(version) !== inlining.opset,
  );
  if (other !== undefined)
    throw new UnsupportedError(
      where,
      `uses version ${other.version} of ONNX's operators, the model ${inlining.opset}; must be the same`,
    );
  const defaults = found.attributeProto.map((attribute): [string, Attribute] => [
    attribute.name,
    decodeAttribute(context, attribute),
  ]);
  const given = new Map([...defaults, ...call.attributes]);
  const stem = call.name || call.outputs.find((name) => name !== "") || found.name;
  const names = new Map<string, string>();
  found.input.forEach((name, index) => names.set(name, call.inputs[index] ?? ""));
  found.output.forEach((name, index) => {
    const wanted = call.outputs[index];
    if (wanted) names.set(name, wanted);
  });
  const rename = (name: string): string => {
    const known = names.get(name) ?? inlining.freshName(`${stem}/${name}`);
    names.set(name, known);
    return known;
  };
  return found.node.map((message) => {
    const node = bindAttributes(decodeNode(context, message), given);
    return renameNode({ ...node, name: node.name === "" ? stem : `${stem}/${node.name}` }, rename);
  });
}

function inlineNodes(nodes: readonly Node[], inlining: Inlining, depth: number): readonly Node[] {
  return nodes.flatMap((node): readonly Node[] => {
    if (--inlining.left < 0)
      throw new UnsupportedError(
        placeOf(node),
        `makes more than ${mostNodes} nodes when its functions are written out`,
      );
    const attributes = new Map(
      [...node.attributes].map(([name, attribute]): [string, Attribute] => [
        name,
        attribute.kind === "graph"
          ? { ...attribute, value: { ...attribute.value, nodes: inlineNodes(attribute.value.nodes, inlining, depth) } }
          : attribute,
      ]),
    );
    const found = inlining.functions.get(keyOf(node.domain, node.op));
    if (found === undefined) return [{ ...node, attributes }];
    if (depth >= deepest)
      throw new UnsupportedError(placeOf(node), `calls functions within functions, deeper than ${deepest}`);
    return inlineNodes(writeOut({ ...node, attributes }, found, inlining), inlining, depth + 1);
  });
}

/**
 * Writes out the functions that a file defines itself, as exporters of PyTorch 2 do for layers.
 *
 * @throws {UnsupportedError} if they are nested without end, or written for another version of ONNX's operators
 * @source ONNX, docs/IR.md, "Functions"
 */
export function inlineFunctions(model: Model): Model {
  const messages = (model.rest?.["functions"] ?? []) as readonly FunctionProto[];
  if (messages.length === 0) return model;
  const functions = new Map(messages.map((message) => [keyOf(message.domain, message.name), message]));
  const inlining: Inlining = {
    functions,
    opset: model.opsets.get("") ?? model.opsets.get("ai.onnx") ?? 1,
    freshName: createFreshNames(model.graph),
    left: mostNodes,
  };
  const graph: Graph = { ...model.graph, nodes: inlineNodes(model.graph.nodes, inlining, 0) };
  const { functions: _, ...rest } = model.rest ?? {};
  return { ...model, graph, rest };
}
