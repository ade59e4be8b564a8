import { formatShape } from "../tensor/shape.ts";
import type { Attribute, Graph, TensorType } from "./graph.ts";

const describeType = (type: TensorType | undefined): string => (type ? `${type.dtype}${formatShape(type.shape)}` : "?");

function describeAttribute(attribute: Attribute): string {
  switch (attribute.kind) {
    case "int":
    case "float":
      return String(attribute.value);
    case "string":
      return JSON.stringify(attribute.value);
    case "ints":
    case "floats":
    case "strings":
      return `[${attribute.value.join(",")}]`;
    case "tensor":
      return describeType(attribute.value);
    default:
      return attribute.kind;
  }
}

/**
 * A graph as text, one line per node: `y: float32[1,8,8,8] = Conv(x, w) {pads=[1,1,1,1]}  # layer1.0.conv1`. For
 * readers and for tests that show a graph; it is not parsed back.
 */
export function dumpGraph(graph: Graph): string {
  const type = (name: string): string => describeType(graph.types.get(name));
  const lines = [`graph ${graph.name}`];
  for (const input of graph.inputs) lines.push(`  input ${input.name}: ${describeType(input)}`);
  for (const [name, value] of graph.initializers) lines.push(`  const ${name}: ${describeType(value)}`);
  for (const node of graph.nodes) {
    const left = node.outputs.map((output) => `${output}: ${type(output)}`).join(", ");
    const attributes = [...node.attributes]
      .map(([name, attribute]) => `${name}=${describeAttribute(attribute)}`)
      .join(" ");
    const operator = node.domain === "" ? node.op : `${node.domain}.${node.op}`;
    lines.push(`  ${left} = ${operator}(${node.inputs.join(", ")})${attributes && ` {${attributes}}`}  # ${node.name}`);
  }
  for (const output of graph.outputs) lines.push(`  output ${output.name}: ${describeType(output)}`);
  return lines.join("\n");
}
