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
import { imagenetNormalization } from "../weights/layouts/layout.ts";
import { encodePytorch } from "../weights/pytorch/write.ts";
import type { NetworkCard } from "./card.ts";
import type { ForeignChoice } from "./foreign.ts";
import { loadTrainedNetwork, openNetwork, type TrainedNetwork } from "./open.ts";

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

describe("another system's weights", () => {
  const small = createModel("resnet8", { channels: 3, classes: 2, shortcut: "project" });
  const bytes = encodePytorch(initializeState(small.module, 0));
  const open = async (
    foreign: ForeignChoice,
  ): Promise<{ readonly card: NetworkCard; readonly notes: readonly string[] }> => {
    const notes: string[] = [];
    const opened = await openNetwork(runtime, bytes, "w.pth", { foreign, onNote: (note) => notes.push(note) });
    await opened.session.release();
    return { card: opened.card, notes };
  };

  test("say in a note what was guessed about their images", async () => {
    const { card: found, notes } = await open({});
    expect(found).toMatchObject({ normalization: imagenetNormalization, classes: ["0", "1"] });
    expect(notes).toEqual([
      "w.pth: does not say how images were normalised; pixels are normalised by ImageNet's mean and deviation; `pixels` changes that",
    ]);
  });

  test("take what the user says of them", async () => {
    const { card: found, notes } = await open({ pixels: "unit", classes: ["ant", "bee"], imageSize: 48 });
    expect(found).toMatchObject({
      normalization: { mean: [0, 0, 0], deviation: [1, 1, 1] },
      classes: ["ant", "bee"],
      imageShape: [3, 48, 48],
    });
    expect(notes).toEqual([]);
  });
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
