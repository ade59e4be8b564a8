import { expect } from "vitest";
import { toModel } from "../../src/compile/inference.ts";
import { createGraphBuilder } from "../../src/onnx/builder.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import type { RuntimeTensor } from "../../src/runtime/runtime.ts";
import { ResiduaError } from "../../src/tensor/errors.ts";
import { float32, type Tensor, tensor, zeros } from "../../src/tensor/tensor.ts";
import type { RuntimeCase } from "./case.ts";
import { buildModel, sumAndDifferenceModel } from "./models.ts";

const a = float32([1, 2], [1, 2]);

/** Feeds that the model a, b → sum, difference does not take, and what is said of them. */
const wrongFeeds: readonly (readonly [string, Readonly<Record<string, unknown>>, string])[] = [
  ["a missing input", { a }, 'input "b": is missing; feed every input of the model'],
  ["an input of undefined", { a, b: undefined }, 'input "b": is missing; feed every input of the model'],
  ["an unknown input", { a, b: a, c: a }, 'input "c": is not among the model\'s: a, b'],
  ["another element type", { a, b: zeros("float64", [1, 2]) }, 'input "b": must be float32, got float64'],
  ["another extent", { a, b: zeros("float32", [1, 3]) }, 'input "b": must have shape [N,2], got [1,3]'],
  ["another rank", { a, b: zeros("float32", [2]) }, 'input "b": must have shape [N,2], got [2]'],
  [
    "elements that do not fill the shape",
    { a, b: { dtype: "float32", shape: [2, 2], data: new Float32Array(3) } },
    'input "b": [2,2] holds 4 elements, got 3',
  ],
  [
    "an array of another kind",
    { a, b: { dtype: "float32", shape: [1, 2], data: new Float64Array(2) } },
    'input "b": float32 must come in Float32Array, got Float64Array',
  ],
  [
    "a plain array",
    { a, b: { dtype: "float32", shape: [1, 2], data: [1, 2] } },
    'input "b": float32 must come in Float32Array, got Array',
  ],
  [
    "a tensor of some other runtime",
    { a, b: { dtype: "float32", shape: [1, 2], read: async () => a, dispose: () => undefined } },
    'input "b": belongs to another runtime; feed what its read() returns',
  ],
];

const wrongModels: readonly (readonly [string, () => Uint8Array, RegExp])[] = [
  ["nothing", () => new Uint8Array(), /^model: ONNX Runtime refused: .*not an ONNX model, or not a complete one/],
  [
    "bytes that are no model",
    () => Uint8Array.from({ length: 200 }, (_, at) => (at * 37) % 251),
    /^model: ONNX Runtime refused: .*not an ONNX model/,
  ],
  [
    "the first half of a model",
    () => firstHalf(sumAndDifferenceModel()),
    /^model: ONNX Runtime refused: .*not an ONNX model, or not a complete one/,
  ],
  [
    "an operator that no runtime has",
    () => renamedOperator("Abacus"),
    /^model: ONNX Runtime refused: .*Abacus.*; lower the graph/,
  ],
  ["an element type that an operator has no kernel for", float64Convolution, /^model: ONNX Runtime refused: .*Conv/],
];

/** What is refused, and how. */
export const refusalCases: readonly RuntimeCase[] = [
  ...wrongFeeds.map(([what, feeds, message]): RuntimeCase => ({
    name: `${what} is refused by name`,
    check: async ({ load }) => {
      const session = await load(sumAndDifferenceModel());
      await expectRefusal(session.run(feeds as Readonly<Record<string, Tensor | RuntimeTensor>>), message);
    },
  })),
  ...wrongModels.map(([what, model, message]): RuntimeCase => ({
    name: `${what} is refused as a model, in one line`,
    check: async ({ load }) => {
      await expectRefusal(load(model()), message);
    },
  })),
  {
    name: "bfloat16, which runtimes have no array for, is refused",
    check: async ({ load }) => {
      const session = await load(sumAndDifferenceModel());
      await expectRefusal(
        session.run({ a, b: tensor("bfloat16", [1, 2], new Uint16Array(2)) }),
        'input "b": must be float32, got bfloat16',
      );
    },
  },
  {
    name: "an unknown output is refused with those that there are",
    check: async ({ load }) => {
      const session = await load(sumAndDifferenceModel());
      await expectRefusal(
        session.run({ a, b: a }, ["sum", "product"]),
        'output "product": is not among the model\'s: sum, difference',
      );
    },
  },
  {
    name: "a run for no output is refused",
    check: async ({ load }) => {
      const session = await load(sumAndDifferenceModel());
      await expectRefusal(session.run({ a, b: a }, []), "fetches: name no output; name some of sum, difference");
    },
  },
  {
    name: "an execution provider that does not exist is refused in one line",
    check: async ({ load }) => {
      await expectRefusal(
        load(sumAndDifferenceModel(), { executionProviders: ["abacus"] }),
        /^model: ONNX Runtime refused: .*abacus.*; name execution providers/,
      );
    },
  },
  {
    name: "a run after the release is refused in one line",
    check: async ({ load }) => {
      const session = await load(sumAndDifferenceModel());
      await session.release();
      await expectRefusal(session.run({ a, b: a }), "session: was released; load the model again");
    },
  },
];

/** Expects a rejection with Residua's own error, in one line: this one, or one of this form. */
async function expectRefusal(promise: Promise<unknown>, wanted: string | RegExp): Promise<void> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ResiduaError);
  const { message } = error as ResiduaError;
  if (typeof wanted === "string") expect(message).toBe(wanted);
  else expect(message).toMatch(wanted);
  expect(message.split("\n")).toHaveLength(1);
  expect(message.length).toBeLessThan(400);
}

function firstHalf(model: Uint8Array): Uint8Array {
  return model.slice(0, model.length / 2);
}

/** y = Relu(x), with the operator under another name. */
function renamedOperator(op: string): Uint8Array {
  const g = createGraphBuilder("test");
  g.output("y", g.op("Relu", [g.input("x", "float32", [2])]));
  const graph = g.finish();
  return encodeModel(toModel({ ...graph, nodes: graph.nodes.map((node) => ({ ...node, op })) }));
}

function float64Convolution(): Uint8Array {
  return buildModel((g) => {
    const [x, w] = ["x", "w"].map((name) => g.input(name, "float64", [1, 1, 4, 4]));
    return {
      y: g.op("Conv", [x, w], {
        dilations: [1, 1],
        group: 1,
        kernel_shape: [4, 4],
        pads: [0, 0, 0, 0],
        strides: [1, 1],
      }),
    };
  });
}
