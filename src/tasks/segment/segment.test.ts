import { describe, expect, test } from "vitest";
import { stepNames } from "../../compile/step/names.ts";
import { drawCells } from "./data/drawn-cells.ts";
import type { Raster } from "../../data/image/raster.ts";
import { measureIntensity, standardScaling, writeScaled } from "./data/raster.ts";
import type { Session } from "../../runtime/runtime.ts";
import { float32, type Tensor } from "../../tensor/tensor.ts";
import { OptionError } from "../../tensor/errors.ts";
import { compareCells } from "./evaluate.ts";
import { judgeSegmentation } from "./judge.ts";
import type { SegmentationNetwork } from "./network.ts";
import { segmentImage } from "./predict.ts";
import { standardSettings } from "./settings.ts";
import { predictPart, type Predictor } from "./tiles.ts";
import { standardInstanceOptions } from "./instances.ts";
import { type SeenWindow, segmentCells, segmentClasses, separateWindows } from "./segment.ts";

/** A network whose scores are computed point by point: what it says of a point does not depend on the tile. */
function pointwise(tile: readonly [number, number], outputs: readonly ((value: number) => number)[]): Predictor {
  const session: Session = {
    inputs: [],
    outputs: [],
    inputNames: [stepNames.images],
    outputNames: [stepNames.scores],
    run: (feeds) => {
      const { data, shape } = feeds[stepNames.images] as Tensor;
      const [batch, , height, width] = shape;
      const plane = height * width;
      const scores = new Float32Array(batch * outputs.length * plane);
      for (let at = 0; at < scores.length; at++) {
        const image = Math.floor(at / (outputs.length * plane));
        scores[at] = outputs[Math.floor(at / plane) % outputs.length](Number(data[image * plane + (at % plane)]));
      }
      const result = float32([batch, outputs.length, height, width], scores);
      return Promise.resolve({
        [stepNames.scores]: { ...result, read: () => Promise.resolve(result), dispose: () => {} },
      });
    },
    endProfiling: () => {},
    release: () => Promise.resolve(),
  };
  return { session, tile: [1, ...tile], normalization: { mean: [0], deviation: [1] }, classes: outputs.length - 1 };
}

const scaled = (raster: Raster): Float32Array => {
  const { height, width } = raster;
  const out = new Float32Array(height * width);
  writeScaled(
    raster,
    measureIntensity(raster, standardScaling),
    { top: 0, left: 0, height, width },
    { channels: 1, out },
  );
  return out;
};

test.each([
  { name: "many tiles", height: 75, width: 131, tile: [32, 32], overlap: 0.25, views: 1 },
  {
    name: "tiles that hardly overlap, in eight views",
    height: 75,
    width: 131,
    tile: [32, 32],
    overlap: 0.05,
    views: 8,
  },
  { name: "tiles of unequal sides, in four views", height: 75, width: 131, tile: [32, 48], overlap: 0.4, views: 4 },
  { name: "an image smaller than a tile", height: 9, width: 20, tile: [32, 32], overlap: 0.25, views: 8 },
  { name: "an image of one point", height: 1, width: 1, tile: [32, 32], overlap: 0.25, views: 8 },
] as const)("$name give what the whole image gives at once, within 1e-5", async (about) => {
  const { height, width, tile, overlap, views } = about;
  const { image } = drawCells({ seed: 6, height, width, cells: 12 });
  const predictor = pointwise(tile, [(value) => -value, (value) => 3 * value, (value) => value - 0.5]);
  const part = { top: 0, left: 0, height, width };
  const line = measureIntensity(image, standardScaling);
  const { maps } = await predictPart(predictor, { raster: image, line }, part, { overlap, views });
  const plane = height * width;
  const values = scaled(image);
  const farthest = (map: number, wanted: (value: number) => number): number =>
    values.reduce((most, value, at) => Math.max(most, Math.abs(maps[map * plane + at] - wanted(value))), 0);
  expect(farthest(1, (value) => 1 / (1 + Math.exp(-4 * value)))).toBeLessThan(1e-5);
  expect(farthest(2, (value) => 1 / (1 + Math.exp(0.5 - value)))).toBeLessThan(1e-5);
});

test("cells on the seam of two windows are found once, and whole", async () => {
  const size = { height: 120, width: 1700 };
  const { mask } = drawCells({ seed: 9, ...size, cells: 90, overlap: 0, radius: [8, 14] });
  // Not touching: the foreground alone tells them apart.
  const truth = mask.map((id, at) =>
    [1, -1, size.width, -size.width].some((by) => (mask[at + by] ?? id) !== id && (mask[at + by] ?? 0) !== 0) ? 0 : id,
  );
  const raster: Raster = { ...size, channels: 1, samples: truth.map((id) => (id > 0 ? 1000 : 0)) };
  const inside = (value: number): number => (value > 0.5 ? 20 : -20);
  const predictor = pointwise([64, 64], [(value) => -inside(value), inside, () => -40, inside]);
  const windows: SeenWindow[] = [];
  const { labels } = await segmentCells(
    predictor,
    { raster, scaling: { low: 0, high: 100, invertBright: false } },
    { instances: { minimumArea: 1 }, keepMaps: (seen) => windows.push(seen) },
  );
  // By the maps that were kept, the same options give the same cells, and others give others.
  const again = (minimumArea: number) =>
    separateWindows(size, windows, { ...standardInstanceOptions, minimumArea }).labels;
  expect(windows).toHaveLength(2);
  expect(again(1)).toEqual(labels);
  expect(again(1e6).every((label) => label === 0)).toBe(true);
  const seam = Math.round(size.width / 2);
  const crossing = new Set(
    Array.from({ length: size.height }, (_, row) => truth[row * size.width + seam]).filter((id, row) => {
      return id > 0 && truth[row * size.width + seam - 1] === id;
    }),
  );
  expect(crossing.size).toBeGreaterThan(0);
  const { figures } = compareCells("seam", { ...size, truth, found: labels });
  expect(figures.foregroundIou).toBe(1);
  for (const id of crossing) {
    const numbers = new Set(Array.from(labels).filter((_, at) => truth[at] === id));
    expect(numbers.size).toBe(1);
  }
});

test("an image of one value has no cells, and its classes are those of darkness", async () => {
  const raster: Raster = { height: 40, width: 50, channels: 1, samples: new Uint8Array(2000).fill(77) };
  const scores = [(value: number) => 1 - value, (value: number) => value, () => -9, (value: number) => value];
  const { count, labels } = await segmentCells(pointwise([32, 32], scores), { raster, scaling: standardScaling });
  expect(count).toBe(0);
  expect(labels.every((label) => label === 0)).toBe(true);
  const classes = await segmentClasses(pointwise([32, 32], scores.slice(0, 3)), { raster, scaling: standardScaling });
  expect(classes.every((label) => label === 0)).toBe(true);
});

test("what a network sees shrunk is found in the image's own size", async () => {
  const size = { height: 90, width: 120 };
  const inDisc = (at: number): boolean => Math.hypot(Math.floor(at / size.width) - 40, (at % size.width) - 70) < 25;
  const truth = Uint16Array.from({ length: size.height * size.width }, (_, at) => (inDisc(at) ? 1 : 0));
  const raster: Raster = { ...size, channels: 1, samples: truth.map((id) => 1000 * id) };
  const inside = (value: number): number => 40 * (value - 0.5);
  const predictor = pointwise([32, 32], [(value) => -inside(value), inside, () => -40, (value) => 40 * value - 20]);
  const input = { raster, scaling: { low: 0, high: 100, invertBright: false }, longestSide: 30 };
  const { labels, count } = await segmentCells(predictor, input);
  expect(count).toBe(1);
  // A ring of less than a point of the small image, four of the large one, may be taken for the other side.
  const { figures } = compareCells("disc", { ...size, truth, found: labels });
  expect(figures.foregroundIou).toBeGreaterThan(0.93);
  const classes = await segmentClasses(pointwise([32, 32], [(value) => -inside(value), inside, () => -9]), input);
  expect(classes.length).toBe(truth.length);
  const right = classes.reduce((sum, label, at) => sum + (label === truth[at] ? 1 : 0), 0);
  expect(right / truth.length).toBeGreaterThan(0.98);
});

test("a cell that is large in a large image is one where the network sees it shrunk", async () => {
  const size = { height: 40, width: 1700 };
  const truth = Uint16Array.from({ length: size.height * size.width }, (_, at) =>
    Math.abs((at % size.width) - 870) < 280 && at >= 2 * size.width && at < 38 * size.width ? 1 : 0,
  );
  const raster: Raster = { ...size, channels: 1, samples: truth.map((id) => 1000 * id) };
  const inside = (value: number): number => 40 * (value - 0.5);
  const predictor = pointwise([32, 32], [(value) => -inside(value), inside, () => -40, inside]);
  const input = { raster, scaling: { low: 0, high: 100, invertBright: false } };
  expect((await segmentCells(predictor, { ...input, longestSide: 425 })).count).toBe(1);
});

describe("what segmenting cannot follow is refused by its name", () => {
  const raster: Raster = { height: 40, width: 50, channels: 1, samples: new Uint8Array(2000).map((_, at) => at % 251) };
  const scores = [(value: number) => 1 - value, (value: number) => value, () => -9, (value: number) => value];
  const networkOf = (
    target: "instances" | "classes",
    tile: readonly [number, number] = [32, 32],
  ): SegmentationNetwork => {
    const { session, normalization } = pointwise(tile, target === "instances" ? scores : scores.slice(0, 3));
    return {
      session,
      card: {
        model: { name: "unet", options: { channels: 1, classes: 3 } },
        imageShape: [1, ...tile],
        data: "",
        classes: ["a", "b", "c", ...(target === "instances" ? ["distance"] : [])],
        normalization,
      },
      settings: { ...standardSettings, target, values: [0, 1, 2] },
    };
  };

  test.each([
    ["overlap: must be >=0, got -0.5", { overlap: -0.5 }],
    ["overlap: must be <=0.9, got 1", { overlap: 1 }],
    ["overlap: must be number, got NaN", { overlap: Number.NaN }],
    ["views: must be (1 | 2 | 4 | 8), got 3", { views: 3 }],
    ["batch: must be >=1, got 0", { batch: 0 }],
    ["batch: must be a whole number, got 1.5", { batch: 1.5 }],
    ["instances.foreground: must be <=1, got 50", { instances: { foreground: 50 } }],
    ["instances.minimumArea: must be >=0, got -1", { instances: { minimumArea: -1 } }],
    ["instances.minArea: is not known", { instances: { minArea: 3 } }],
    ["overlapp: is not known", { overlapp: 0.5 }],
    ["options: must be Object, got 3", 3],
  ])("%s", async (message, options) => {
    for (const target of ["instances", "classes"] as const) {
      const network = networkOf(target);
      await expect(segmentImage(network, raster, options as object)).rejects.toThrow(
        new OptionError(message.split(": ")[0], message.split(": ")[1]),
      );
      await expect(judgeSegmentation(network, [], options as object)).rejects.toThrow(message);
    }
    const input = { raster, scaling: standardScaling };
    await expect(segmentCells(pointwise([32, 32], scores), input, options as object)).rejects.toThrow(message);
    await expect(segmentClasses(pointwise([32, 32], scores.slice(0, 3)), input, options as object)).rejects.toThrow(
      message,
    );
  });

  test("eight views of tiles that are no squares, which cannot be turned", async () => {
    const message = "views: turn tiles on their sides, which must be squares for 8, got 32 × 48; give at most 4";
    await expect(segmentImage(networkOf("classes", [32, 48]), raster, { views: 8 })).rejects.toThrow(message);
    expect((await segmentImage(networkOf("classes", [32, 48]), raster, { views: 4 })).target).toBe("classes");
  });

  test("how cells are told apart, where a network gives classes", async () => {
    const message = "instances.foreground: applies to cells; the network gives classes of points";
    const network = networkOf("classes");
    await expect(segmentImage(network, raster, { instances: { foreground: 0.4 } })).rejects.toThrow(message);
    await expect(judgeSegmentation(network, [], { instances: { foreground: 0.4 } })).rejects.toThrow(message);
    expect((await segmentImage(network, raster, { instances: {} })).target).toBe("classes");
  });

  test("nothing that is left out", async () => {
    const options = {
      overlap: undefined,
      views: undefined,
      batch: undefined,
      instances: undefined,
      onProgress: undefined,
    };
    const network = networkOf("instances");
    expect(await segmentImage(network, raster, options as object)).toMatchObject({ target: "instances" });
    expect((await judgeSegmentation(network, [], options as object)).count).toBe(0);
  });
});
