import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright";
import { createServer, type ViteDevServer } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findChromium } from "../../scripts/chromium.mjs";
import { encodePng } from "../../src/files/png.ts";
import { residua } from "../../src/front/node/vite.ts";
import { open } from "../../src/node.ts";
import type { Plate } from "../../src/tasks/plates/find-plates.ts";
import { renderScene } from "../../src/tasks/plates/render/scene.ts";
import { drawCells } from "../../src/tasks/segment/data/drawn-cells.ts";
import type { open as openInPages } from "../../src/web.ts";
import { testGlyphs } from "../support/plates.ts";
import { looseThreshold, writeReadyPair } from "../support/ready-pair.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** File by file, a page takes its time on a busy machine. */
const patience = 240_000;
let folder = "";
let server: ViteDevServer;
let browser: Browser;
let tab: Page;
const at = (name: string): string => join(folder, name);
const { RESIDUA_MODELS: before } = process.env;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-page-"));
  process.env["RESIDUA_MODELS"] = at("models");
  await writeReadyPair(at("models"), ["cells"]);
  const flat = { width: 320, height: 320, data: new Uint8Array(320 * 320 * 3).fill(110) };
  const { image } = renderScene(
    { glyphs: testGlyphs, scenes: [{ levels: [flat], plates: [] }], crop: 320, drawnShare: 1 },
    { seed: 3, epoch: 0, index: 0 },
  );
  await writeFile(at("scene.png"), encodePng({ ...image, channels: 3, samples: Uint8Array.from(image.data) }));
  const cells = { height: 192, width: 192, cells: 12, overlap: 0, radius: [9, 13] } as const;
  await writeFile(at("culture.png"), encodePng(drawCells({ seed: 5, index: 0, ...cells }).image));
  await writeFile(at("notes.txt"), "no picture");

  server = await createServer({
    configFile: false,
    root: join(root, "examples/ready-page"),
    cacheDir: at("vite"),
    logLevel: "error",
    plugins: [residua({ models: ["plates", "cells"] })],
    resolve: { alias: { "residua/web": join(root, "dist/web.js") } },
    optimizeDeps: { include: ["valibot", "@bufbuild/protobuf/wire", "fflate", "fast-png", "fastest-levenshtein"] },
    server: { fs: { allow: [root] } },
  });
  await server.listen();
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("no Chromium; run node scripts/ensure-chromium.mjs");
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  tab = await browser.newPage({ locale: "zh-CN" });
  tab.setDefaultTimeout(patience);
  await tab.goto(server.resolvedUrls?.local[0] ?? "", { timeout: patience });
  const content = `import { open } from "/@fs${join(root, "dist/web.js")}"; globalThis.residuaOpen = open;`;
  await tab.addScriptTag({ type: "module", content });
  await tab.waitForFunction(() => "residuaOpen" in globalThis);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  if (before === undefined) delete process.env["RESIDUA_MODELS"];
  else process.env["RESIDUA_MODELS"] = before;
  await rm(folder, { recursive: true, force: true });
});

/** What the page has beside its own program. */
interface Opener {
  readonly residuaOpen: typeof openInPages;
}

/** What the page answers about a file, beside its own use of the networks. */
async function findInPage(threshold: number): Promise<readonly Plate[]> {
  return tab.evaluate(async (least) => {
    const { residuaOpen } = globalThis as unknown as Opener;
    const network = await residuaOpen("plates", { task: "plates" });
    const input = document.querySelector<HTMLInputElement>("#picture")!;
    const found = await network.predict(input.files![0], { threshold: least, legibility: 0, grammar: "none" });
    if (found.part !== "both") throw new Error(found.part);
    return found.plates.map((plate) => ({
      ...plate,
      straightened: { ...plate.straightened, data: Array.from(plate.straightened.data) as never },
    }));
  }, threshold);
}

async function requireStatus(pattern: RegExp): Promise<void> {
  await expect.poll(() => tab.textContent("#status"), { timeout: patience }).toMatch(pattern);
}

test("a page finds the plates that Node finds: same texts, corners to 0.05 of a pixel, probabilities to 0.001", async () => {
  await tab.setInputFiles("#picture", at("scene.png"));
  await requireStatus(/^找到 \d+ 块车牌。$/);
  const inPage = await findInPage(looseThreshold);
  const network = await open("plates", { task: "plates", threads: 1 });
  const found = await network.predict(at("scene.png"), { threshold: looseThreshold, legibility: 0, grammar: "none" });
  await network.release();
  if (found.part !== "both") throw new Error(found.part);
  const expected = found.plates;
  expect(expected.length).toBeGreaterThan(0);
  expect(inPage.map(({ text, colour, rows }) => [text, colour, rows])).toEqual(
    expected.map(({ text, colour, rows }) => [text, colour, rows]),
  );
  for (const [index, plate] of expected.entries()) {
    const other = inPage[index];
    plate.corners.flat().forEach((value, place) => {
      expect(Math.abs(other.corners.flat()[place] - value)).toBeLessThan(0.05);
    });
    expect(Math.abs(other.score - plate.score)).toBeLessThan(0.001);
    expect(Math.abs(other.confidence - plate.confidence)).toBeLessThan(0.001);
    const pixels = Array.from(plate.straightened.data, (value, place) =>
      Math.abs(value - other.straightened.data[place]),
    );
    expect(Math.max(...pixels)).toBeLessThanOrEqual(2);
  }
});

test("a page finds the cells that Node finds, draws and lists them", async () => {
  await tab.check("input[value=cells]");
  await tab.setInputFiles("#picture", at("culture.png"));
  await requireStatus(/^找到 \d+ 个细胞。$/);
  const network = await open("cells", { task: "segment", threads: 1 });
  const found = await network.predict(at("culture.png"), { views: 1 });
  await network.release();
  if (found.target !== "instances") throw new Error(found.target);
  const areas = new Map<number, number>();
  for (const label of found.labels) if (label > 0) areas.set(label, (areas.get(label) ?? 0) + 1);
  expect(await tab.textContent("#status")).toBe(`找到 ${found.count} 个细胞。`);
  const listed = (await tab.locator("#table td").allTextContents()).map(Number);
  expect(listed).toHaveLength(found.count);
  // Another order of additions moves an outline by a point at most here and there.
  const wanted = [...areas.values()].toSorted((a, b) => a - b);
  listed
    .toSorted((a, b) => a - b)
    .forEach((area, place) => expect(Math.abs(area - wanted[place])).toBeLessThanOrEqual(0.02 * wanted[place] + 1));
  const painted = await tab.evaluate(() => {
    const canvas = document.querySelector("canvas")!;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value, place) => place % 4 === 0 && value > 200 && data[place + 1] < 90);
  });
  expect(painted).toBe(true);
});

test("a page says what is wrong with a file, and which ready network or index is not there", async () => {
  await tab.setInputFiles("#picture", at("notes.txt"));
  await requireStatus(/notes\.txt: /);
  const refusals = await tab.evaluate(async () => {
    const { residuaOpen: openInPage } = globalThis as unknown as Opener;
    const tell = (opening: Promise<unknown>): Promise<string> => opening.then(() => "opened", String);
    return Promise.all([
      tell(openInPage("plate")),
      tell(openInPage("plates", { models: "/elsewhere/" })),
      tell(openInPage("plates", { sha256: "0" })),
      tell(openInPage("models/plates-reader.onnx", { models: "/models" })),
      tell(openInPage({ locator: "models/plates-reader.onnx", reader: "models/plates-reader.onnx" })),
    ]);
  });
  expect(refusals).toEqual([
    expect.stringContaining('file: "plate" is neither a file nor a ready network'),
    expect.stringMatching(/elsewhere\/index\.json: (is a page|cannot be fetched)/),
    expect.stringContaining("sha256: is that of one file"),
    expect.stringContaining("models: applies to the name of a ready network"),
    expect.stringContaining("network, locator: reads plates, must be a network that locates plates"),
  ]);
});
