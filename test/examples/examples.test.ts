import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drawFolder } from "../../src/tasks/segment/node/draw-folder.ts";
import { writePictures } from "../support/picture-folders.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Runs TypeScript in a Node that does not yet. */
const register = pathToFileURL(join(root, "node_modules/jiti/lib/jiti-register.mjs")).href;
let folder = "";
const at = (...names: readonly string[]): string => join(folder, ...names);

/** Runs an example where its data are. */
async function run(example: string, ...args: readonly string[]): Promise<string> {
  const command = ["--import", register, join(root, "examples", example), ...args];
  return (await promisify(execFile)(process.execPath, command, { cwd: folder })).stdout;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-examples-"));
  await writePictures(at("photos"), 12);
  await copyFile(at("photos", "left", "03.png"), at("cat.jpg"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the examples run:", () => {
  test("train.ts learns a folder and saves what predict.ts opens", async () => {
    const trained = await run("train.ts");
    expect(trained).toContain("24 images to train on are too few for batches of 64: the batch is 4");
    expect(trained).toMatch(
      /epoch 10: loss \d\.\d+\n(?:.+\n)*7 test images, [\d.]+ % right\ncat\.jpg: (left|right|top), [\d.]+ %/,
    );
    const [, kind, share] = /cat\.jpg: (\w+), ([\d.]+) %/.exec(trained)!;
    const found = await run("predict.ts", "photos.onnx", "cat.jpg", at("photos", "right", "01.png"));
    const [first, second, end] = found.split("\n");
    expect(first).toMatch(/^cat\.jpg: \w+ [\d.]+ %, \w+ [\d.]+ %, \w+ [\d.]+ %$/);
    // Its batch norms are folded by now: another rounding.
    expect(first).toContain(`cat.jpg: ${kind} ${share.slice(0, -1)}`);
    expect([second.includes("01.png: "), end]).toEqual([true, ""]);
  });

  test("segment.ts learns cells and writes their outlines", async () => {
    await drawFolder(at("nuclei"), { images: 6, height: 64, width: 64, cells: 4, seed: 2 });
    await copyFile(at("nuclei", "images", "0001.png"), at("culture.png"));
    const segmented = await run("segment.ts", "culture.png", "1");
    expect(segmented).toMatch(
      /epoch 1: loss \d+\.\d+\n(?:.+\n)*mean average precision [\d.]+ on 1 images\nculture\.png: \d+ cells/,
    );
    const { type, features } = JSON.parse(await readFile(at("cells.geojson"), "utf8"));
    expect(type).toBe("FeatureCollection");
    expect(features).toHaveLength(Number(/(\d+) cells/.exec(segmented)![1]));
  });

  test("compare.ts trains every network and writes a page", async () => {
    const compared = await run("compare.ts");
    expect(compared.match(/^depth (8|14), (plain|pad|project), seed [01]: [\d.]+ % right$/gm)).toHaveLength(12);
    expect(await readFile(at("comparison.html"), "utf8")).toMatch(/^<!doctype html>/i);
  });

  test("tour.ts, at most 80 lines, learns by a step that it builds itself", async () => {
    expect((await readFile(join(root, "examples/tour.ts"), "utf8")).trimEnd().split("\n").length).toBeLessThanOrEqual(
      80,
    );
    const losses = Array.from((await run("tour.ts")).matchAll(/loss ([\d.e-]+)/g), ([, loss]) => Number(loss));
    expect(losses).toHaveLength(6);
    expect(losses.at(-1)).toBeLessThan(losses[0] / 4);
    expect((await readdir(folder)).includes("tour.onnx")).toBe(true);
  });
});

test.each(["README.md", "README.zh-CN.md"])("the program in %s is examples/train.ts", async (page) => {
  const code = /```ts\n(.*?)```/s.exec(await readFile(join(root, page), "utf8"))?.[1];
  expect(code).toBe(await readFile(join(root, "examples/train.ts"), "utf8"));
});
