import { addForward } from "../nn/forward.ts";
import type { Module } from "../nn/module.ts";
import { createGraphBuilder } from "../onnx/builder.ts";
import type { Node } from "../onnx/graph.ts";
import type { Shape } from "../tensor/shape.ts";

/** Operators that multiply their result by a positive factor if their first input is. */
const homogeneous: ReadonlySet<string> = new Set(["MaxPool", "AveragePool", "Identity", "Relu"]);

/**
 * Weights of convolutions whose scale the following batch norm cancels: multiplied by any positive factor, they give the same
 * network in training, but for the norm's epsilon. A convolution with a bias is none, nor is one whose result goes anywhere else.
 *
 * @param sample `[C, …]` of one sample
 * @param frozen which parameters are not trained: a batch norm that is frozen divides by its running statistics
 */
export function scaleInvariantFilters(
  module: Module,
  sample: Shape,
  frozen: (name: string) => boolean,
): ReadonlySet<string> {
  const g = createGraphBuilder("scale-invariant");
  const { parameters } = addForward(g, module, g.input("x", "float32", [2, ...sample]), { mode: "train", frozen });
  const readers = new Map<string, Node[]>();
  for (const node of g.nodes())
    for (const input of node.inputs) readers.set(input, [...(readers.get(input) ?? []), node]);
  const isReadOnlyBy = (name: string, isWanted: (reader: Node) => boolean): boolean => {
    const all = readers.get(name) ?? [];
    return all.length > 0 && all.every(isWanted);
  };
  const isNormalized = (name: string): boolean =>
    isReadOnlyBy(
      name,
      ({ op, inputs, outputs }) =>
        inputs[0] === name && (op === "BatchNormTraining" || (homogeneous.has(op) && isNormalized(outputs[0]))),
    );
  const isScaleInvariant = (name: string): boolean =>
    isReadOnlyBy(
      name,
      ({ op, inputs, outputs }) =>
        op === "Conv" && inputs[1] === name && inputs[2] === undefined && isNormalized(outputs[0]),
    );
  return new Set(Array.from(parameters).flatMap(([name, { value }]) => (isScaleInvariant(value.name) ? [name] : [])));
}
