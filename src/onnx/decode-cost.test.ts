import { create, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as Type,
  AttributeProtoSchema,
  type GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  TypeProtoSchema,
} from "onnx-buf";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { decodeModel } from "./decode.ts";

type Graph = Partial<Parameters<typeof create<typeof GraphProtoSchema>>[1]>;

/** A model of this graph. */
function modelOf(graph: Graph): Uint8Array {
  const model = {
    irVersion: 8n,
    opsetImport: ["", "ai.example"].map((domain) => ({ domain, version: 18n })),
    graph: { name: "g", ...graph },
  };
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, model as Parameters<typeof create>[1]));
}

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);
const attributes = (count: number) =>
  range(count).map((index) => create(AttributeProtoSchema, { name: `a${index}`, type: Type.INT, i: BigInt(index) }));
const node = (index: number, count: number) =>
  create(NodeProtoSchema, {
    opType: "Foreign",
    domain: "ai.example",
    input: [index === 0 ? "x" : `y${index - 1}`],
    output: [`y${index}`],
    attribute: attributes(count),
  });
const value = (name: string, dimensions: number) => ({
  name,
  type: create(TypeProtoSchema, {
    value: {
      case: "tensorType",
      value: {
        elemType: TensorProto_DataType.FLOAT,
        shape: { dim: range(dimensions).map(() => ({ value: { case: "dimValue" as const, value: 1n } })) },
      },
    },
  }),
});
const tensor = (name: string, dimensions: number) =>
  create(TensorProtoSchema, {
    name,
    dataType: TensorProto_DataType.FLOAT,
    dims: range(dimensions).map(() => 1n),
    rawData: new Uint8Array(4),
  });

/** Many of a kind, in one place. */
const crowded: Readonly<Record<string, readonly [graph: (count: number) => Graph, says: RegExp]>> = {
  "attributes in one node": [
    (count) => ({ node: [node(0, count)] }),
    /^file\.onnx: is not read: has more than 1024 attributes in one node$/,
  ],
  "dimensions in one shape": [
    (count) => ({ input: [value("x", count)] }),
    /^file\.onnx: is not read: has more than 256 dimensions in one shape$/,
  ],
  "dimensions in one tensor": [
    (count) => ({ initializer: [tensor("w", count)] }),
    /^file\.onnx: is not read: has more than 256 dimensions in one tensor$/,
  ],
};

test.each(
  Object.entries(crowded).flatMap(([of, [graph, says]]) =>
    [100_000, 200_000].map((n) => [n, of, graph, says] as const),
  ),
)("%d %s are refused by the limit, in a sentence", (count, _, graph, says) => {
  expect(() => decodeModel(modelOf(graph(count)), "file.onnx")).toThrow(says);
});

/** As many in all, spread over places that are each within the limit. */
const spread: Readonly<Record<string, (count: number) => Graph>> = {
  attributes: (count) => ({ input: [value("x", 1)], node: range(count / 1000).map((index) => node(index, 1000)) }),
  "dimensions of values": (count) => ({ input: range(count / 200).map((index) => value(`x${index}`, 200)) }),
  "dimensions of tensors": (count) => ({ initializer: range(count / 200).map((index) => tensor(`w${index}`, 200)) }),
};

/** Prints the least processor time, in microseconds, in which each of two files is read; they take turns. */
const measure = `
  import { readFileSync } from "node:fs";
  const [module, ...paths] = process.argv.slice(1);
  const { decodeModel } = await import(module);
  const files = paths.map((path) => readFileSync(path));
  const least = files.map(() => Infinity);
  for (let attempt = 0; attempt < 9; attempt++)
    files.forEach((bytes, index) => {
      const before = process.cpuUsage();
      decodeModel(bytes, "file.onnx");
      const { user, system } = process.cpuUsage(before);
      least[index] = Math.min(least[index], user + system);
    });
  console.log(JSON.stringify(least));`;

/** Megabytes that fill up before garbage is collected: collecting it takes longer the more there is, whoever made it. */
const YOUNG = 512;

/** The least processor time for each of two files, in a process of its own: what others do on the machine does not count. */
function costsOf(files: readonly Uint8Array[]): readonly number[] {
  const folder = mkdtempSync(join(tmpdir(), "residua-decode-"));
  try {
    const paths = files.map((bytes, index) => {
      const path = join(folder, `${index}.onnx`);
      writeFileSync(path, bytes);
      return path;
    });
    const flags = [`--min-semi-space-size=${YOUNG}`, `--max-semi-space-size=${YOUNG}`, "--input-type=module"];
    const built = new URL("../../dist/onnx/decode.js", import.meta.url).href;
    const args = [...flags, "--eval", measure, built, ...paths];
    return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as readonly number[];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Doublings over which the cost is followed: over one, what a busy machine adds to the larger file weighs as much as it does. */
const DOUBLINGS = 3;

test.each(Object.entries(spread))("twice as many %s cost at most 2.5 times as much to read", (_, graph) => {
  const [few, many] = costsOf([200_000 / 2 ** DOUBLINGS, 200_000].map((count) => modelOf(graph(count))));
  // A timer's grain on the side of the smaller one.
  expect((many / (few + 1000)) ** (1 / DOUBLINGS)).toBeLessThan(2.5);
});
