import fc from "fast-check";
import { expect, test } from "vitest";
import { checkGradient } from "../../src/autodiff/finite-difference.ts";
import { gradientRules } from "../../src/autodiff/rules/index.ts";
import { toModel } from "../../src/compile/inference.ts";
import { portable } from "../../src/compile/portable/lowering.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import { createNodeRuntime } from "../../src/runtime/node.ts";
import { permutation, randomStream } from "../../src/tensor/random.ts";
import { float32, type Tensor } from "../../src/tensor/tensor.ts";
import { buildOperatorCase, operatorCases } from "../support/operator-cases.ts";

/** Central differences in float32: truncation and rounding each stay well below this. */
const LIMIT = 2e-2;
/** Cases that stand on a kink on purpose, or whose values are too large for a step to be seen. */
const kinks: ReadonlySet<string> = new Set(["Clip0", "Max1", "Min1", "ReduceMax1", "MaxPool4", "BatchNormTraining4"]);
const smooth = operatorCases.filter(({ name }) => !kinks.has(name));

/** The same elements in another order: they stay as far from kinks, and from 0, as they were. */
function shuffle(value: Tensor, seed: number): Tensor<"float32"> {
  const data = value.data as Float32Array;
  return float32(
    value.shape,
    Float32Array.from(permutation(randomStream(seed, "shuffle"), data.length), (index) => data[index]),
  );
}

test.each(smooth)("$name: the gradient is what finite differences measure", async (golden) => {
  const { graph, feeds } = buildOperatorCase(golden);
  const session = await createNodeRuntime().load(encodeModel(toModel(portable.lower(graph).write())), { threads: 1 });
  const read = async (fed: Readonly<Record<string, Tensor>>, name: string): Promise<Float32Array> =>
    (await (await session.run(fed, [name]))[name].read()).data as Float32Array;
  await fc.assert(
    fc.asyncProperty(fc.nat(10_000), async (seed) => {
      const point = Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, shuffle(value, seed)]));
      for (const [name, { shape, data }] of Object.entries(point)) {
        const evaluate = async (moved: Float32Array): Promise<number> =>
          (await read({ ...point, [name]: float32(shape, moved) }, "loss"))[0];
        const check = await checkGradient(evaluate, data, await read(point, `d${name}`), { seed, floor: 0.1 });
        expect(check.relativeError, `${golden.name} d${name}: ${check.analytic} against ${check.numeric}`).toBeLessThan(
          LIMIT,
        );
      }
    }),
    { numRuns: 8, seed: 1 },
  );
  await session.release();
});

test("every gradient rule is measured", () => {
  const measured = new Set(smooth.map(({ op }) => op));
  expect(Object.keys(gradientRules).filter((op) => !measured.has(op as never))).toEqual([]);
});
