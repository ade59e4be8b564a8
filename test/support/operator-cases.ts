import { addGradients } from "../../src/autodiff/backward.ts";
import { createGraphBuilder } from "../../src/onnx/builder.ts";
import type { Graph } from "../../src/onnx/graph.ts";
import type { OperatorName } from "../../src/onnx/operators/index.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { readGoldenJson, readGoldenTensors } from "./golden.ts";

/** One application of an operator, with what PyTorch says of it. */
export interface OperatorCase {
  readonly name: string;
  readonly op: OperatorName;
  readonly attributes: Readonly<Record<string, never>>;
  readonly inputs: readonly ({ readonly key: string; readonly constant: boolean } | null)[];
  readonly outputs: number;
}

/** Every golden case. */
export const operatorCases: readonly OperatorCase[] = readGoldenJson<{ readonly cases: readonly OperatorCase[] }>(
  "operators.json",
).cases;
const tensors = readGoldenTensors("operators.safetensors");

/** A case as a graph: inputs `x0` …, outputs `y0` …, `loss` and `dx0` …, the gradients of the loss. */
export interface OperatorGraph {
  readonly graph: Graph;
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly expected: ReadonlyMap<string, Tensor>;
}

/** The operator, the loss Σ y·dy, and the gradients of that loss: they are what PyTorch's backward(dy) gives. */
export function buildOperatorCase({ name, op, attributes, inputs, outputs }: OperatorCase): OperatorGraph {
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
  g.output("loss", loss);
  const variables = Object.keys(feeds);
  const gradients = addGradients(
    g,
    loss,
    variables.map((variable) => g.value(variable)),
  );
  variables.forEach((variable, index) => {
    g.output(`d${variable}`, gradients[index]!);
    expected.set(`d${variable}`, tensors.get(`${name}/gradient${variable.slice(1)}`)!);
  });
  return { graph: g.finish(), feeds, expected };
}
