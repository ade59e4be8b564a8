import { expect, test } from "vitest";
import { randomStream } from "../../../tensor/random.ts";
import { distanceToOutside } from "./distance.ts";
import { fillRuns } from "./rle.ts";
import { renumber } from "./set.ts";
import { writeInstanceTargets } from "./targets.ts";

test("distances are those to the nearest point of another label, looked for among all points", () => {
  const stream = randomStream(3, "labels");
  const [height, width] = [17, 23];
  const labels = Int32Array.from({ length: height * width }, (_, at) =>
    at % 7 === 0 ? stream.integer(4) : Math.floor((at % width) / 8),
  );
  const found = distanceToOutside(labels, height, width);
  labels.forEach((label, at) => {
    let nearest = label === 0 ? 0 : Number.POSITIVE_INFINITY;
    labels.forEach((other, place) => {
      if (label !== 0 && other !== label)
        nearest = Math.min(
          nearest,
          Math.hypot(Math.floor(at / width) - Math.floor(place / width), (at % width) - (place % width)),
        );
    });
    expect(found[at]).toBeCloseTo(nearest, 4);
  });
});

test("points within two of another cell are the boundary, those at the background are not; each cell is deepest in its middle", () => {
  const mask = Uint16Array.from([1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 2, 0, 0, 0, 0]);
  const [classes, distances] = [new Int32Array(32), new Int32Array(32)];
  writeInstanceTargets(mask, { height: 4, width: 4 }, classes, distances);
  const low = (words: Int32Array): number[] => Array.from(mask, (_, at) => words[2 * at]);
  expect(low(classes)).toEqual([1, 2, 2, 0, 1, 2, 2, 0, 1, 2, 2, 2, 0, 0, 0, 0]);
  expect(low(distances)[11]).toBe(1000);
  expect(low(distances)[0]).toBe(1000);
  expect(low(distances)[10]).toBe(Math.round(1000 / 3));
});

test("runs go down the columns from 1, and runs beyond the image are refused", () => {
  const ids = new Int32Array(6);
  fillRuns("1 2 6 1", 5, { ids, height: 2, width: 3 }, "t.csv");
  expect([...ids]).toEqual([5, 0, 0, 5, 0, 5]);
  expect(() => fillRuns("6 2", 1, { ids, height: 2, width: 3 }, "t.csv")).toThrow(
    't.csv: has the run "6 2", which does not lie in 2 × 3 points',
  );
});

test("ids of any size become 1, 2, 3 in the order in which they are met", () => {
  expect([...renumber([0, 70_000, 5, 70_000, 0, 9], "mask")]).toEqual([0, 1, 2, 1, 0, 3]);
});
