import { describe, expect, test } from "vitest";
import { addGradients } from "../../src/autodiff/backward.ts";
import { checkGradient } from "../../src/autodiff/finite-difference.ts";
import { createGraphBuilder, type GraphBuilder } from "../../src/onnx/builder.ts";
import type { Attribute, Graph, Model } from "../../src/onnx/graph.ts";
import { inferModel } from "../../src/onnx/infer.ts";
import { normalizeModel } from "../../src/onnx/normalize.ts";
import { float32, type Tensor } from "../../src/tensor/tensor.ts";
import { readGoldenJson, readGoldenTensors, relativeError } from "../support/golden.ts";
import { lowerings } from "../support/lowerings.ts";
import { nodesModel } from "../support/onnx-nodes.ts";
import { runGraph } from "../support/run-graph.ts";

/** One node as a file has it, of an operator that is written out in others. */
interface Case {
  readonly name: string;
  readonly op: string;
  readonly opset: number;
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly inputs: readonly ({ readonly key: string; readonly constant: boolean } | null)[];
  readonly outputs: number;
}

const { cases } = readGoldenJson<{ readonly cases: readonly Case[] }>("compositions.json");
const tensors = readGoldenTensors("compositions.safetensors");
/** Float32 against float64: a few roundings in sums of up to a few hundred products. */
const LIMIT = 1e-5;
/** Central differences in float32: truncation and rounding each stay well below this. */
const DIFFERENCE_LIMIT = 2e-2;

const operandsOf = ({ inputs }: Case, constant: boolean): Readonly<Record<string, Tensor>> =>
  Object.fromEntries(
    inputs.flatMap((input, index) =>
      input?.constant === constant ? [[`x${index}`, tensors.get(input.key)!] as const] : [],
    ),
  );

function modelOf(golden: Case): Model {
  const names = golden.inputs.map((input, index) => (input === null ? "" : `x${index}`));
  const outputs = Array.from({ length: golden.outputs }, (_, index) => `y${index}`);
  const node = {
    op: golden.op,
    domain: "",
    name: golden.name,
    inputs: names,
    outputs,
    attributes: new Map(Object.entries(golden.attributes)),
  };
  const shapes = Object.entries(operandsOf(golden, false)).map(([name, { shape }]) => [name, shape] as const);
  return nodesModel(golden.opset, [node], Object.fromEntries(shapes), operandsOf(golden, true), outputs);
}

/** Puts a graph into one that is being built. */
function appendGraph(g: GraphBuilder, graph: Graph): void {
  for (const { name, dtype, shape } of graph.inputs) g.input(name, dtype, shape);
  for (const [name, tensor] of graph.initializers) g.initializer(name, tensor);
  for (const node of graph.nodes) g.append(node);
}

function differentiate(golden: Case): Graph {
  const { graph } = inferModel(normalizeModel(modelOf(golden)));
  const g = createGraphBuilder(golden.name);
  appendGraph(g, graph);
  const terms = graph.outputs.map(({ name }, index) => {
    g.output(name, g.value(name));
    const weighted = g.op("Mul", [g.value(name), g.constant(tensors.get(`${golden.name}/dy${index}`)!)]);
    return g.op("ReduceSum", [weighted], { keepdims: 0 });
  });
  const loss = terms.reduce((sum, term) => g.op("Add", [sum, term]));
  g.output("loss", loss);
  const variables = graph.inputs.map(({ name }) => g.value(name));
  addGradients(g, loss, variables).forEach((gradient, index) => g.output(`d${variables[index].name}`, gradient!));
  return g.finish();
}

const floats = (value: Tensor | undefined): Float32Array => value!.data as Float32Array;

describe.each(lowerings)("$name", (lowering) => {
  test.each(cases)("$name: value and gradients agree with PyTorch's", async (golden) => {
    const variables = operandsOf(golden, false);
    const actual = await runGraph(differentiate(golden), variables, lowering);
    const expectNear = (name: string, key: string): void => {
      const expected = tensors.get(`${golden.name}/${key}`)!;
      expect.soft(actual[name].shape, name).toEqual(expected.shape);
      expect.soft(relativeError(floats(actual[name]), floats(expected)), `${golden.name} ${name}`).toBeLessThan(LIMIT);
    };
    for (let index = 0; index < golden.outputs; index++) expectNear(`y${index}`, `output${index}`);
    for (const name of Object.keys(variables)) expectNear(`d${name}`, `gradient${name.slice(1)}`);
  });
});

test.each(cases)("$name: the gradient is what finite differences measure", async (golden) => {
  const graph = differentiate(golden);
  const variables = operandsOf(golden, false);
  const results = await runGraph(graph, variables);
  const { graph: forward } = inferModel(normalizeModel(modelOf(golden)));
  const lossAt = async (point: Readonly<Record<string, Tensor>>): Promise<number> => {
    const values = await runGraph(forward, point);
    return forward.outputs.reduce((sum, { name }, index) => {
      const weights = floats(tensors.get(`${golden.name}/dy${index}`));
      return sum + floats(values[name]).reduce((total, value, at) => total + value * weights[at], 0);
    }, 0);
  };
  for (const [name, { shape, data }] of Object.entries(variables)) {
    const evaluate = (moved: Float32Array): Promise<number> => lossAt({ ...variables, [name]: float32(shape, moved) });
    const check = await checkGradient(evaluate, data as Float32Array, floats(results[`d${name}`]), { floor: 0.1 });
    expect(check.relativeError, `${golden.name} d${name}`).toBeLessThan(DIFFERENCE_LIMIT);
  }
});
