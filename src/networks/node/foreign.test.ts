import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { node, nodesModel, randomTensor } from "../../../test/support/onnx-nodes.ts";
import { encodeModel } from "../../onnx/encode.ts";
import type { Model, Node } from "../../onnx/graph.ts";
import { classifyImage } from "../../tasks/classify/predict.ts";
import { float32, int64 } from "../../tensor/tensor.ts";
import { type OpenOptions, openTrainedNetwork } from "./open.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-foreign-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const kernel = randomTensor([4, 3, 3, 3], "kernel");
const matrix = randomTensor([4, 5], "matrix");
const body = [
  node("Conv", "image kernel", "features", { kernel_shape: [3, 3] }),
  node("GlobalAveragePool", "features", "pooled"),
  node("Flatten", "pooled", "flat"),
];
const first = nodesModel(
  13,
  [node("Identity", "x", "image"), ...body, node("MatMul", "flat matrix", "y")],
  { x: ["N", 3, 6, 6] },
  { kernel, matrix },
);
const last = nodesModel(
  13,
  [
    node("Transpose", "x", "image", { perm: [0, 3, 1, 2] }),
    ...body,
    node("MatMul", "flat matrix", "s"),
    node("Softmax", "s", "y"),
  ],
  { x: [2, 6, 6, 3] },
  { kernel, matrix },
);

async function write(name: string, model: Model): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, encodeModel(model));
  return path;
}

const pixels = Uint8Array.from({ length: 108 }, (_, index) => (index * 53) % 256);
const image = { channels: 3, height: 6, width: 6, pixels };

async function classify(path: string, options: OpenOptions = {}) {
  const network = await openTrainedNetwork(path, { threads: 1 }, options);
  try {
    return await classifyImage(network, image);
  } finally {
    await network.session.release();
  }
}

test("layout, batch and a softmax at the end make no difference to the classes' probabilities", async () => {
  const notes: string[] = [];
  const plain = await classify(await write("first.onnx", first), { onNote: (text) => notes.push(text) });
  const other = await classify(await write("last.onnx", last));
  expect(notes.join()).toMatch(/pixels are normalised by ImageNet's mean and deviation/);
  expect(other.map((found) => found.class)).toEqual(plain.map((found) => found.class));
  other.forEach(({ probability }, index) => expect(probability).toBeCloseTo(plain[index].probability, 5));
});

test("classes get the given names, as many as there are scores; the scale of pixels counts", async () => {
  const path = await write("first.onnx", first);
  const classes = ["ant", "bee", "cat", "dog", "elk"];
  const named = await classify(path, { foreign: { classes } });
  expect(named.map((found) => found.class).toSorted()).toEqual(classes);
  await expect(classify(path, { foreign: { classes: ["ant"] } })).rejects.toThrow(
    /classes: names 1 classes, .* gives 5 scores/,
  );
  expect(await classify(path, { foreign: { pixels: "bytes" } })).not.toEqual(await classify(path));
});

const loop = (op: string): Node => ({
  ...node(op, "image", "y"),
  attributes: new Map([
    [
      "body",
      {
        kind: "graph",
        value: { name: "body", inputs: [], outputs: [], nodes: [], initializers: new Map(), types: new Map() },
      },
    ],
  ]),
});

test.each(["Loop", "Scan"])("a graph with %s is refused by name before it runs", async (op) => {
  const path = await write(
    "loop.onnx",
    nodesModel(13, [node("Identity", "x", "image"), loop(op)], { x: ["N", 3, 6, 6] }),
  );
  await expect(classify(path)).rejects.toThrow(`loop.onnx: has the operator "${op}", which may run for ever`);
});

test("a graph without outputs is refused in one line that names the file", async () => {
  const path = await write("none.onnx", { ...first, graph: { ...first.graph, outputs: [], nodes: [] } });
  await expect(classify(path)).rejects.toThrow(/none\.onnx: gives no output/);
});

test("a graph that ONNX Runtime refuses is told with the file's name", async () => {
  const path = await write("odd.onnx", nodesModel(13, [node("NoSuchOperator", "x", "y")], { x: ["N", 3, 6, 6] }));
  await expect(classify(path)).rejects.toThrow(/odd\.onnx: ONNX Runtime refused/);
});

/** A graph whose output is small and whose values are of so many elements. */
const large = (elements: number, repeats: number): Model => {
  const adds = Array.from({ length: repeats }, (_, at) => node("Sin", at === 0 ? "big" : `v${at - 1}`, `v${at}`));
  const nodes = [
    node("ReduceMean", "x", "mean", { axes: [1, 2, 3], keepdims: 0 }),
    node("Unsqueeze", "mean axis", "column"),
    node("Expand", "column wide", "big"),
    ...adds,
    node("ReduceMean", `v${repeats - 1}`, "y", { axes: [1], keepdims: 1 }),
  ];
  return nodesModel(
    13,
    nodes,
    { x: ["N", 3, 6, 6] },
    { axis: int64([1], [1]), wide: int64([2], [1, elements]), unused: float32([1], [0]) },
  );
};

test("a graph that takes too long is ended", async () => {
  const path = await write("slow.onnx", large(2e7, 200));
  await expect(classify(path, { timeLimit: 3 })).rejects.toThrow(/slow\.onnx: took more than 3 s/);
}, 30_000);

test("a graph that takes too much memory is ended", async () => {
  const path = await write("large.onnx", large(2 ** 33, 1));
  await expect(classify(path)).rejects.toThrow(/large\.onnx: (took more memory than a model may|.*memory)/);
}, 60_000);
