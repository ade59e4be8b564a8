import { expect, test } from "vitest";
import { stepNames } from "../../compile/step/names.ts";
import type { TrainedNetwork } from "../../networks/open.ts";
import { float32, type Tensor } from "../../tensor/tensor.ts";
import { labelPlate, SLOT_CLASSES, SLOTS } from "./alphabet.ts";
import { type Corners, rectangle, scaleCorners } from "./geometry.ts";
import { plateNormalization } from "./planes.ts";
import { readPlates } from "./read-views.ts";

/** Reads the texts that it is told for each plate that it sees, in turn, as surely as told; and counts the plates. */
function readerOf(answers: readonly (readonly [text: string, score: number])[]) {
  let seen = 0;
  const each = (SLOT_CLASSES + 4) * SLOTS;
  const run = async (feeds: Readonly<Record<string, Tensor>>) => {
    const [count] = feeds[stepNames.images].shape;
    const data = new Float32Array(count * each);
    for (let plate = 0; plate < count; plate++) {
      const [text, score] = answers[seen++ % answers.length];
      for (const [slot, kind] of labelPlate(text, "blue").entries()) data[plate * each + kind * SLOTS + slot] = score;
    }
    const scores = float32([count, SLOT_CLASSES + 4, SLOTS], data);
    return { [stepNames.scores]: { read: async () => scores, dispose: () => undefined } };
  };
  const card = { imageShape: [3, 48, 144], normalization: plateNormalization } as unknown as TrainedNetwork["card"];
  const network: TrainedNetwork = { card, session: { run } as unknown as TrainedNetwork["session"] };
  return { network, seen: () => seen };
}

const image = { width: 144, height: 48, data: new Uint8Array(3 * 144 * 48) };
const whole = rectangle(144, 48);

test("a plate that is read surely is straightened once", async () => {
  const { network, seen } = readerOf([["京A12345", 20]]);
  const [reading] = await readPlates(network, image, [whole]);
  expect(reading).toMatchObject({ text: "京A12345", straightened: { width: 144, height: 48 } });
  expect(seen()).toBe(1);
});

test("of a plate that is not, the most legible of four views counts", async () => {
  const { network, seen } = readerOf([
    ["京A12345", 4],
    ["沪B54321", 5],
    ["津C11111", 6],
    ["渝D22222", 3],
  ]);
  const [reading] = await readPlates(network, image, [scaleCorners(whole, 0.9, 0.9)]);
  expect(reading!.text).toBe("津C11111");
  expect(seen()).toBe(4);
});

test("of a crop, which has its image's corners, skewed views count too", async () => {
  const { network, seen } = readerOf([
    ["京A12345", 4],
    ["沪B54321", 5],
    ["渝D22222", 3],
    ["渝D22222", 3],
    ["渝D22222", 3],
    ["津C11111", 6],
    ["渝D22222", 3],
    ["渝D22222", 3],
  ]);
  const [reading] = await readPlates(network, image, [whole]);
  expect(reading!.text).toBe("津C11111");
  expect(seen()).toBe(8);
});

test("what shows hardly any character is not looked at again, and degenerate corners have no reading", async () => {
  const { network, seen } = readerOf([["京A12345", 1]]);
  const line: Corners = [
    [0, 0],
    [1, 1],
    [2, 2],
    [3, 3],
  ];
  const readings = await readPlates(network, image, [line, whole]);
  expect(readings[0]).toBeNull();
  expect(readings[1]!.legibility).toBeLessThan(0.3);
  expect(seen()).toBe(1);
});
