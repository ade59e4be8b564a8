import { describe, expect, test } from "vitest";
import { exampleNotes, hashState } from "../../test/support/training.ts";
import { createModel } from "../nn/models.ts";
import { initializeState } from "../nn/initialization.ts";
import { FormatError, WeightsError } from "../tensor/errors.ts";
import { float32 } from "../tensor/tensor.ts";
import { decodeSafetensors, encodeSafetensors } from "../weights/safetensors/safetensors.ts";
import { type CheckpointNotes, decodeCheckpoint, encodeCheckpointChunks } from "./checkpoint.ts";
import { restoreNetwork } from "../networks/card.ts";

const state = new Map([
  ["fc.weight", float32([2, 3], [1, 2, 3, 4, 5, 6])],
  ["momentum/fc.weight", float32([2, 3], [0.1, 0, 0, 0, 0, -0.1])],
]);

function encode(notes: CheckpointNotes = exampleNotes, tensors: typeof state = state): Uint8Array {
  return new Uint8Array(Buffer.concat(encodeCheckpointChunks({ notes, state: tensors })));
}

/** The same checkpoint with some of its metadata changed. */
function withMetadata(change: Readonly<Record<string, string>>): Uint8Array {
  const { tensors, metadata } = decodeSafetensors(encode(), "x");
  return encodeSafetensors(tensors, { ...metadata, ...change });
}

test("decode gives back what was encoded", () => {
  const { notes, state: tensors } = decodeCheckpoint(encode(), "x");
  expect(notes).toEqual(exampleNotes);
  expect(hashState(tensors)).toBe(hashState(state));
});

test("a measure that was no number comes back as NaN", () => {
  const epochs = [
    {
      epoch: 1,
      training: { loss: 1, measures: { pointAccuracy: 1 } },
      validation: { loss: Number.NaN, measures: { meanAp: null, f1At50: 0 } },
    },
  ];
  const notes = { ...exampleNotes, place: { ...exampleNotes.place, epochs } };
  expect(decodeCheckpoint(encode(notes), "x").notes.place.epochs).toEqual(epochs);
});

test("equal checkpoints are equal files, in whatever order they were put together", () => {
  const { network, recipe, data, place, engine } = exampleNotes;
  const turned: CheckpointNotes = { engine, place, data, recipe: { ...recipe }, network };
  expect(encode(turned, new Map([...state].toReversed()))).toEqual(encode());
});

test("its weights are what any reader of safetensors finds under their names", () => {
  expect(decodeSafetensors(encode(), "x").tensors.get("fc.weight")).toEqual(state.get("fc.weight"));
});

describe("a damaged file", () => {
  const whole = encode();

  test("that is truncated anywhere is refused", () => {
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeCheckpoint(whole.subarray(0, length), "x"), `${length} bytes`).toThrow(FormatError);
    }
  });

  test("with any single bit flipped is refused", () => {
    const bytes = whole.slice();
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const mask = 1 << (bit % 8);
      bytes[bit >> 3] ^= mask;
      expect(() => decodeCheckpoint(bytes, "x"), `bit ${bit}`).toThrow(FormatError);
      bytes[bit >> 3] ^= mask;
    }
  });

  test.each([
    ["of another version", withMetadata({ version: "3" }), /^x: is a checkpoint of version "3", must be "1" or "2"/],
    ["of weights alone", encodeSafetensors(state), /^x: is not a training checkpoint/],
    ["with a changed note", withMetadata({ residua: "{}" }), /^x: is damaged: its checksum/],
  ])("%s is refused in one line", (_, bytes, message) => {
    expect(() => decodeCheckpoint(bytes, "x")).toThrow(message);
  });
});

describe("notes that say what cannot be", () => {
  const { network, recipe, place } = exampleNotes;
  test.each([
    ["no epochs", { ...exampleNotes, recipe: { ...recipe, epochs: 0 } }, /recipe.epochs must be >=1, got 0/],
    ["a class too few", { ...exampleNotes, network: { ...network, classes: ["a", "b"] } }, /2 names of classes/],
    ["a step before the first", { ...exampleNotes, place: { ...place, step: -1 } }, /place.step must be >=0/],
    [
      "an image that would fill the memory",
      { ...exampleNotes, network: { ...network, imageShape: [2, 1e6, 1e6] as const } },
      /network.imageShape.1 must be <=8192/,
    ],
    ["an unknown note", { ...exampleNotes, extra: 1 }, /extra/],
  ])("such as %s are refused", (_, notes, message) => {
    expect(() => decodeCheckpoint(encode(notes), "x")).toThrow(FormatError);
    expect(() => decodeCheckpoint(encode(notes), "x")).toThrow(message);
  });
});

describe("restoring a network", () => {
  const { network } = exampleNotes;
  const weights = initializeState(createModel("resnet8", network.model.options).module, 1);

  test("leaves the optimizer's tensors out", () => {
    const momentum = [...weights].map(([name, value]) => [`momentum/${name}`, value] as const);
    const restored = restoreNetwork(network, new Map([...weights, ...momentum]), "x");
    expect([...restored.state.keys()].toSorted()).toEqual([...weights.keys()].toSorted());
  });

  test("refuses tensors of another network", () => {
    const other = { ...network, model: { ...network.model, name: "resnet14" } };
    expect(() => restoreNetwork(other, weights, "x")).toThrow(WeightsError);
  });

  test.each([
    ["a name that is not known", "vgg16", /^x: holds a network that is not known here: .*vgg16/],
    [
      "a depth that its tensors cannot fill, without building it",
      "resnet600000000002",
      /^x: holds \d+ tensors, too few/,
    ],
  ])("refuses %s", (_, name, message) => {
    const card = { ...network, model: { ...network.model, name } };
    expect(() => restoreNetwork(card, weights, "x")).toThrow(FormatError);
    expect(() => restoreNetwork(card, weights, "x")).toThrow(message);
  });
});
