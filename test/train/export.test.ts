import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createModel } from "../../src/nn/models.ts";
import { normalizeModel } from "../../src/onnx/normalize.ts";
import { inferModel } from "../../src/onnx/infer.ts";
import { dumpGraph } from "../../src/onnx/text.ts";
import { createNodeRuntime } from "../../src/runtime/node.ts";
import { randomStream } from "../../src/tensor/random.ts";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";
import { bytesOf, float32, type Tensor } from "../../src/tensor/tensor.ts";
import { exportOnnx, exportStateDict, networkMetadata } from "../../src/train/index.ts";
import { stateShapes, type NetworkCard } from "../../src/networks/card.ts";
import type { NetworkFile, WeightedNetwork } from "../../src/networks/file.ts";
import { exportFormats, exportNetwork, openNetworkFile, openTrainedNetwork } from "../../src/train/node/index.ts";
import { readOnnxModel } from "../../src/weights/node.ts";
import { relativeError } from "../support/golden.ts";

const run = promisify(execFile);
const golden = new URL("../golden/export.json", import.meta.url);
const script = new URL("../golden/load-export.py", import.meta.url).pathname;
const python = "/usr/bin/python3";

/** PyTorch's logits in double precision of the networks below; RESIDUA_WRITE_GOLDEN=1 makes the file anew by this test. */
interface Golden {
  readonly torch: string;
  readonly torchvision: string;
  readonly logits: Readonly<Record<string, readonly (readonly number[])[]>>;
}

/** Every tensor is drawn, statistics too, so that none can stand for another. */
function drawState(module: WeightedNetwork["module"]): ReadonlyMap<string, Tensor<"float32">> {
  return new Map(
    [...stateShapes(module)].map(([name, shape]) => {
      const stream = randomStream(7, name);
      const scale = shape.length > 1 ? Math.sqrt(1 / sizeOf(shape.slice(1))) : 0.2;
      const isScale =
        name.endsWith("running_var") || (shape.length === 1 && /(bn\d|downsample\.1)\.weight$/.test(name));
      const draw = (): number => (isScale ? 1 : 0) + scale * Math.max(-2, Math.min(2, stream.normal()));
      return [name, float32(shape, Float32Array.from({ length: sizeOf(shape) }, draw))];
    }),
  );
}

function network(name: string, shortcut: "project" | "pad" = "project"): WeightedNetwork {
  const { module, imageShape: designed, options } = createModel(name, { classes: 10, shortcut });
  const imageShape = designed[1] === 224 ? [3, 64, 64] : designed;
  return { kind: "network", model: { name, options }, module, imageShape, state: drawState(module) };
}

const count = 2 * 3 * 64 * 64;
/** torch.linspace counts from the nearer end; float32 rounding is all the difference. */
const images = float32(
  [2, 3, 64, 64],
  Float32Array.from({ length: count }, (_, index) => -2 + (4 * index) / (count - 1)),
);

async function score(model: Uint8Array | string, side?: Tensor): Promise<readonly number[]> {
  const bytes = typeof model === "string" ? new Uint8Array(await readFile(model)) : model;
  const session = await createNodeRuntime().load(bytes);
  const [input] = session.inputNames;
  const [output] = session.outputNames;
  const { data } = await (await session.run({ [input]: side ?? images }))[output].read();
  await session.release();
  return Array.from(data as Float32Array);
}

const names = ["resnet18", "resnet50"] as const;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-export-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const hasTorch = await run(python, ["-c", "import torch, torchvision"]).then(
  () => true,
  () => false,
);

test.skipIf(!hasTorch)(
  "torchvision's resnet18 and resnet50 load an exported state dict strictly (skipped without PyTorch) and give the golden logits",
  async () => {
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(folder, `${name}.pth`);
        await exportNetwork(network(name), path, { format: "pytorch" });
        return `${name}=${path}`;
      }),
    );
    const { stdout } = await run(python, [script, ...files], { maxBuffer: 2 ** 26 });
    if (process.env["RESIDUA_WRITE_GOLDEN"]) await writeFile(golden, stdout);
    const found = JSON.parse(stdout) as Golden;
    const known = JSON.parse(await readFile(golden, "utf8")) as Golden;
    for (const name of names) {
      // Another PyTorch may sum in another order.
      expect(relativeError(found.logits[name].flat(), known.logits[name].flat())).toBeLessThan(1e-9);
    }
  },
);

test.each(names)("exported as ONNX, %s has in plain ONNX Runtime the logits of torchvision's", async (name) => {
  const path = join(folder, `${name}.onnx`);
  await exportNetwork(network(name), path, { format: "onnx" });
  const { logits } = JSON.parse(await readFile(golden, "utf8")) as Golden;
  // Single precision through 18 and 50 layers.
  expect(relativeError(await score(path), logits[name].flat())).toBeLessThan(2e-5);
});

const sameBits = (a: ReadonlyMap<string, Tensor>, b: ReadonlyMap<string, Tensor>): void => {
  expect([...a.keys()].toSorted()).toEqual([...b.keys()].toSorted());
  for (const [key, value] of a) {
    expect(b.get(key)!.shape).toEqual(value.shape);
    expect(Buffer.compare(bytesOf(b.get(key)!), bytesOf(value))).toBe(0);
  }
};

const small = network("resnet20", "pad");
const card: NetworkCard = {
  model: small.model,
  imageShape: [3, 32, 32],
  data: "ten *things*",
  classes: Array.from({ length: 10 }, (_, index) => `class | ${index}`),
  normalization: { mean: [0.1, 0.2, 0.3], deviation: [1, 2, 3] },
};

test.each(exportFormats)("a network exported as %s (batch norms kept) comes back bit by bit", async (format) => {
  const path = join(folder, `round.${format}`);
  const options = format === "onnx" ? { foldBatchNorm: false } : {};
  await exportNetwork({ ...small, card }, path, { format, ...options });
  const model = format === "pytorch" ? { model: { name: "resnet20", options: { shortcut: "pad" } } } : {};
  const back = (await openNetworkFile(path, model as Parameters<typeof openNetworkFile>[1])) as WeightedNetwork;
  sameBits(small.state, back.state);
  expect(back.model).toEqual(small.model);
  // A PyTorch file has no room for notes.
  expect(back.card).toEqual(format === "pytorch" ? undefined : card);
});

test("a network whose data are not known keeps its name and its shortcut type", async () => {
  const path = join(folder, "unknown.safetensors");
  await exportNetwork(small, path, { format: "safetensors", modelCard: false });
  expect(await openNetworkFile(path)).toMatchObject({ model: { options: { shortcut: "pad" } } });
  expect(await openTrainedNetwork(path)).toMatchObject({ card: { model: { options: { shortcut: "pad" } } } });
});

describe("an ONNX export", () => {
  test.each([11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21])("in opset %i computes the same", async (opset) => {
    const path = join(folder, `opset-${opset}.onnx`);
    await exportNetwork(small, path, { format: "onnx", opset, modelCard: false });
    const model = await readOnnxModel(path);
    expect(model.opsets.get("")).toBe(opset);
    const side = float32([2, 3, 32, 32], images.data.slice(0, 2 * 3 * 32 * 32));
    const reference = join(folder, "reference.onnx");
    await exportNetwork(small, reference, { format: "onnx", modelCard: false, check: false });
    // The same sums in the same order, whatever the version is called.
    expect(await score(path, side)).toEqual(await score(reference, side));
  });

  test.each([11, 13, 16, 21])("in opset %i normalises back to the graph that it was made from", (opset) => {
    for (const foldBatchNorm of [true, false]) {
      const original = inferModel(normalizeModel(exportOnnx(small, { foldBatchNorm })));
      const back = inferModel(normalizeModel(exportOnnx(small, { foldBatchNorm, opset })));
      expect(dumpGraph(back.graph)).toBe(dumpGraph(original.graph));
    }
  });

  test("leaves the batch open, and carries classes and preprocessing in its metadata", async () => {
    const { graph, metadata } = exportOnnx({ ...small, card });
    expect([graph.inputs[0].shape, graph.outputs[0].shape]).toEqual([
      ["N", 3, 32, 32],
      ["N", 10],
    ]);
    expect(JSON.parse(metadata.get("classes")!)).toEqual(card.classes);
    expect(JSON.parse(metadata.get("preprocessing")!)).toMatchObject({ mean: [0.1, 0.2, 0.3], std: [1, 2, 3] });
    expect(networkMetadata(small).has("classes")).toBe(false);
  });

  test("has no batch norm left where they are folded, and all of them where they are kept", () => {
    const norms = (foldBatchNorm: boolean): number =>
      exportOnnx(small, { foldBatchNorm }).graph.nodes.filter(({ op }) => op === "BatchNormalization").length;
    expect([norms(true), norms(false)]).toEqual([0, 19]);
  });

  test("whose batch norms are folded has no state dict to give", async () => {
    const path = join(folder, "folded.onnx");
    await exportNetwork({ ...small, card }, path, { format: "onnx" });
    const folded = await openNetworkFile(path);
    expect(() => exportStateDict(folded, "folded.onnx")).toThrow(/^folded.onnx: holds no state dict: its batch norms/);
    expect(() => exportOnnx(folded, { foldBatchNorm: false })).toThrow(/no batch norms to keep/);
    const trained = await openTrainedNetwork(path);
    expect(trained.card).toEqual(card);
    await trained.session.release();
  });

  test("with its weights in a second file runs as it does in one", async () => {
    const path = join(folder, "apart.onnx");
    const { files } = await exportNetwork({ ...small, card }, path, { format: "onnx", externalData: true });
    expect(files).toHaveLength(3);
    const trained = await openTrainedNetwork(path);
    const side = float32([2, 3, 32, 32], images.data.slice(0, 2 * 3 * 32 * 32));
    const { scores } = await trained.session.run({ images: side });
    const whole = join(folder, "whole.onnx");
    await exportNetwork({ ...small, card }, whole, { format: "onnx" });
    expect(Array.from((await scores.read()).data as Float32Array)).toEqual(await score(whole, side));
    await trained.session.release();
  });
});

test("the model card says how images are prepared, and lets no name become markup", async () => {
  const path = join(folder, "carded.onnx");
  await exportNetwork({ ...small, card }, path, { format: "onnx", opset: 13 });
  const text = await readFile(`${path}.md`, "utf8");
  expect(text).toContain("| shortcuts in the graph | 7 × identity, 2 × padded identity |");
  expect(text).toContain("Subtract the mean (0.1, 0.2, 0.3) and divide by the deviation (1, 2, 3)");
  expect(text).toContain("ten \\*things\\*");
  expect(text).toContain("3. class \\| 3");
  expect(text).toContain("onnx, opset 13");
});

test("a foreign graph passes through an export untouched where nothing is asked of it", async () => {
  const source = new URL("../golden/onnx/project-13.onnx", import.meta.url).pathname;
  const foreign: NetworkFile = await openNetworkFile(source);
  expect(foreign.kind === "graph" && exportOnnx(foreign)).toBe(foreign.kind === "graph" && foreign.onnx);
  const shape = (foreign as { onnx: { graph: { inputs: readonly { shape: Shape }[] } } }).onnx.graph.inputs[0].shape;
  expect(exportOnnx(foreign, { opset: 17 }).graph.inputs[0].shape).toEqual(shape);
});
