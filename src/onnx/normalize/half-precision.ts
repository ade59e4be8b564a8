import { float32, isDtype, type Tensor } from "../../tensor/tensor.ts";
import type { DType } from "../../tensor/dtype.ts";
import { bfloat16ToFloat32, float16ToFloat32 } from "../../tensor/half.ts";
import { onnxDtypes } from "../operators/elementwise.ts";
import type { Attribute, Graph, Model, Node } from "../graph.ts";

const halves: ReadonlySet<DType> = new Set(["float16", "bfloat16"]);
const halfCodes: ReadonlySet<number> = new Set([onnxDtypes.float16, onnxDtypes.bfloat16]);

function widenTensor(value: Tensor): Tensor {
  if (isDtype(value, "float16")) return float32(value.shape, float16ToFloat32(value.data));
  if (isDtype(value, "bfloat16")) return float32(value.shape, bfloat16ToFloat32(value.data));
  return value;
}

const widenType = <T extends { readonly dtype: DType }>(type: T): T =>
  halves.has(type.dtype) ? { ...type, dtype: "float32" } : type;

function widenAttribute(op: string, name: string, attribute: Attribute): Attribute {
  if (attribute.kind === "tensor") return { ...attribute, value: widenTensor(attribute.value) };
  if (attribute.kind === "graph") return { ...attribute, value: widenGraph(attribute.value) };
  const isType = attribute.kind === "int" && ((op === "Cast" && name === "to") || name === "dtype");
  return isType && halfCodes.has(Number(attribute.value)) ? { ...attribute, value: onnxDtypes.float32 } : attribute;
}

function widenNode(node: Node): Node {
  const attributes = new Map(
    [...node.attributes].map(([name, attribute]) => [name, widenAttribute(node.op, name, attribute)]),
  );
  return { ...node, attributes };
}

function widenGraph(graph: Graph): Graph {
  return {
    ...graph,
    inputs: graph.inputs.map(widenType),
    outputs: graph.outputs.map(widenType),
    nodes: graph.nodes.map(widenNode),
    initializers: new Map([...graph.initializers].map(([name, value]) => [name, widenTensor(value)])),
    types: new Map([...graph.types].map(([name, type]) => [name, widenType(type)])),
  };
}

/**
 * The same network in float32: half-precision weights and values are widened, which is exact, and nothing is rounded to half
 * precision any more. Its inputs and outputs become float32, too.
 */
export function widenHalf(model: Model): Model {
  return { ...model, graph: widenGraph(model.graph) };
}
