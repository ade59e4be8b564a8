import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { addGradients } from "../../src/autodiff/backward.ts";
import { createGraphBuilder } from "../../src/onnx/builder.ts";
import { decodeModel } from "../../src/onnx/decode.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import { inferGraph, inferModel } from "../../src/onnx/infer.ts";
import { normalizeModel } from "../../src/onnx/normalize.ts";
import { findOperator } from "../../src/onnx/operators/index.ts";
import type { Graph, Model } from "../../src/onnx/graph.ts";
import { sameShape, type Shape } from "../../src/tensor/shape.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { readGoldenJson, readGoldenTensors, relativeError } from "../support/golden.ts";
import { runModel } from "../support/onnx-nodes.ts";
import { runGraph } from "../support/run-graph.ts";

/** Made by make-onnx.py: python3-onnx 1.12 and PyTorch 1.13. */
interface Manifest {
  /** The elements in tensors.onnx by type; whole numbers as text, half precision as bits. */
  readonly values: Readonly<Record<string, readonly (string | number)[]>>;
  readonly models: readonly {
    readonly name: string;
    /** Whether Residua computes with it, or only keeps it. */
    readonly imports?: boolean;
    readonly training?: boolean;
    readonly dynamic?: boolean;
  }[];
}

const { values, models } = readGoldenJson<Manifest>("onnx/manifest.json");
const tensors = readGoldenTensors("onnx/values.safetensors");

const readBytes = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`onnx/${name}`, import.meta.url)));

const readExternal = (location: string, offset: number, length: number): Uint8Array =>
  readBytes(location).subarray(offset, offset + length);

const decode = (name: string): Model => decodeModel(readBytes(`${name}.onnx`), `${name}.onnx`, { readExternal });

function golden(name: string, group: "in" | "out" | "gradient"): Readonly<Record<string, Tensor>> {
  const prefix = `${name}/${group}/`;
  const found = [...tensors].filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(found.map(([key, value]) => [key.slice(prefix.length), value]));
}

/** The largest relative error of all outputs; infinite if a shape is another. */
function largestError(actual: Readonly<Record<string, Tensor>>, expected: Readonly<Record<string, Tensor>>): number {
  const errors = Object.entries(expected).map(([key, value]) =>
    sameShape(actual[key].shape, value.shape)
      ? relativeError(Array.from(actual[key].data, Number), Array.from(value.data, Number))
      : Number.POSITIVE_INFINITY,
  );
  return Math.max(...errors);
}

/** PyTorch computed the expected numbers in double precision; twenty-odd sums in single precision lie between. */
const tolerance = 1e-5;

test.for(Object.entries(values))("elements of %s are read as NumPy wrote them, raw and listed", ([dtype, expected]) => {
  const { initializers } = decode("tensors").graph;
  for (const form of ["raw", "listed"]) {
    const tensor = initializers.get(`${dtype}-${form}`)!;
    expect(tensor).toMatchObject({ dtype, shape: [2, 3] });
    // 0.1 has no exact form in half and single precision; the file holds the nearest.
    const wanted = expected.map((value) =>
      typeof value === "string" ? value : dtype === "float32" ? Math.fround(value) : value,
    );
    expect(
      Array.from(tensor.data as ArrayLike<number | bigint>, (value) =>
        typeof wanted[0] === "string" ? String(value) : value,
      ),
    ).toEqual(wanted);
  }
});

test("a tensor of strings, which Residua has no type for, comes back as it was", () => {
  const [strings] = decodeAgain("tensors").graph.rest!.initializer as readonly {
    readonly stringData: readonly Uint8Array[];
  }[];
  expect(strings.stringData.map((text) => [...text])).toEqual([[97], [255]]);
});

function decodeAgain(name: string): Model {
  return decodeModel(encodeModel(decode(name)), `${name}.onnx`);
}

test.for(models)("$name comes back from decoding and encoding as it was", ({ name }) => {
  expect(decodeAgain(name)).toEqual(decode(name));
});

// In training mode ONNX Runtime's batch norm is not relied on; what Residua makes of such models is compared below.
test.for(models.filter(({ training }) => !training))(
  "decoded and encoded, $name still computes the same in ONNX Runtime",
  async ({ name }) => {
    const expected = golden(name, "out");
    const actual = await runModel(encodeModel(decode(name)), golden(name, "in"), Object.keys(expected));
    expect(largestError(actual, expected)).toBeLessThan(tolerance);
  },
);

const imported = models.filter(({ imports }) => imports === true);

describe.for(imported)("$name, brought to the internal operators", ({ name, training, dynamic }) => {
  const normal = inferModel(normalizeModel(decode(name)));

  test("has only operators that Residua knows, and no shape computations", () => {
    const operators = normal.graph.nodes.map(({ domain, op }) => ({
      op,
      known: findOperator(domain, op) !== undefined,
    }));
    expect(
      operators.filter(({ op, known }) => !known || ["Shape", "Gather", "Identity", "Unsqueeze", "Cast"].includes(op)),
    ).toEqual([]);
  });

  test("has every type, and an open batch where the file leaves it open", () => {
    for (const node of normal.graph.nodes)
      for (const output of node.outputs) expect(normal.graph.types.has(output)).toBe(true);
    expect(typeof normal.graph.outputs[0].shape[0]).toBe(dynamic ? "string" : "number");
  });

  test("computes what PyTorch computes", async () => {
    const run = training ? runGraph(normal.graph, golden(name, "in")) : runModel(normal, golden(name, "in"));
    expect(largestError(await run, golden(name, "out"))).toBeLessThan(tolerance);
  });
});

/** The gradient of Σ y² with respect to x, by Residua's rules on the imported graph. */
function differentiate(model: Model, shape: Shape): Graph {
  const { graph } = normalizeModel(model);
  const fixed = inferGraph({ ...graph, inputs: [{ ...graph.inputs[0], shape }] });
  const g = createGraphBuilder("gradient");
  const x = g.input("x", "float32", shape);
  for (const [name, value] of fixed.initializers) g.initializer(name, value);
  for (const node of fixed.nodes) g.append(node);
  const y = g.value("y");
  const loss = g.op("ReduceSum", [g.op("Mul", [y, y])], { keepdims: 0 });
  g.output("dx", addGradients(g, loss, [x])[0]!);
  return g.finish();
}

test.for(imported.filter(({ name }) => name !== "external"))(
  "$name, imported and differentiated, has PyTorch's gradient",
  async ({ name }) => {
    const { x } = golden(name, "in");
    const { dx } = await runGraph(differentiate(decode(name), x.shape), { x });
    const error = largestError({ x: dx }, golden(name, "gradient"));
    // One more pass of the same length, backwards.
    expect(error).toBeLessThan(2 * tolerance);
  },
);

test("external data is refused without a reader, naming the file", () => {
  expect(() => decodeModel(readBytes("external.onnx"), "external.onnx")).toThrow(/"external\.bin".*readExternal/);
});

test("what cannot be brought to the internal operators is refused, naming it", () => {
  expect(() => normalizeModel(decode("if"))).toThrow(/that makes "y".*"If" is not supported \(opset 16\)/);
  expect(() => normalizeModel(decode("sequence"))).toThrow(/that makes "s".*"SequenceConstruct" is not supported/);
});
