import { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { Graph } from "../../onnx/graph.ts";

const BYTES = 2;
const VARINT = 0;
/** The GraphDef version; all versions from 21 on are read alike. */
const PRODUCER = 22;

/**
 * Converts an ONNX graph to TensorFlow's GraphDef for TensorBoard: operators keep their names as scopes; inputs and
 * weights become nodes.
 *
 * @source tensorflow/core/framework/graph.proto and node_def.proto
 */
export function encodeGraphDef(graph: Graph): Uint8Array {
  const taken = new Set<string>();
  const producers = new Map<string, string>();
  const writer = new BinaryWriter();
  const add = (wanted: string, op: string, inputs: readonly string[], outputs: readonly string[]): void => {
    const name = uniqueName(wanted, taken);
    const node = new BinaryWriter().tag(1, BYTES).string(name).tag(2, BYTES).string(op);
    for (const input of inputs) {
      const producer = producers.get(input);
      if (producer !== undefined) node.tag(3, BYTES).string(producer);
    }
    outputs.forEach((output, index) => producers.set(output, index === 0 ? name : `${name}:${index}`));
    writer.tag(1, BYTES).bytes(node.finish());
  };
  for (const { name } of graph.inputs) add(name, "Placeholder", [], [name]);
  for (const name of graph.initializers.keys()) add(name, "Const", [], [name]);
  for (const { name, op, inputs, outputs } of graph.nodes) add(name === "" ? op : name, op, inputs, outputs);
  return writer.tag(4, BYTES).bytes(new BinaryWriter().tag(1, VARINT).int32(PRODUCER).finish()).finish();
}

/** Only letters, digits and `_ . - /`, with `/` between scopes. */
function uniqueName(wanted: string, taken: Set<string>): string {
  const scoped = wanted.replaceAll(".", "/").replace(/[^A-Za-z0-9_.\-/]/g, "_");
  const clean = /^[A-Za-z0-9.]/.test(scoped) ? scoped : `x${scoped}`;
  let name = clean;
  for (let count = 1; taken.has(name); count++) name = `${clean}_${count}`;
  taken.add(name);
  return name;
}
