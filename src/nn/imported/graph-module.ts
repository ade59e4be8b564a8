import { attributesOf, type GraphBuilder, type Operand, shapeOf } from "../../onnx/builder.ts";
import type { Graph, Node, Value } from "../../onnx/graph.ts";
import { findOperator } from "../../onnx/operators/index.ts";
import { UnsupportedError } from "../../tensor/errors.ts";
import type { Shape } from "../../tensor/shape.ts";
import { constantInitializer, kaimingNormal } from "../initialization.ts";
import { addBatchNorm } from "../layers.ts";
import { type BufferSpec, defineModule, type ForwardContext, type Module, type ParameterSpec } from "../module.ts";
import { findHead } from "./head.ts";
import { DROPOUT } from "./prepare.ts";

/** PyTorch's and ONNX's default. */
const DEFAULT_EPSILON = 1e-5;
const DEFAULT_MOMENTUM = 0.9;

/** What the operators that use it say about an input of a graph module. */
function roleOf(graph: Graph, name: string): "statistic" | ParameterSpec["role"] {
  for (const { op, inputs } of graph.nodes) {
    const index = inputs.indexOf(name);
    if (index < 0) continue;
    // What is added, in layers and norms alike, comes after what is multiplied with.
    if (op === "BatchNormalization" && index > 2) return "statistic";
    if (/^(Batch|Group|Instance|Layer)Normalization$/.test(op)) return index === 2 ? "bias" : "norm";
    if (/^(Conv|ConvTranspose|Gemm)$/.test(op)) return index === 2 ? "bias" : "weight";
    if (op === "Mul" || op === "Div") return "norm";
  }
  const shape = graph.inputs.find((input) => input.name === name)?.shape ?? [];
  return shape.filter((extent) => extent !== 1).length < 2 ? "bias" : "weight";
}

/**
 * A network described by a graph: its first input is the images, every other input a parameter or running statistic
 * under its state-dict name, its first output the scores. In training, batch norms use the batch's statistics and
 * dropout is active, however the graph was exported.
 *
 * @param graph in ONNX's operators of version 18, with the types of its values
 */
export function createGraphModule(graph: Graph): Module {
  const [, ...inputs] = graph.inputs;
  const parameters: Record<string, ParameterSpec> = {};
  const buffers: Record<string, BufferSpec> = {};
  for (const { name, shape } of inputs) {
    const role = roleOf(graph, name);
    if (role === "statistic") {
      buffers[name] = { shape: shape as Shape, initialize: constantInitializer(0) };
      continue;
    }
    const initialize = role === "weight" ? kaimingNormal("fan-in") : constantInitializer(role === "norm" ? 1 : 0);
    parameters[name] = { shape: shape as Shape, role, initialize };
  }
  const asHeld: Graph = { ...graph, initializers: new Map([...graph.initializers, ...heldShapes(graph)]) };
  const head =
    findHead(asHeld)
      ?.tensors.map(({ name }) => name)
      .filter((name) => name in parameters) ?? [];
  return defineModule("Graph", { parameters, buffers, facts: { head } }, (context, x) => replay(graph, context, x));
}

/** The head is found from the shapes of the layers' tensors; their elements do not matter. */
function heldShapes({ inputs }: Graph): Graph["initializers"] {
  return new Map(
    inputs
      .slice(1)
      .map(({ name, shape }) => [name, { dtype: "float32", shape: shape as Shape, data: new Float32Array() }]),
  );
}

/** Adds the graph's nodes to another graph, bound to its parameters. */
function replay(graph: Graph, context: ForwardContext, x: Value): Value {
  const { g } = context;
  const [images, ...held] = graph.inputs;
  const values = new Map<string, Value>([[images.name, x]]);
  for (const { name } of held) {
    // Batch norm binds its own.
    if (roleOf(graph, name) !== "statistic") values.set(name, context.parameter(name));
  }
  const find = (name: string): Operand => {
    const constant = graph.initializers.get(name);
    if (constant !== undefined && !values.has(name)) values.set(name, g.constant(constant));
    return values.get(name);
  };
  const isHeld = (name: string): boolean => held.some((input) => input.name === name);
  for (const node of graph.nodes) {
    const outputs = g.within(scopeOf(node), () => addNode(node, { context, find, isHeld }));
    node.outputs.forEach((name, index) => name !== "" && values.set(name, outputs[index]));
  }
  return values.get(graph.outputs[0].name)!;
}

interface Replay {
  readonly context: ForwardContext;
  readonly find: (name: string) => Operand;
  readonly isHeld: (name: string) => boolean;
}

function addNode(node: Node, { context, find, isHeld }: Replay): readonly Value[] {
  const { g } = context;
  const [first, ...others] = node.inputs;
  const marker = node.op === "Mul" && others[0]?.startsWith(DROPOUT) ? g.constantOf(find(others[0])!) : undefined;
  if (marker !== undefined)
    return [addDropout(context, find(first)!, { keep: Number(marker.data[0]), name: others[0] })];
  const [scale, offset, mean, variance] = others;
  if (node.op === "BatchNormalization" && [scale, offset, mean, variance].every(isHeld)) {
    const { epsilon = DEFAULT_EPSILON, momentum = DEFAULT_MOMENTUM } = attributesOf("BatchNormalization", node);
    // ONNX's momentum is the old statistic's weight.
    return [addBatchNorm(context, find(first)!, [scale, offset, mean, variance], { epsilon, momentum: 1 - momentum })];
  }
  const op = findOperator(node.domain, node.op);
  if (op === undefined) throw new UnsupportedError(`node "${node.name}"`, `the operator ${node.op} is not supported`);
  return g.ops(op, node.inputs.map(find), node.outputs.length, attributesOf(op, node));
}

function addDropout(
  { g, mode, noise }: ForwardContext & { readonly g: GraphBuilder },
  x: Value,
  { keep, name }: { readonly keep: number; readonly name: string },
): Value {
  return mode === "evaluate" || keep >= 1 ? x : g.op("Mul", [x, noise(name, keep, shapeOf(x))]);
}

/** Nodes keep their names; in PyTorch's exports these end with the operator's name. */
function scopeOf({ name, op, outputs }: Node): string {
  const own = (name === "" ? (outputs[0] ?? op) : name).replace(/^\/+/, "");
  return own.endsWith(`/${op}`) ? own.slice(0, -op.length - 1) : own;
}
