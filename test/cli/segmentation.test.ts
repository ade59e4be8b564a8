import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { unzipSync } from "fflate";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drawFolder } from "../../src/tasks/segment/node/draw-folder.ts";
import { encodePng } from "../../src/files/png.ts";
import { readImage } from "../../src/data/node/image.ts";
import { tiffOf } from "../support/tiff-files.ts";
import { decodeReport } from "../../src/report/node/index.ts";
import type { CellFeatures } from "../../src/tasks/segment/geojson.ts";
import type { ImageSummary } from "../../src/tasks/segment/summary.ts";
import { drawCells } from "../../src/tasks/segment/data/drawn-cells.ts";
import { type CommandResult, runCommand } from "./run.ts";

/** Generous: it ends a hang, nothing else. */
const timeout = 300_000;
const drawn = { seed: 7, height: 72, width: 80, cells: 8, overlap: 0.1, radius: [6, 9] } as const;
let folder: string;

const at = (...names: readonly string[]): string => join(folder, ...names);
async function run(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(args, folder);
  expect(code, stderr).toBe(0);
  return stdout;
}
const json = async <T>(...args: readonly string[]): Promise<T> => JSON.parse(await run(...args, "--json")) as T;
const train = (data: string, ...more: readonly string[]): readonly string[] => [
  "train",
  "--task",
  "segment",
  "--data",
  data,
  "--image-size",
  "64",
  "--threads",
  "1",
  "--no-store",
  ...more,
];
const tiny = ["--option", "stemWidth=8", "--batch-size", "4"];
const pngOf = (size: { readonly height: number; readonly width: number }, samples: Uint8Array): Uint8Array =>
  encodePng({ ...size, channels: 1, samples });

/** Data that uses 10 of 16 bits, with an image without cells and one of single points among them. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-segmentation-"));
  await drawFolder(at("cells"), { ...drawn, images: 18, bits: 10 });
  for (const [name, cells, radius] of [
    ["empty", 0, [6, 9]],
    ["points", 12, [0.2, 0.4]],
  ] as const) {
    const { image, mask } = drawCells({ ...drawn, cells, radius, bits: 10 });
    await writeFile(at("cells/images", `${name}.png`), encodePng(image));
    await writeFile(at("cells/masks", `${name}.png`), encodePng({ ...image, channels: 1, samples: mask }));
  }
  await run(...train("cells", ...tiny, "--epochs", "24", "--lr", "0.01", "--ema", "0.9", "--out", "trained"));
}, timeout);
afterAll(() => rm(folder, { recursive: true, force: true }));

const model = ["--model", "trained/model.onnx", "--threads", "1"];
/** One view in place of eight, where the figures do not matter. */
const quick = [...model, "--tta", "1"];

interface Figures {
  readonly f1At50: number;
  readonly meanAp: number;
  readonly foregroundDice: number;
  readonly cells: number;
  readonly found: number;
}

describe("a network that learnt drawn cells", () => {
  test("finds most cells of images that it was not trained on", { timeout }, async () => {
    const held = await json<Figures & { readonly count: number; readonly images: readonly Figures[] }>(
      "evaluate",
      "--task",
      "segment",
      ...model,
      "--data",
      "cells",
      "--held-back",
    );
    expect(held.count).toBe(3);
    expect(held.images).toHaveLength(3);
    expect(held.foregroundDice).toBeGreaterThan(0.75);
    expect(held.f1At50).toBeGreaterThan(0.5);
    expect(held.f1At50).toBeLessThanOrEqual(1);
  });

  test("has a page of its worst images, the worst first, four pictures each", { timeout }, async () => {
    await run("evaluate", ...model, "--data", "cells", "--held-back", "--report", "worst.html", "--worst", "2");
    const { title, lead, sections } = decodeReport(await readFile(at("worst.html"), "utf8"), "worst.html");
    expect([title, lead[0]]).toEqual([
      { en: "Segmentation: attention-resunet, project", zh: "分割：attention-resunet, project" },
      expect.objectContaining({ en: expect.stringMatching(/in 3 images of cells; \d+ are there/) }),
    ]);
    const worst = sections.flatMap(({ parts }) => parts).find((part) => part.kind === "pictures");
    expect(worst?.pictures).toHaveLength(8);
    const scores = [3, 7].map((index) => /AP (\d\.\d+)/.exec(JSON.stringify(worst?.pictures[index].caption))?.[1]);
    expect(Number(scores[0])).toBeLessThanOrEqual(Number(scores[1]));
    const refused = await runCommand(["evaluate", ...model, "--data", "cells", "--report", "."], folder);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("--report") });
  });

  test("gives numbers, a table, outlines and an overlay that agree with each other", { timeout }, async () => {
    const { images } = await json<{ readonly images: readonly { readonly cells: number }[] }>(
      "segment",
      "cells/images/0003.png",
      ...model,
      "--out",
      "found",
      "--pixel-size",
      "0.5",
    );
    const [{ cells }] = images;
    expect(cells).toBeGreaterThan(2);
    const { samples, height, width } = await readImage(at("found/0003.cells.png"));
    expect([height, width]).toEqual([drawn.height, drawn.width]);
    expect(samples).toBeInstanceOf(Uint16Array);
    expect(new Set(Array.from(samples).filter((id) => id > 0))).toEqual(
      new Set(Array.from({ length: cells }, (_, index) => index + 1)),
    );
    const [head, ...rows] = (await readFile(at("found/0003.csv"), "utf8")).trim().split("\n");
    const columnOf = (name: string): readonly number[] =>
      rows.map((row) => Number(row.split(",")[head.split(",").indexOf(name)]));
    const areas = Array.from(
      { length: cells },
      (_, index) => Array.from(samples).filter((own) => own === index + 1).length,
    );
    expect(columnOf("area_px2")).toEqual(areas);
    expect(columnOf("area_um2")).toEqual(areas.map((area) => area / 4));
    const { features } = JSON.parse(await readFile(at("found/0003.geojson"), "utf8")) as CellFeatures;
    expect(features.map(({ id }) => id)).toEqual(Array.from({ length: cells }, (_, index) => index + 1));
    // Pixels, whatever their size: each outline holds its cell's pixels alone.
    features.forEach(({ id, geometry, properties: { measurements } }) => {
      const corners = (geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates).flat(2);
      const columns = Array.from(samples.keys()).flatMap((place) => (samples[place] === id ? [place % width] : []));
      expect(Math.min(...corners.map(([x]) => x))).toBe(columns.reduce((a, b) => Math.min(a, b)));
      expect(Math.max(...corners.map(([x]) => x))).toBe(columns.reduce((a, b) => Math.max(a, b)) + 1);
      expect(measurements).toMatchObject({ "Area px^2": areas[id - 1], "Area µm^2": areas[id - 1] / 4 });
    });
    const regions = Object.keys(unzipSync(await readFile(at("found/0003.rois.zip"))));
    expect(regions.map((name) => Number(name.replace(".roi", "")))).toEqual(features.map(({ id }) => id));
    const plain = await sharp(at("found/0003.overlay.png")).raw().toBuffer();
    const white = Array.from({ length: plain.length / 3 }, (_, place) =>
      plain.subarray(3 * place, 3 * place + 3),
    ).filter((pixel) => pixel.every((value) => value === 255));
    expect(white.length).toBeGreaterThan(5 * cells);
    expect(await sharp(at("found/0003.overlay.png")).metadata()).toMatchObject({ width: 80, height: 72, channels: 3 });
  });

  test("writes one table of all images' cells and one row per image, which it also prints", { timeout }, async () => {
    // An image called like a table, and one that is none.
    await mkdir(at("plate"), { recursive: true });
    await writeFile(at("plate/cells.png"), await readFile(at("cells/images/0003.png")));
    await writeFile(at("plate/well.png"), await readFile(at("cells/images/0004.png")));
    await writeFile(at("plate/void.png"), pngOf({ height: 70, width: 90 }, new Uint8Array(6300)));
    const { images, tables } = await json<{
      readonly images: readonly ImageSummary[];
      readonly tables: readonly string[];
    }>("segment", "plate", ...model, "--out", "batch");
    expect(tables.map((path) => path.replaceAll("\\", "/"))).toEqual(["batch/cells.csv", "batch/summary.csv"]);
    expect(images.map(({ image }) => basename(image))).toEqual(["cells.png", "void.png", "well.png"]);
    const lines = async (name: string): Promise<readonly string[]> =>
      (await readFile(at("batch", name), "utf8")).trim().split("\n");
    const [, ...all] = await lines("cells.csv");
    const own = await Promise.all(["cells.png.csv", "void.csv", "well.csv"].map(lines));
    expect(all.map((line) => line.slice(line.indexOf(",") + 1))).toEqual(own.flatMap(([, ...rows]) => rows));
    expect(new Set(all.map((line) => line.split(",")[0])).size).toBe(2);
    const [head, ...rows] = await lines("summary.csv");
    const place = head.split(",").indexOf("cells");
    expect(rows.map((row) => Number(row.split(",")[place]))).toEqual(images.map(({ cells }) => cells));
    expect(images.map(({ cells }) => cells)).toEqual(own.map(({ length }) => length - 1));
    const printed = (await run("segment", "plate", ...model, "--out", "batch")).trim().split("\n");
    expect(printed[0]).toMatch(/^image +cells +mean area px² +total area px² +cells per Mpx +mean intensity$/);
    expect(printed.slice(1).map((line) => Number(line.trim().split(/ {2,}/)[1]))).toEqual(
      images.map(({ cells }) => cells),
    );
    await writeFile(at("plate/Cells"), await readFile(at("cells/images/0003.png")));
    const taken = await runCommand(["segment", "plate/Cells", ...model, "--out", "taken"], folder);
    expect(taken).toMatchObject({ code: 2, stderr: expect.stringContaining("would write over the table Cells.csv") });
  });

  test("finds fewer cells where they must be deeper, larger or surer", { timeout }, async () => {
    const count = async (...options: readonly string[]): Promise<number> => {
      const images = Array.from({ length: 9 }, (_, index) => `cells/images/000${index + 1}.png`);
      const found = await json<{ readonly images: readonly { readonly cells: number }[] }>(
        "segment",
        ...images,
        ...quick,
        "--out",
        "chosen",
        ...options,
      );
      return found.images.reduce((sum, { cells }) => sum + cells, 0);
    };
    const split = await count("--persistence", "0.02", "--min-area", "0");
    expect(split).toBeGreaterThan(await count("--persistence", "0.99", "--min-area", "0"));
    expect(split).toBeGreaterThan(await count("--persistence", "0.02", "--min-area", "10000"));
    expect(await count("--foreground", "0.9999")).toBe(0);
  });

  test("finds the same in TIFF as in PNG, and in tiles much the same as in larger overlaps", { timeout }, async () => {
    const { image, mask } = drawCells({ ...drawn, height: 150, width: 170, cells: 36, index: 77, bits: 10 });
    for (const part of ["large/images", "large/masks"]) await mkdir(at(part), { recursive: true });
    await writeFile(at("large/images/a.png"), encodePng(image));
    await writeFile(at("large/masks/a.png"), encodePng({ ...image, samples: mask }));
    await run("segment", "large/images/a.png", ...quick, "--out", "png");
    await run("segment", "large/images/a.png", ...quick, "--out", "tiff", "--format", "tiff");
    const png = await readImage(at("png/a.cells.png"));
    const tiff = await readImage(at("tiff/a.cells.tif"));
    expect(Buffer.from(png.samples.buffer).equals(Buffer.from(Uint16Array.from(tiff.samples).buffer))).toBe(true);
    await run("segment", "large/images/a.png", ...quick, "--out", "large-found", "--overlap", "0.75");
    await mkdir(at("seams/masks"), { recursive: true });
    await mkdir(at("seams/images"));
    await writeFile(at("seams/images/a.png"), encodePng(image));
    await writeFile(at("seams/masks/a.png"), await readFile(at("large-found/a.cells.png")));
    const against = await json<Figures>("evaluate", ...quick, "--data", "seams");
    expect(against.f1At50).toBeGreaterThan(0.9);
    expect(against.foregroundDice).toBeGreaterThan(0.95);
  });

  test("segments the page that is asked for, in the micrometres that the file says", { timeout }, async () => {
    const { image } = drawCells({ ...drawn, index: 3, bits: 10 });
    const { height, width, samples } = image;
    const page = { height, width, bits: 16, data: new Uint8Array(samples.length * 2) };
    const text =
      '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Pixels PhysicalSizeX="0.25" PhysicalSizeY="0.25"/></OME>';
    const second = { ...page, data: new Uint8Array(Uint16Array.from(samples).buffer) };
    await writeFile(at("stack.tif"), tiffOf({ ...page, text }, second));
    await writeFile(at("alone.png"), encodePng(image));
    const found = async (name: string, ...options: readonly string[]) =>
      runCommand(["segment", name, ...quick, "--out", "pages", ...options], folder);
    const alone = await found("alone.png");
    const chosen = await found("stack.tif", "--page", "2");
    const cellsOf = ({ stdout }: CommandResult): string => stdout.split("\n")[1].trim().split(/ {2,}/)[1];
    expect(cellsOf(chosen)).toBe(cellsOf(alone));
    expect(chosen.stdout).toMatch(/µm² .* per mm² /);
    expect(await readFile(at("pages/stack.cells.png"))).toEqual(await readFile(at("pages/alone.cells.png")));
    expect(chosen.stderr).toContain(
      "stack.tif: measured in micrometres, its pixels are 0.25 µm as the file says; --pixel-size overrides it",
    );
    expect(await readFile(at("pages/stack.csv"), "utf8")).toMatch(/^id,area_px2,.*,area_um2,/);
    const first = await found("stack.tif");
    expect(first.stdout).toMatch(/\nstack\.tif +0 /);
    expect(first.stderr).toContain("stack.tif: has 2 pages; the first was read, --page chooses another");
    expect((await found("stack.tif", "--page", "3")).stderr).toContain("--page: is 3, stack.tif has 2 pages");
    expect((await found("alone.png", "--channel", "2")).stderr).toContain("--channel: is 2, alone.png has 1 channel");
  });

  test("finds in 8 bits with transparency what it finds in 10 bits without", { timeout }, async () => {
    const { image } = drawCells({ ...drawn, index: 2, bits: 10 });
    const grey = Uint8Array.from(image.samples, (sample) => Math.round(sample / 4));
    const rgba = Uint8Array.from({ length: 4 * grey.length }, (_, place) =>
      place % 4 === 3 ? place % 251 : grey[Math.floor(place / 4)],
    );
    const raw = { width: drawn.width, height: drawn.height, channels: 4 } as const;
    await writeFile(at("rgba.png"), await sharp(rgba, { raw }).png().toBuffer());
    await writeFile(at("deep.png"), encodePng(image));
    const { images } = await json<{ readonly images: readonly { readonly cells: number }[] }>(
      "segment",
      "rgba.png",
      "deep.png",
      ...quick,
      "--out",
      "depths",
    );
    expect(Math.abs(images[0].cells - images[1].cells)).toBeLessThanOrEqual(1);
  });

  test(
    "takes images smaller than a tile, of one point, and of nothing: no cells are a whole answer",
    { timeout },
    async () => {
      await writeFile(at("small.png"), encodePng(drawCells({ ...drawn, height: 20, width: 31, cells: 1 }).image));
      await writeFile(at("point.png"), pngOf({ height: 1, width: 1 }, Uint8Array.from([9])));
      await writeFile(at("black.png"), pngOf({ height: 70, width: 90 }, new Uint8Array(6300)));
      const { images } = await json<{
        readonly images: readonly { readonly width: number; readonly height: number; readonly cells: number }[];
      }>("segment", "small.png", "point.png", "black.png", ...quick, "--out", "edges");
      expect(images.map(({ width, height }) => [width, height])).toEqual([
        [31, 20],
        [1, 1],
        [90, 70],
      ]);
      expect(images.slice(1).map(({ cells }) => cells)).toEqual([0, 0]);
      expect(await readFile(at("edges/black.csv"), "utf8")).toMatch(/^id,area_px2,.*,integrated_intensity\n$/);
      expect(unzipSync(await readFile(at("edges/black.rois.zip")))).toEqual({});
      expect(JSON.parse(await readFile(at("edges/black.geojson"), "utf8"))).toEqual({
        type: "FeatureCollection",
        features: [],
      });
    },
  );
});

test("classes of points are learnt under their names, and a value to ignore is left out", { timeout }, async () => {
  await drawFolder(at("blood"), {
    ...drawn,
    images: 10,
    cells: 3,
    radius: [14, 18],
    channels: 3,
    bright: true,
    meaning: "classes",
  });
  // As exports of drawing programs have it: the classes are 0, 128 and 255, and 7 is what nobody could tell.
  for (let index = 1; index <= 10; index++) {
    const path = at("blood/masks", `${String(index).padStart(4, "0")}.png`);
    const { height, width, samples } = await readImage(path);
    const values = Uint8Array.from(samples, (label, place) => (place < 80 ? 7 : [0, 128, 255][label]));
    await writeFile(path, pngOf({ height, width }, values));
  }
  const task = ["--target", "classes", "--ignore", "7", "--classes", "background,body,nucleus"];
  await run(...train("blood", ...tiny, ...task, "--epochs", "36", "--lr", "0.01", "--ema", "0.9", "--out", "classes"));
  const found = await json<{
    readonly dice: Readonly<Record<string, number>>;
    readonly iou: Readonly<Record<string, number>>;
    readonly meanIou: number;
  }>("evaluate", "--model", "classes/model.onnx", "--data", "blood", "--held-back");
  expect(Object.keys(found.dice)).toEqual(["background", "body", "nucleus"]);
  for (const name of Object.keys(found.dice)) {
    const dice = found.dice[name];
    expect(dice).toBeGreaterThan(0.5);
    expect(found.iou[name]).toBeCloseTo(dice / (2 - dice), 6);
  }
  const table = await run("evaluate", "--model", "classes/model.onnx", "--data", "blood");
  expect(table).toMatch(/nucleus +\d\.\d{3} +\d\.\d{3}/);
  await run("segment", "blood/images/0001.png", "--model", "classes/model.onnx", "--out", "classified");
  expect(await readFile(at("classified/summary.csv"), "utf8")).toMatch(
    /^image,width_px,height_px,share_background,share_body,share_nucleus\nblood\/images\/0001\.png,80,72,0\.\d+,/,
  );
  const { samples } = await readImage(at("classified/0001.classes.png"));
  expect(new Set(samples)).toEqual(new Set([0, 128, 255]));

  // Shrunk in training, its test, evaluation and use alike.
  const shrunk = [...train("blood", ...tiny, ...task, "--epochs", "1", "--longest-side", "40", "--out", "shrunk")];
  const { test: tested } = await json<{ readonly test: { readonly measures: { readonly meanDice: number } } }>(
    ...shrunk,
  );
  const again = await json<{ readonly meanDice: number }>(
    "evaluate",
    "--model",
    "shrunk/model.onnx",
    "--data",
    "blood",
    "--held-back",
  );
  expect(again.meanDice).toBeCloseTo(tested.measures.meanDice, 12);
  await run("segment", "blood/images/0001.png", "--model", "shrunk/model.onnx", "--out", "classified");
  const enlarged = await readImage(at("classified/0001.classes.png"));
  expect([enlarged.height, enlarged.width]).toEqual([drawn.height, drawn.width]);
  const resumed = await runCommand(["train", "--resume", "shrunk", "--longest-side", "50"], folder);
  expect(resumed).toMatchObject({ code: 2, stderr: expect.stringContaining("--longest-side: is 50") });
  const larger = await runCommand([...shrunk, "--longest-side", "5000"], folder);
  expect(larger).toMatchObject({ code: 2, stderr: expect.stringContaining("from 16 to 4096") });
});

describe("data that cannot be learnt from is named in one line", () => {
  const size = { height: 40, width: 40 };
  const blank = new Uint8Array(1600);
  const cell = Uint8Array.from(blank, (_, place) => (place % 40 < 9 && place < 400 ? 1 : 0));
  async function refuse(
    name: string,
    files: Readonly<Record<string, Uint8Array>>,
    ...more: readonly string[]
  ): Promise<CommandResult> {
    for (const part of ["images", "masks"]) await mkdir(at(name, part), { recursive: true });
    for (const [path, content] of Object.entries(files)) await writeFile(at(name, path), content);
    const result = await runCommand(train(name, ...tiny, "--epochs", "1", "--out", `${name}-out`, ...more), folder);
    expect(result.code, result.stdout).toBe(1);
    const lines = result.stderr.split("\n").filter((line) => line.startsWith("residua:"));
    expect(lines, result.stderr).toHaveLength(1);
    return { ...result, stderr: lines[0] };
  }

  test("an image without mask, and a mask of another size", { timeout }, async () => {
    const image = pngOf(size, cell);
    const bare = await refuse("bare", { "images/a.png": image, "images/b.png": image, "masks/a.png": image });
    expect(bare.stderr).toContain("has no mask for b");
    const other = pngOf({ height: 20, width: 80 }, cell);
    const unequal = await refuse("unequal", {
      "images/a.png": image,
      "masks/a.png": other,
      "images/b.png": image,
      "masks/b.png": other,
    });
    expect(unequal.stderr).toContain("has 80 × 20 points, its image has 40 × 40");
  });

  test("no cells in any mask", { timeout }, async () => {
    const image = pngOf(size, cell);
    const empty = pngOf(size, blank);
    const files = Object.fromEntries(
      ["a", "b", "c"].flatMap((name) => [
        [`images/${name}.png`, image],
        [`masks/${name}.png`, empty],
      ]),
    ) as Readonly<Record<string, Uint8Array>>;
    expect((await refuse("none", files)).stderr).toContain("has no cells in any mask, and nothing to learn");
    expect((await refuse("none", {}, "--target", "classes")).stderr).toContain("hold 1 values, must be from 2 to 64");
  });
});
