import { describe, expect, test } from "vitest";
import { stepNames } from "../../compile/step/names.ts";
import type { TrainedNetwork } from "../../networks/open.ts";
import { float32, type Tensor } from "../../tensor/tensor.ts";
import { labelPlate, SLOT_CLASSES, SLOTS } from "./alphabet.ts";
import { findPlates } from "./find-plates.ts";
import { rectangle } from "./geometry.ts";
import { CORNER_UNIT, locatorPlanes, STRIDE } from "./locator-targets.ts";
import { plateNormalization } from "./planes.ts";

const [WIDTH, HEIGHT] = [640, 480];
const [COLUMNS, ROWS] = [WIDTH / STRIDE, HEIGHT / STRIDE];

/** A network whose scores are known. */
function networkOf(imageShape: readonly [number, number, number], answer: (input: Tensor) => Tensor): TrainedNetwork {
  const card = { imageShape, normalization: plateNormalization } as unknown as TrainedNetwork["card"];
  const run = async (feeds: Readonly<Record<string, Tensor>>) => {
    const scores = answer(feeds[stepNames.images]);
    return { [stepNames.scores]: { read: async () => scores, dispose: () => undefined } };
  };
  return { card, session: { run } as unknown as TrainedNetwork["session"] };
}

/** Says that plates of 80 × 26 pixels have their middle at these points of the first window that it sees. */
function locatorOf(middles: readonly (readonly [x: number, y: number])[]): TrainedNetwork {
  let windows = 0;
  return networkOf([3, HEIGHT, WIDTH], () => {
    const points = COLUMNS * ROWS;
    const data = new Float32Array(locatorPlanes.scores * points).fill(-9);
    if (windows++ > 0) return float32([1, locatorPlanes.scores, ROWS, COLUMNS], data);
    for (const [x, y] of middles) {
      const [column, row] = [Math.floor(x / STRIDE), Math.floor(y / STRIDE)];
      const at = row * COLUMNS + column;
      data[at] = 2;
      for (const [corner, [u, v]] of rectangle(80, 26).entries()) {
        data[at + (1 + 2 * corner) * points] = (x - 40 + u - STRIDE * (column + 0.5)) / CORNER_UNIT;
        data[at + (2 + 2 * corner) * points] = (y - 13 + v - STRIDE * (row + 0.5)) / CORNER_UNIT;
      }
    }
    return float32([1, locatorPlanes.scores, ROWS, COLUMNS], data);
  });
}

/** Reads 京A12345 from every plate, as sure as it is told for each in turn, and looks for characters from left to right. */
function readerOf(sureness: readonly number[]): TrainedNetwork {
  const each = (SLOT_CLASSES + 4) * SLOTS;
  return networkOf([3, 48, 144], ({ shape: [count] }) => {
    const data = new Float32Array(count * each);
    for (let plate = 0; plate < count; plate++)
      for (const [slot, kind] of labelPlate("京A12345", "blue").entries()) {
        data[plate * each + kind * SLOTS + slot] = sureness[plate % sureness.length];
        data[plate * each + SLOT_CLASSES * SLOTS + slot] = (slot + 0.5) / SLOTS;
      }
    return float32([count, SLOT_CLASSES + 4, SLOTS], data);
  });
}

const pictureOf = (width: number, height: number) => ({ width, height, data: new Uint8Array(3 * width * height) });
const sure = readerOf([20]);

describe("finding plates", () => {
  test("five in one picture are all found and read", async () => {
    const middles = [
      [60, 40],
      [300, 40],
      [60, 200],
      [300, 200],
      [500, 400],
    ] as const;
    const found = await findPlates(pictureOf(WIDTH, HEIGHT), { locator: locatorOf(middles), reader: sure });
    expect(found.map(({ text }) => text)).toEqual(Array.from({ length: 5 }, () => "京A12345"));
    const corners = found.map((plate) => plate.corners[0].map(Math.round));
    expect(corners).toEqual(middles.map(([x, y]) => [x - 40, y - 13]));
  });

  test("one that the picture's edge cuts has corners beyond it, and is straightened with the edge continued", async () => {
    const [plate] = await findPlates(pictureOf(WIDTH, HEIGHT), { locator: locatorOf([[10, 100]]), reader: sure });
    expect(plate.corners[0][0]).toBeCloseTo(-30);
    expect(plate.straightened).toMatchObject({ width: 144, height: 48 });
  });

  test("what cannot be read is left out, unless all that is located is wanted", async () => {
    const middles = [
      [60, 40],
      [300, 40],
    ] as const;
    const look = (legibility?: number) =>
      findPlates(
        pictureOf(WIDTH, HEIGHT),
        { locator: locatorOf(middles), reader: readerOf([20, 1]) },
        legibility === undefined ? {} : { legibility },
      );
    const all = await look(0);
    expect(all.map(({ legibility }) => legibility > 0.9)).toEqual([true, false]);
    // A character that is likelier by e than each of the others, its own slot's.
    expect(all[1].legibility).toBeCloseTo(Math.E / (Math.E + SLOT_CLASSES - 1), 4);
    expect(await look()).toEqual([all[0]]);
    await expect(look(-0.1)).rejects.toThrow("legibility: must be from 0 to 1, got -0.1");
    await expect(look(Number.NaN)).rejects.toThrow("legibility: must be from 0 to 1, got NaN");
  });

  test("how legible is enough is the reader's own, unless it is asked for", async () => {
    const reader = readerOf([8]);
    const task = { name: "plates", legibility: 0.99 };
    const strict: TrainedNetwork = { ...reader, card: { ...reader.card, task } };
    const count = async (one: TrainedNetwork, options = {}) =>
      (await findPlates(pictureOf(WIDTH, HEIGHT), { locator: locatorOf([[60, 40]]), reader: one }, options)).length;
    // Each character has e⁸ / (e⁸ + 75), 0.975.
    expect([await count(reader), await count(strict), await count(strict, { legibility: 0.97 })]).toEqual([1, 0, 1]);
  });

  test("what is read a little is looked at again in a close-up, what is hardly read is not", async () => {
    const windows = async (sureness: number) => {
      const { card, session } = locatorOf([[60, 40]]);
      let count = 0;
      const run: typeof session.run = (feeds, outputs) => (count++, session.run(feeds, outputs));
      const locator = { card, session: { ...session, run } } as TrainedNetwork;
      await findPlates(pictureOf(WIDTH, HEIGHT), { locator, reader: readerOf([sureness]) }, { legibility: 0 });
      return count;
    };
    // Two sizes of the picture; a character that is likelier by e⁵ than each of the others is read at 0.66, by e³ at 0.20.
    expect(await windows(5)).toBe(3);
    expect(await windows(3)).toBe(2);
    expect(await windows(20)).toBe(2);
  });

  test.each([
    [1, 1],
    [12_000, 2],
    [2, 12_000],
    [12_000, 900],
  ])("a picture of %i × %i is looked at, and has none", async (width, height) => {
    expect(await findPlates(pictureOf(width, height), { locator: locatorOf([]), reader: sure })).toEqual([]);
  });
});
