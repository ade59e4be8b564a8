import { describe, expect, test } from "vitest";
import { brightRows, exampleNotes } from "../../test/support/training.ts";
import { buildInference, toModel } from "../compile/inference.ts";
import { stepNames } from "../compile/step/names.ts";
import { createModel } from "../nn/models.ts";
import { initializeState } from "../nn/initialization.ts";
import { encodeModel } from "../onnx/encode.ts";
import { createGraphBuilder } from "../onnx/builder.ts";
import { createNodeRuntime } from "../runtime/node.ts";
import { FormatError, WeightsError } from "../tensor/errors.ts";
import { zeros } from "../tensor/tensor.ts";
import { encodeCheckpointChunks } from "../train/checkpoint.ts";
import { exportOnnxChunks } from "./export.ts";
import { canonicalJson } from "../tensor/canonical-json.ts";
import { loadTrainedNetwork, type TrainedNetwork } from "./open.ts";

const runtime = createNodeRuntime();
const { network: card } = exampleNotes;
const { module } = createModel("resnet8", card.model.options);
const state = initializeState(module, 7);
const { images } = brightRows(1, 5, card.imageShape);

const join = (chunks: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(chunks));
const onnx = join(exportOnnxChunks(card, state));
const momentum = new Map([...state].map(([name, { shape }]) => [`momentum/${name}`, zeros("float32", shape)]));
const checkpoint = join(encodeCheckpointChunks({ notes: exampleNotes, state: new Map([...state, ...momentum]) }));

async function scoresOf({ session }: TrainedNetwork): Promise<Float32Array> {
  try {
    const { [stepNames.scores]: scores } = await session.run({ [stepNames.images]: images });
    return (await scores.read()).data as Float32Array;
  } finally {
    await session.release();
  }
}

test("a checkpoint and the exported network say the same, and carry what is needed to use them", async () => {
  const fromCheckpoint = await loadTrainedNetwork(runtime, checkpoint, "last.safetensors");
  const fromOnnx = await loadTrainedNetwork(runtime, onnx, "model.onnx");
  expect(fromCheckpoint.card).toEqual(card);
  expect(fromOnnx.card).toEqual(card);
  expect(await scoresOf(fromOnnx)).toEqual(await scoresOf(fromCheckpoint));
});

test("files are told apart by their content, not their names", async () => {
  for (const bytes of [checkpoint, onnx]) {
    const { card: found, session } = await loadTrainedNetwork(runtime, bytes, "network.bin");
    await session.release();
    expect(found).toEqual(card);
  }
});

test("an export that is the same network is the same file", () => {
  const again = join(exportOnnxChunks(card, new Map([...state].toReversed())));
  expect(Buffer.compare(again, onnx)).toBe(0);
});

describe("refused in one line is", () => {
  const withCard = (text: string): Uint8Array =>
    encodeModel(toModel(buildInference(module, card.imageShape, state), new Map([["residua", text]])));
  const otherGraph = (): Uint8Array => {
    const g = createGraphBuilder("other");
    g.output("scores", g.op("Relu", [g.input("pictures", "float32", ["N", 2, 8, 8])]));
    return encodeModel(toModel(g.finish(), new Map([["residua", canonicalJson(card)]])));
  };
  const incomplete = new Map([...state].filter(([name]) => name !== "conv1.weight"));
  test.each([
    ["a description that is no JSON", withCard("{"), FormatError, /damaged description/],
    ["a description of something else", withCard("{}"), FormatError, /model is missing/],
    ["a graph with another input", otherGraph(), FormatError, /takes pictures and gives scores, must take images/],
    ["an ONNX file that is truncated", onnx.subarray(0, onnx.length - 10), FormatError, /./],
    ["something else", new TextEncoder().encode("hello, world"), FormatError, /./],
    ["nothing", new Uint8Array(), FormatError, /./],
    [
      "a checkpoint that lacks a tensor",
      join(encodeCheckpointChunks({ notes: exampleNotes, state: incomplete })),
      WeightsError,
      /missing "conv1.weight"/,
    ],
  ])("%s", async (_, bytes, kind, message) => {
    const loading = loadTrainedNetwork(runtime, bytes, "x.onnx");
    await expect(loading).rejects.toThrow(kind);
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toThrow(/^x\.onnx: [^\n]+$/);
  });
});
