import { attributesOf } from "../../onnx/builder.ts";
import type { Graph, Node, TensorType } from "../../onnx/graph.ts";
import { findOperator } from "../../onnx/operators/index.ts";
import { sameShape } from "../../tensor/shape.ts";
import { convolutionGeometry, type ConvolutionPlan, planConvolution } from "./convolution-plan.ts";
import { isLayoutAgnostic, isScalar } from "./elementwise.ts";
import type { BlockSize } from "./layout.ts";
import { type WeightLayout, weightLayout } from "./weight-layout.ts";

/** Types of all values of a graph. */
export function typesOf(graph: Graph): ReadonlyMap<string, TensorType> {
  return new Map<string, TensorType>([
    ...graph.inputs.map((input) => [input.name, input] as const),
    ...graph.initializers,
    ...graph.types,
  ]);
}

const convolutionOps = new Set(["Conv", "ConvInputGradient", "ConvWeightGradient"]);

/** Whether a value with fewer channels than a block is a concatenation: its parts are joined row-major. */
function joinsParts({ op, outputs }: Node, types: ReadonlyMap<string, TensorType>, block: BlockSize): boolean {
  const { shape } = types.get(outputs[0])!;
  return op === "Concat" && shape.length === 4 && (shape[1] as number) < block;
}

/**
 * Values that are row-major before any convolution: what elementwise operators alone compute from the graph's inputs,
 * and concatenations of less than a block.
 */
function imagesOf(graph: Graph, types: ReadonlyMap<string, TensorType>, block: BlockSize): ReadonlySet<string> {
  const images = new Set([...graph.inputs.map((input) => input.name), ...graph.initializers.keys()]);
  for (const node of graph.nodes) {
    if (convolutionOps.has(node.op) || node.op.startsWith("BatchNorm")) continue;
    if (joinsParts(node, types, block) || node.inputs.every((input) => input === "" || images.has(input)))
      node.outputs.forEach((output) => images.add(output));
  }
  return images;
}

/** The plan of each convolution and convolution gradient that can be blocked. */
export function planConvolutions(graph: Graph, block: BlockSize): ReadonlyMap<Node, ConvolutionPlan> {
  const types = typesOf(graph);
  const images = imagesOf(graph, types, block);
  const plans = new Map<Node, ConvolutionPlan>();
  for (const node of graph.nodes) {
    const op = findOperator(node.domain, node.op);
    if (op !== "Conv" && op !== "ConvInputGradient" && op !== "ConvWeightGradient") continue;
    const type = (name: string): TensorType => types.get(name)!;
    const [first, second] = node.inputs.map(type) as [TensorType, TensorType];
    const result = type(node.outputs[0]);
    const roles = {
      Conv: { x: first, weight: second, y: result },
      ConvInputGradient: { x: result, weight: second, y: first },
      ConvWeightGradient: { x: first, weight: result, y: second },
    }[op];
    // A weight of one element looks like a scalar of the update, whose layout it would not share.
    if (isScalar(roles.weight.shape)) continue;
    const geometry = convolutionGeometry(node.name, attributesOf(op, node), roles);
    const takesImage = op !== "ConvInputGradient" && images.has(node.inputs[0]);
    const plan = geometry && planConvolution(geometry, block, takesImage);
    if (plan) plans.set(node, plan);
  }
  return plans;
}

/** A union-find over values: each class is identified by one of its members. */
function createClasses() {
  const parents = new Map<string, string>();
  const find = (name: string): string => {
    const parent = parents.get(name);
    return parent === undefined ? name : find(parent);
  };
  return {
    find,
    join: (a: string, b: string): void => {
      const [first, second] = [find(a), find(b)];
      if (first !== second) parents.set(first, second);
    },
  };
}

/**
 * The layouts of the values that belong to a convolution's weight: the weight, its gradient, and everything that
 * elementwise operators connect with them, such as the optimizer's state and the updated weight.
 */
export function assignStorage(
  graph: Graph,
  plans: ReadonlyMap<Node, ConvolutionPlan>,
): ReadonlyMap<string, WeightLayout> {
  const types = typesOf(graph);
  const classes = createClasses();
  const shapeOf = (name: string) => types.get(name)!.shape;
  for (const node of graph.nodes) {
    const [output] = node.outputs as [string];
    if (node.domain !== "" || node.inputs.some((input) => input === "")) continue;
    if (!isLayoutAgnostic(node.op, node.inputs.map(shapeOf), shapeOf(output))) continue;
    for (const input of node.inputs)
      if (!isScalar(shapeOf(input)) && sameShape(shapeOf(input), shapeOf(output))) classes.join(input, output);
  }
  const layouts = new Map<string, WeightLayout>();
  const request = (name: string, plan: ConvolutionPlan): void => {
    const root = classes.find(name);
    if (!layouts.has(root)) layouts.set(root, weightLayout(plan));
  };
  for (const [node, plan] of plans) if (node.op === "Conv") request(node.inputs[1], plan);
  for (const [node, plan] of plans) if (node.op === "ConvWeightGradient") request(node.outputs[0], plan);
  return new Map(
    [...types.keys()].flatMap((name) => {
      const layout = layouts.get(classes.find(name));
      return layout ? [[name, layout] as const] : [];
    }),
  );
}
