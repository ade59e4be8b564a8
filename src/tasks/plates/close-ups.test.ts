import { expect, test } from "vitest";
import { stepNames } from "../../compile/step/names.ts";
import type { TrainedNetwork } from "../../networks/open.ts";
import { float32, type Tensor } from "../../tensor/tensor.ts";
import { locateCloser } from "./close-ups.ts";
import { boxOf, type Corners, type Point, rectangle } from "./geometry.ts";
import { CORNER_UNIT, locatorPlanes, STRIDE } from "./locator-targets.ts";
import { plateNormalization } from "./planes.ts";

const [WIDTH, HEIGHT] = [640, 480];
const [COLUMNS, ROWS] = [WIDTH / STRIDE, HEIGHT / STRIDE];

/** The box of what is bright in a quarter of the window. */
function findBright(planes: ArrayLike<number>, left: number, top: number): Corners {
  const bright: Point[] = [];
  for (let y = top; y < top + HEIGHT / 2; y++)
    for (let x = left; x < left + WIDTH / 2; x++) if (planes[y * WIDTH + x] > 0) bright.push([x, y], [x + 1, y + 1]);
  const [x0, y0, x1, y1] = boxOf(bright);
  return rectangle(x1 - x0, y1 - y0).map(([x, y]) => [x + x0, y + y0]) as unknown as Corners;
}

/** Takes what is bright for a plate, in each quarter of its window; `miss` moves those of one quarter away. */
function brightLocator(miss = -1): TrainedNetwork {
  const run = async ({ [stepNames.images]: { data: planes } }: Readonly<Record<string, Tensor>>) => {
    const points = COLUMNS * ROWS;
    const data = new Float32Array(locatorPlanes.scores * points).fill(-9);
    for (let quarter = 0; quarter < 4; quarter++) {
      const [left, top] = [(quarter % 2) * (WIDTH / 2), Math.floor(quarter / 2) * (HEIGHT / 2)];
      const corners = findBright(planes as Float32Array, left, top);
      const [x0, y0, x1, y1] = boxOf(corners);
      const [column, row] = [Math.floor((x0 + x1) / 2 / STRIDE), Math.floor((y0 + y1) / 2 / STRIDE)];
      const at = row * COLUMNS + column;
      data[at] = 2;
      for (const [corner, [x, y]] of corners.entries()) {
        data[at + (1 + 2 * corner) * points] = (x - STRIDE * (column + 0.5)) / CORNER_UNIT;
        data[at + (2 + 2 * corner) * points] = (y - STRIDE * (row + 0.5) - (quarter === miss ? 100 : 0)) / CORNER_UNIT;
      }
    }
    const scores = float32([1, locatorPlanes.scores, ROWS, COLUMNS], data);
    return { [stepNames.scores]: { read: async () => scores, dispose: () => undefined } };
  };
  const card = { imageShape: [3, HEIGHT, WIDTH], normalization: plateNormalization };
  return { card, session: { run } } as unknown as TrainedNetwork;
}

/** A bright plate of 100 × 32 pixels in the dark. */
const [left, top, wide, high] = [140, 60, 100, 32];
const image = { width: 300, height: 200, data: new Uint8Array(3 * 300 * 200) };
for (let y = top; y < top + high; y++) image.data.fill(255, 3 * (y * 300 + left), 3 * (y * 300 + left + wide));
const truth = rectangle(wide, high).map(([x, y]) => [x + left, y + top]) as unknown as Corners;
/** As it was located: off by a tenth. */
const seen = truth.map(([x, y]) => [x + 10, y + 3]) as unknown as Corners;

test("a plate that was located a little off is found again in each close-up, to a pixel and a half", async () => {
  const found = await locateCloser(brightLocator(), image, seen);
  expect(found).toHaveLength(4);
  for (const corners of found)
    corners.flat().forEach((value, place) => expect(Math.abs(value - truth.flat()[place])).toBeLessThan(1.5));
});

test("what a close-up shows elsewhere is another plate", async () => {
  expect(await locateCloser(brightLocator(2), image, seen)).toHaveLength(3);
});
