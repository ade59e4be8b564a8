import type { Attribute, Graph, Model, Node } from "../../onnx/graph.ts";
import { plainModel } from "../../onnx/normalize.ts";
import { float32, type Tensor } from "../../tensor/tensor.ts";
import { withRealActivations } from "./real-values.ts";

/** Initializers with this prefix mark dropout: `Mul(x, KEEP)`, whose one value is the share that is kept. */
export const DROPOUT = "residua.dropout.";

/**
 * A file's batch norms and dropouts: whether it was exported for inference or training makes no difference afterwards.
 */
export interface Prepared {
  readonly model: Model;
  readonly batchNorms: number;
  readonly dropouts: number;
  /** How many activations the file rounds to quantised steps, which training does not. */
  readonly quantized: number;
}

function lastElement(tensor: Tensor | undefined): number | undefined {
  const element = tensor?.data[0];
  return element === undefined ? undefined : Number(element);
}

/** Values of initializers and of Constant nodes with a tensor. */
function findConstants(graph: Graph): ReadonlyMap<string, Tensor> {
  const constants = new Map(graph.initializers);
  for (const { op, attributes, outputs } of graph.nodes) {
    const value = op === "Constant" ? attributes.get("value") : undefined;
    if (value?.kind === "tensor") constants.set(outputs[0], value.value);
  }
  return constants;
}

function withoutAttribute(node: Node, name: string): ReadonlyMap<string, Attribute> {
  return new Map([...node.attributes].filter(([other]) => other !== name));
}

/**
 * Brings a network into the one form that fine-tuning starts from: batch norms in inference form, whether they were
 * exported so or in training mode with their statistics as outputs; dropout as a product with a marked constant, so
 * that it can be redrawn for every step; and each weight a tensor of its own, although exporters share equal ones.
 */
export function prepareModel(file: Model): Prepared {
  const model = plainModel(file);
  const constants = findConstants(model.graph);
  const { graph, count: quantized } = withRealActivations(model.graph, constants);
  const initializers = new Map(graph.initializers);
  let [batchNorms, dropouts] = [0, 0];
  const nodes = graph.nodes.flatMap((node): readonly Node[] => {
    if (node.domain !== "" && node.domain !== "ai.onnx") return [node];
    const [source, given] = node.inputs;
    const [output] = node.outputs;
    const shared = node.op === "Identity" ? graph.initializers.get(source) : undefined;
    if (shared !== undefined) {
      initializers.set(output, shared);
      return [];
    }
    if (node.op === "BatchNormalization") {
      batchNorms++;
      return [{ ...node, outputs: [output], attributes: withoutAttribute(node, "training_mode") }];
    }
    if (node.op !== "Dropout") return [node];
    const attribute = node.attributes.get("ratio");
    const ratio = (attribute?.kind === "float" ? attribute.value : lastElement(constants.get(given ?? ""))) ?? 0.5;
    const marker = `${DROPOUT}${dropouts++}`;
    initializers.set(marker, float32([], [1 - ratio]));
    return [{ ...node, op: "Mul", inputs: [source, marker], outputs: [output], attributes: new Map() }];
  });
  // Other outputs of a training export, such as running statistics, no longer have a node that makes them.
  const outputs = graph.outputs.slice(0, 1);
  return { model: { ...model, graph: { ...graph, nodes, initializers, outputs } }, batchNorms, dropouts, quantized };
}
