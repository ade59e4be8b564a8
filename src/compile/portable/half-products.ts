import type { GraphBuilder } from "../../onnx/builder.ts";
import type { Graph, Node, Value } from "../../onnx/graph.ts";
import { onnxDtypes } from "../../onnx/operators/elementwise.ts";
import { rebuildGraph } from "../rewrite.ts";
import { stepNames } from "../step/names.ts";
import type { PortableChoices } from "./choices.ts";

/** Operators that multiply and add up: what graphics processors compute several times as fast in float16. */
const products: ReadonlySet<string> = new Set(["Conv", "ConvTranspose", "Gemm", "MatMul"]);

/** Operators of a logical graph that consist of products. */
const logicalProducts: ReadonlySet<string> = new Set([...products, "ConvInputGradient", "ConvWeightGradient"]);

const isNext = (name: string): boolean =>
  name.startsWith(stepNames.next("")) && !name.startsWith(stepNames.next(stepNames.sum("")));

/**
 * The names of a logical graph's products that loss and gradients come from; those of an optimizer, which only its update needs, are
 * left out.
 */
export function findProducts({ nodes, outputs }: Graph): ReadonlySet<string> {
  const wanted = new Set(outputs.map(({ name }) => name).filter((name) => !isNext(name)));
  const found = new Set<string>();
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((name) => wanted.has(name))) continue;
    for (const name of node.inputs) wanted.add(name);
    if (logicalProducts.has(node.op)) found.add(node.name);
  }
  return found;
}

/** Casts of a graph that is written, each made once. */
function createCasts(g: GraphBuilder) {
  const known = new Map<string, Value>();
  const once = (key: string, make: () => Value): Value => {
    const value = known.get(key) ?? make();
    known.set(key, value);
    return value;
  };
  const half = (x: Value): Value => once(`half ${x.name}`, () => g.op("Cast", [x], { to: onnxDtypes.float16 }));
  const single = (x: Value): Value => once(`single ${x.name}`, () => g.op("Cast", [x], { to: onnxDtypes.float32 }));
  return { half, single };
}

/**
 * Lets products compute in float16, and hands their results on in float32: sums over a batch, batch norms, loss and update stay as they
 * are.
 *
 * @param found names of the products before they were written portably: those of the nodes, or of the scopes, that are halved
 * @param how "kernels" casts, "rounded" casts there and back, and so computes what kernels do that add up in float32
 * @source Micikevicius et al. 2018, arXiv:1710.03740
 */
export function halveProducts(found: ReadonlySet<string>, how: PortableChoices["float16"]): (graph: Graph) => Graph {
  const isProduct = ({ domain, op, name }: Node): boolean =>
    domain === "" && products.has(op) && (found.has(name) || found.has(name.slice(0, name.lastIndexOf("/"))));
  return (graph) =>
    rebuildGraph(graph, ({ g, values }) => {
      const { half, single } = createCasts(g);
      const operand = (name: string): string => {
        if (name === "") return "";
        const value = values.get(name)!;
        if (value.dtype !== "float32") return value.name;
        return (how === "kernels" ? half(value) : single(half(value))).name;
      };
      return (node) => {
        if (!isProduct(node) || graph.types.get(node.outputs[0])?.dtype !== "float32") return undefined;
        const results = g.append({
          ...node,
          inputs: node.inputs.map(operand),
          outputs: node.outputs.map((name) => `${name}:float16`),
        });
        return results.map((result) => single(how === "kernels" ? result : half(result)));
      };
    });
}
