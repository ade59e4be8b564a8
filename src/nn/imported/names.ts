import type { Node } from "../../onnx/graph.ts";
import type { FoundTensor } from "./parameters.ts";

/** Names that exporters make up if a weight has lost its own, as when a batch norm was folded into it. */
const anonymous = /^(onnx::|\d+$|_v_\d+|const_fold|Constant)|_output_\d+$/;

/**
 * A place in the module tree, from a node's name in PyTorch's form: "/layer1/layer1.0/conv1/Conv" is "layer1.0.conv1",
 * since a part that begins with the previous one names both.
 */
function placeOf({ name, op, outputs }: Node): string {
  const parts = (name === "" ? outputs[0] : name).split("/").filter((part) => part !== "");
  const inner = parts.length > 1 && parts.at(-1)!.startsWith(op) ? parts.slice(0, -1) : parts;
  const joined: string[] = [];
  for (const part of inner) {
    if (joined.length > 0 && part.startsWith(`${joined.at(-1)}.`)) joined.pop();
    joined.push(part);
  }
  return joined.join(".");
}

/** No part of a network has a slash in its name: checkpoints use it to mark the optimizer's state. */
function cleanName(name: string): string {
  return name
    .split("/")
    .filter((part) => part !== "")
    .join(".");
}

/**
 * The name under which each tensor of a file is known: its own if it has one ("layer1.0.conv1.weight"), otherwise that
 * of the layer that uses it.
 */
export function nameTensors(found: ReadonlyMap<string, FoundTensor>): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  const unique = (name: string): string => {
    let candidate = name;
    for (let count = 1; taken.has(candidate); count++) candidate = `${name}_${count}`;
    taken.add(candidate);
    return candidate;
  };
  return new Map(
    Array.from(found, ([name, { node, part }]) => [
      name,
      unique(anonymous.test(name) ? `${placeOf(node)}.${part}` : cleanName(name)),
    ]),
  );
}
