import { expect, test } from "vitest";
import { addGradients } from "../../src/autodiff/backward.ts";
import { gradientRules } from "../../src/autodiff/rules/index.ts";
import { createGraphBuilder } from "../../src/onnx/builder.ts";
import type { Graph } from "../../src/onnx/graph.ts";
import type { OperatorName } from "../../src/onnx/operators/index.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { readGoldenJson, readGoldenTensors, relativeError } from "../support/golden.ts";
import { runGraph } from "../support/run-graph.ts";

interface Case {
  readonly name: string;
  readonly op: OperatorName;
  readonly attributes: Readonly<Record<string, never>>;
  readonly inputs: readonly ({ readonly key: string; readonly constant: boolean } | null)[];
  readonly outputs: number;
}

const { cases } = readGoldenJson<{ readonly cases: readonly Case[] }>("operators.json");
const tensors = readGoldenTensors("operators.safetensors");
/** Float32 against float64: a few roundings in sums of up to a few hundred products. */
const LIMIT = 1e-5;

/** The operator, the loss Σ y·dy, and the gradients of that loss: they are what PyTorch's backward(dy) gives. */
function buildCase({ name, op, attributes, inputs, outputs }: Case): { readonly graph: Graph; readonly feeds: Record<string, Tensor>; readonly expected: Map<string, Tensor> } {
  const g = createGraphBuilder(name);
  const feeds: Record<string, Tensor> = {};
  const expected = new Map<string, Tensor>();
  const operands = inputs.map((input, index) => {
    if (input === null) return undefined;
    const value = tensors.get(input.key)!;
    if (input.constant) return g.constant(value);
    feeds[`x${index}`] = value;
    return g.input(`x${index}`, value.dtype, value.shape);
  });
  const extra = op === "BatchNormTraining" ? 3 : outputs;
  const results = g.ops(op, operands, extra, attributes).slice(0, outputs);
  const terms = results.map((y, index) => {
    g.output(`y${index}`, y);
    expected.set(`y${index}`, tensors.get(`${name}/output${index}`)!);
    return g.op("ReduceSum", [g.op("Mul", [y, g.constant(tensors.get(`${name}/dy${index}`)!)])], { keepdims: 0 });
  });
  const loss = terms.reduce((sum, term) => g.op("Add", [sum, term]));
  const variables = Object.keys(feeds);
  const gradients = addGradients(g, loss, variables.map((variable) => g.value(variable)));
  variables.forEach((variable, index) => {
    g.output(`d${variable}`, gradients[index]!);
    expected.set(`d${variable}`, tensors.get(`${name}/gradient${variable.slice(1)}`)!);
  });
  return { graph: g.finish(), feeds, expected };
}

test.each(cases)("$name: value and gradients agree with PyTorch's", async (golden) => {
  const { graph, feeds, expected } = buildCase(golden);
  const actual = await runGraph(graph, feeds);
  for (const [name, value] of expected) {
    const error = relativeError(actual[name]!.data as Float32Array, value.data as Float32Array);
    expect.soft(error, `${golden.name} ${name}`).toBeLessThan(LIMIT);
    expect.soft(actual[name]!.shape).toEqual(value.shape);
  }
});

test("every gradient rule has a golden case", () => {
  const covered = new Set(cases.map(({ op }) => op));
  expect(Object.keys(gradientRules).filter((op) => !covered.has(op as OperatorName))).toEqual([]);
});
