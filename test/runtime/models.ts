import { toModel } from "../../src/compile/inference.ts";
import { createGraphBuilder, type GraphBuilder } from "../../src/onnx/builder.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import type { Value } from "../../src/onnx/graph.ts";
import type { DType } from "../../src/tensor/dtype.ts";
import type { SymbolicShape } from "../../src/tensor/shape.ts";

/** An ONNX file of the graph that `body` builds; what it returns become the outputs. */
export function buildModel(body: (g: GraphBuilder) => Readonly<Record<string, Value>>): Uint8Array {
  const g = createGraphBuilder("test");
  for (const [name, value] of Object.entries(body(g))) g.output(name, value);
  return encodeModel(toModel(g.finish()));
}

/** y = x. */
export function identityModel(dtype: DType, shape: SymbolicShape): Uint8Array {
  return buildModel((g) => ({ y: g.op("Identity", [g.input("x", dtype, shape)]) }));
}

/** sum = a + b, difference = a − b, for `[N,2]`. */
export function sumAndDifferenceModel(): Uint8Array {
  return buildModel((g) => {
    const [a, b] = ["a", "b"].map((name) => g.input(name, "float32", ["N", 2]));
    return { sum: g.op("Add", [a, b]), difference: g.op("Sub", [a, b]) };
  });
}

/** next = state · factor + 1, the shape of a step that is fed its own output. */
export function recurrenceModel(length: number, factor: number): Uint8Array {
  return buildModel((g) => {
    const state = g.input("state", "float32", [length]);
    const grown = g.op("Mul", [state, g.fill(factor)]);
    return { next: g.op("Add", [grown, g.fill(1)]), largest: g.op("ReduceMax", [state], { keepdims: 0 }) };
  });
}

/** y = x₀ + x₁ + …, each `[2]`: many inputs for one run. */
export function manyInputsModel(count: number): Uint8Array {
  return buildModel((g) => {
    const inputs = Array.from({ length: count }, (_, index) => g.input(`x${index}`, "float32", [2]));
    return { y: inputs.reduce((sum, input) => g.op("Add", [sum, input])) };
  });
}

/** y = xᵏ by k − 1 products of square matrices `[size,size]`: takes a while to run. */
export function matrixPowerModel(size: number, power: number): Uint8Array {
  return buildModel((g) => {
    const x = g.input("x", "float32", [size, size]);
    let y = x;
    for (let factor = 1; factor < power; factor++) y = g.op("MatMul", [y, x]);
    return { y };
  });
}
