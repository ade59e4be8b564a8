import { describe, expect, test } from "vitest";
import { type PortableChoices, portableChoices } from "../../src/compile/portable/choices.ts";
import { createPortableLowering } from "../../src/compile/portable/lowering.ts";
import { createGraphBuilder } from "../../src/onnx/builder.ts";
import { addGradients } from "../../src/autodiff/backward.ts";
import { float32 } from "../../src/tensor/tensor.ts";
import { relativeError } from "../support/golden.ts";
import { noiseTensor } from "../support/noise.ts";
import { buildOperatorCase, operatorCases } from "../support/operator-cases.ts";
import { runGraph } from "../support/run-graph.ts";

/** Float32 against float64, as for the standard choices. */
const LIMIT = 1e-5;
const chosen: readonly (readonly [string, Partial<PortableChoices>])[] = [
  ["wasm", portableChoices.wasm],
  ["webgpu", portableChoices.webgpu],
];
const affected = operatorCases.filter(({ op }) =>
  ["Abs", "BatchNormTraining", "Conv", "LogSoftmax", "MaxPool", "Relu"].includes(op),
);

describe.each(chosen)("%s", (_, choices) => {
  const lowering = createPortableLowering(choices);

  test.each(affected)("$name: value and gradients agree with PyTorch's", async (golden) => {
    const { graph, feeds, expected } = buildOperatorCase(golden);
    const actual = await runGraph(graph, feeds, lowering);
    for (const [name, value] of expected) {
      const error = relativeError(actual[name].data as Float32Array, value.data as Float32Array);
      expect.soft(error, `${golden.name} ${name}`).toBeLessThan(LIMIT);
    }
  });

  test("a mean a thousand times the deviation does not cancel in batch norm", async () => {
    const g = createGraphBuilder("norm");
    const shape = [6, 3, 5, 5];
    const x = g.input("x", "float32", shape);
    const [y, mean, variance] = g.ops("BatchNormTraining", [x, g.fill(1, [3]), g.fill(0, [3])], 3, { epsilon: 1e-5 });
    const dy = noiseTensor(2, shape);
    const loss = g.op("ReduceSum", [g.op("Mul", [y, g.constant(dy)])], { keepdims: 0 });
    g.output("mean", mean);
    g.output("variance", variance);
    g.output("dx", addGradients(g, loss, [x])[0]!);
    const noise = noiseTensor(1, shape).data;
    const run = (offset: number) =>
      runGraph(
        g.finish(),
        {
          x: float32(
            shape,
            noise.map((value) => Math.fround(value * 2 ** -10 + offset) - 0),
          ),
        },
        lowering,
      );
    const [near, far] = [await run(0), await run(1)];
    const values = (tensors: typeof near, name: string) => tensors[name].data as Float32Array;
    // x + 1 keeps 23 bits: of values of about 2⁻¹⁰, 13 bits are left, and the variance may differ by so much.
    expect(relativeError(values(far, "variance"), values(near, "variance"))).toBeLessThan(2 ** -10);
    expect(relativeError(values(far, "dx"), values(near, "dx"))).toBeLessThan(2 ** -9);
  });
});
