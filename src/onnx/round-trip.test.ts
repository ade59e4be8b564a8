import { fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { ModelProtoSchema } from "onnx-buf";
import { expect, test } from "vitest";
import { meaningOf, modelMessages } from "../../test/support/onnx-messages.ts";
import { decodeModel } from "./decode.ts";
import { toModel } from "../compile/inference.ts";
import { float32 } from "../tensor/tensor.ts";
import { createGraphBuilder } from "./builder.ts";
import { encodeModel, encodeModelChunks } from "./encode.ts";
import type { Graph, Model } from "./graph.ts";

test("decoding and encoding any model loses nothing of what its message says", () => {
  fc.assert(
    fc.property(modelMessages, (message) => {
      const written = encodeModel(decodeModel(toBinary(ModelProtoSchema, message), "random.onnx"));
      expect(meaningOf(ModelProtoSchema, fromBinary(ModelProtoSchema, written))).toEqual(
        meaningOf(ModelProtoSchema, message),
      );
    }),
    { numRuns: 200 },
  );
});

test("encoding and decoding gives back every model that was decoded", () => {
  fc.assert(
    fc.property(modelMessages, (message) => {
      const model = decodeModel(toBinary(ModelProtoSchema, message), "random.onnx");
      expect(decodeModel(encodeModel(model), "random.onnx")).toEqual(model);
    }),
    { numRuns: 100 },
  );
});

/** Chains of operators over [N,4], each on one or two of the values before it. */
const builtGraphs: fc.Arbitrary<Graph> = fc
  .array(fc.record({ op: fc.constantFrom("Add", "Mul", "Relu", "LeakyRelu"), first: fc.nat(), second: fc.nat() }), {
    maxLength: 8,
  })
  .map((steps) => {
    const g = createGraphBuilder("chain");
    const values = [g.input("x", "float32", ["N", 4]), g.initializer("w", float32([4], [1, -2, 3, 0.5]))];
    for (const { op, first, second } of steps) {
      const [a, b] = [values[first % values.length], values[second % values.length]];
      if (op === "LeakyRelu") values.push(g.op("LeakyRelu", [a], { alpha: 0.25 }));
      else if (op === "Relu") values.push(g.op("Relu", [a]));
      else values.push(g.op(op === "Add" ? "Add" : "Mul", [a, b]));
    }
    g.output("y", g.op("Identity", [values[values.length - 1]]));
    return g.finish();
  });

test("decoding gives back every graph that the builder makes, but for the types in between", () => {
  fc.assert(
    fc.property(builtGraphs, (graph) => {
      const named = new Set(
        [...graph.inputs, ...graph.outputs].map(({ name }) => name).concat([...graph.initializers.keys()]),
      );
      const declared = { ...graph, types: new Map([...graph.types].filter(([name]) => named.has(name))) };
      const model = toModel(declared, new Map([["made by", "hand"]]));
      expect(decodeModel(encodeModel(model), "built.onnx")).toEqual(model);
    }),
  );
});

test("equal models give equal bytes, in whatever order their maps were filled", () => {
  const reverse = <V>(map: ReadonlyMap<string, V>): ReadonlyMap<string, V> => new Map([...map].toReversed());
  fc.assert(
    fc.property(modelMessages, (message) => {
      const model = decodeModel(toBinary(ModelProtoSchema, message), "random.onnx");
      const { graph } = model;
      const nodes = graph.nodes.map((node) => ({ ...node, attributes: reverse(node.attributes) }));
      const other: Model = {
        ...model,
        graph: { ...graph, nodes, initializers: reverse(graph.initializers) },
        opsets: reverse(model.opsets),
        metadata: reverse(model.metadata),
      };
      expect(encodeModel(other)).toEqual(encodeModel(model));
    }),
    { numRuns: 50 },
  );
});

test("200 MB of weights are neither copied when a model is encoded nor when it is decoded", () => {
  const g = createGraphBuilder("large");
  const data = new Float32Array(50_000_000);
  data[data.length - 1] = 7;
  const weight = g.initializer("weight", { dtype: "float32", shape: [5000, 10_000], data });
  g.output("y", g.op("MatMul", [g.input("x", "float32", ["N", 5000]), weight]));
  const chunks = encodeModelChunks(toModel(g.finish()));
  const [largest] = chunks.toSorted((a, b) => b.length - a.length);
  expect(largest.buffer).toBe(data.buffer);
  expect(chunks.reduce((sum, chunk) => sum + chunk.length, -data.byteLength)).toBeLessThan(1000);

  // The elements are aligned in memory if all before them are moved by up to three bytes.
  const before = chunks.slice(0, chunks.indexOf(largest)).reduce((sum, chunk) => sum + chunk.length, 0);
  const shift = (4 - (before % 4)) % 4;
  const bytes = new Uint8Array(shift + before + data.byteLength).subarray(shift);
  chunks.reduce((offset, chunk) => (bytes.set(chunk, offset), offset + chunk.length), 0);
  const decoded = decodeModel(bytes, "large.onnx").graph.initializers.get("weight")!;
  expect(decoded.data.buffer).toBe(bytes.buffer);
  expect(decoded.data[decoded.data.length - 1]).toBe(7);
});
