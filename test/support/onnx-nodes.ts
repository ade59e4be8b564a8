import type { Attribute, Model, Node } from "../../src/onnx/graph.ts";
import { createNodeRuntime } from "../../src/runtime/node.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import { randomStream } from "../../src/tensor/random.ts";
import { sizeOf, type SymbolicShape } from "../../src/tensor/shape.ts";
import { float32, type Tensor } from "../../src/tensor/tensor.ts";

/** Attributes as one writes them: whole numbers are ints unless wrapped by {@link real}. */
export type PlainAttribute = number | string | readonly number[] | Tensor | { readonly real: number };

/** Marks an attribute as a floating-point number. */
export const real = (value: number): PlainAttribute => ({ real: value });

function tag(value: PlainAttribute): Attribute {
  if (typeof value === "number") return { kind: "int", value };
  if (typeof value === "string") return { kind: "string", value };
  if ("real" in value) return { kind: "float", value: value.real };
  if ("dtype" in value) return { kind: "tensor", value };
  return { kind: "ints", value };
}

/** A node as one writes it: `node("Relu", "x", "y")`. */
export function node(
  op: string,
  inputs: string,
  outputs: string,
  attributes: Readonly<Record<string, PlainAttribute>> = {},
): Node {
  const list = (names: string): readonly string[] =>
    names === "" ? [] : names.split(" ").map((name) => (name === "-" ? "" : name));
  const tagged = Object.entries(attributes).map(([name, value]) => [name, tag(value)] as const);
  const [name = op] = list(outputs);
  return {
    op,
    domain: "",
    name: `node ${name}`,
    inputs: list(inputs),
    outputs: list(outputs),
    attributes: new Map(tagged),
  };
}

/** A model of float32 inputs whose outputs declare no type. */
export function nodesModel(
  opset: number,
  nodes: readonly Node[],
  inputs: Readonly<Record<string, SymbolicShape>>,
  constants: Readonly<Record<string, Tensor>> = {},
  outputs: readonly string[] = ["y"],
): Model {
  const undeclared = { dtype: "float32", shape: [], opaque: "of no declared type" } as const;
  const graph = {
    name: "test",
    inputs: Object.entries(inputs).map(([name, shape]) => ({ name, dtype: "float32" as const, shape })),
    outputs: outputs.map((name) => ({ name, ...undeclared })),
    nodes,
    initializers: new Map(Object.entries(constants)),
    types: new Map(),
  };
  return { graph, opsets: new Map([["", opset]]), metadata: new Map(), producer: "test" };
}

/** Draws from the standard normal distribution. */
export function randomTensor(shape: readonly number[], purpose: string): Tensor<"float32"> {
  const stream = randomStream(7, purpose);
  return float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => stream.normal()),
  );
}

/** Runs a model in ONNX Runtime, without its rewriting of the graph. */
export async function runModel(
  model: Model | Uint8Array,
  feeds: Readonly<Record<string, Tensor>>,
  fetches?: readonly string[],
): Promise<Readonly<Record<string, Tensor>>> {
  const bytes = model instanceof Uint8Array ? model : encodeModel(model);
  const session = await createNodeRuntime().load(bytes, { threads: 1, graphOptimization: "disabled" });
  try {
    const results = await session.run(feeds, fetches);
    const read = Object.entries(results).map(async ([name, value]) => [name, await value.read()] as const);
    return Object.fromEntries(await Promise.all(read));
  } finally {
    await session.release();
  }
}
