import { execFile } from "node:child_process";
import { copyFile, cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium, type Page } from "playwright";
import { build, createServer, preview } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as ort from "onnxruntime-web";
import { findChromium } from "../../scripts/chromium.mjs";
import { createNodeRuntime } from "../../src/runtime/node.ts";
import { loadTrainedNetwork } from "../../src/networks/open.ts";
import { drawFolder } from "../../src/tasks/segment/node/draw-folder.ts";
import { performTraining } from "../../src/tasks/web/index.ts";
import type { WebTrainingJob } from "../../src/train/web/index.ts";
import { writePictures } from "../support/picture-folders.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
interface Manifest {
  readonly exports: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
}
const manifest: Manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
const modules = Object.keys(manifest.exports)
  .filter((path) => path !== "./package.json" && !path.includes("*"))
  .map((path) => `residua${path.slice(1)}`);

/** Generous, since the registry may be slow: it ends a hang, nothing else. */
const timeout = 600_000;
let project = "";
let packedFiles: readonly string[] = [];

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "residua-package-"));
  const packed = JSON.parse(await run(process.execPath, [join(root, "scripts/pack.mjs"), project, "--json"], root));
  packedFiles = packed.files.map(({ path }: { readonly path: string }) => path);
  await writeFile(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  await run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", packed.filename], project);
}, timeout);

afterAll(() => rm(project, { recursive: true, force: true }));

async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("npm_"));
  const env = { ...Object.fromEntries(inherited), ONNXRUNTIME_NODE_INSTALL: "skip" };
  const { stdout } = await promisify(execFile)(command, args, { cwd, env, maxBuffer: 2 ** 26 });
  return stdout;
}

test("the tarball holds the build, its licence, the guides, the ready networks and nothing of the tests", () => {
  for (const path of ["LICENSE", "dist/cli/main.js", "docs/library.md", "examples/train.ts", "ARCHITECTURE.md"])
    expect(packedFiles).toContain(path);
  // The studio's site, without what ONNX Runtime's own package has.
  for (const file of ["index.html", "service-worker.js", "digits.png", "plates-example.jpg"])
    expect(packedFiles).toContain(`dist/site/${file}`);
  for (const file of ["index.json", "digits.onnx", "digits.md"]) expect(packedFiles).toContain(`models/${file}`);
  const known =
    /^(package\.json|LICENSE|[A-Z]+(\.zh-CN)?\.md|dist\/.*\.(js|d\.ts)|dist\/site\/(index\.html|digits\.png|plates-example\.jpg|assets\/[\w-]+\.css)|docs\/.*\.(md|json|png|svg)|examples\/.*|models\/[a-z-]+\.(onnx|md|json|json\.sig|pub))$/;
  expect(packedFiles.filter((path) => !known.test(path))).toEqual([]);
  expect(packedFiles.filter((path) => path.includes(".test."))).toEqual([]);
});

test("every link of the packed pages leads to a packed file", async () => {
  const folder = join(project, "node_modules/residua");
  const pages = packedFiles.filter((path) => path.endsWith(".md"));
  const broken: string[] = [];
  for (const page of pages)
    for (const [, target] of (await readFile(join(folder, page), "utf8")).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
      const path = join(dirname(page), target);
      const isThere = packedFiles.some((file) => file === path || file.startsWith(`${path.replace(/\/$/, "")}/`));
      if (!/^https?:/.test(target) && !isThere) broken.push(`${page}: ${target}`);
    }
  expect(pages.length).toBeGreaterThan(40);
  expect(broken).toEqual([]);
});

test("npm runs no script of the package, and warns of none", async () => {
  const packed = JSON.parse(await readFile(join(project, "node_modules/residua/package.json"), "utf8"));
  expect(Object.keys(packed)).toEqual(expect.arrayContaining(["bin", "exports", "keywords", "dependencies"]));
  for (const field of ["scripts", "devDependencies", "allowScripts"]) expect(packed).not.toHaveProperty(field);
  expect(Object.keys(manifest.scripts)).toContain("prepare");
});

test("what single databases and file formats need is installed by who needs it, and the error says how", async () => {
  for (const name of ["pg", "mysql2", "h5wasm"])
    await expect(readFile(join(project, "node_modules", name, "package.json"))).rejects.toThrow("ENOENT");
  const script = `
    import { openWeights } from "residua/weights";
    import { connectDatabase } from "residua/store";
    const messages = [];
    const attempts = [
      () => connectDatabase({ kind: "postgres", url: "postgres://localhost/runs" }),
      () => connectDatabase({ kind: "mysql", url: "mysql://localhost/runs" }),
      () => openWeights(Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a), "weights.h5"),
    ];
    for (const attempt of attempts) await attempt().catch(({ message }) => messages.push(message));
    console.log(JSON.stringify(messages));`;
  const messages = JSON.parse(await run(process.execPath, ["--input-type=module", "--eval", script], project));
  expect(messages).toEqual(
    ["pg", "mysql2", "h5wasm"].map((name) => `${name}: is needed for this and not installed; run npm install ${name}`),
  );
});

test("every subpath can be imported in an empty Node project and exports something", { timeout }, async () => {
  const script = `
    const count = async (name) => [name, Object.keys(await import(name)).length];
    console.log(JSON.stringify(await Promise.all(${JSON.stringify(modules)}.map(count))));`;
  const counts: readonly (readonly [string, number])[] = JSON.parse(
    await run(process.execPath, ["--input-type=module", "--eval", script], project),
  );
  expect(counts.map(([name]) => name)).toEqual(modules);
  expect(counts.filter(([, exported]) => exported === 0)).toEqual([]);
});

test("the command starts and tells its version", { timeout }, async () => {
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  expect((await run("npx", ["--no-install", "residua", "--version"], project)).trim()).toBe(version);
});

test("the installed package trains in an empty Node project and exports what it trained", { timeout }, async () => {
  await copyFile(join(root, "test/package/train-in-node.mjs"), join(project, "train-in-node.mjs"));
  const { losses, shape } = JSON.parse(await run(process.execPath, ["train-in-node.mjs"], project));
  expect(losses.at(-1)).toBeLessThan(losses[0] / 2);
  expect(shape).toEqual([3, 2]);
});

interface ProgramResult {
  readonly status: string;
  readonly tested: number;
  readonly notes: readonly string[];
  readonly answers: Readonly<Record<"trained" | "onnx" | "safetensors" | "pth", readonly string[]>>;
  readonly digits: readonly string[];
  readonly labels: readonly number[];
  readonly again: readonly number[];
}

interface FrontPageResult {
  readonly answers: readonly string[];
  readonly digits: readonly string[];
  readonly again: string;
  readonly labels: readonly number[];
  readonly trained: {
    readonly status: string;
    readonly epochs: number;
    readonly tested: number;
    readonly notes: readonly string[];
    readonly found: readonly { readonly class: string; readonly probability: number }[];
  };
  readonly isolated: boolean;
  readonly error?: string;
}

/** A strict project, as a user would have it. */
const compilerOptions = {
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  target: "es2022",
  lib: ["es2023", "dom", "dom.iterable", "dom.asynciterable"],
  module: "nodenext",
  types: [],
};

/** Builds a page with Vite and opens it in Chromium, for as long as `body` takes. */
async function visit<Result>(page: string, body: (tab: Page) => Promise<Result>): Promise<Result> {
  await build({ root: page, logLevel: "error" });
  const server = await preview({ root: page, logLevel: "error" });
  try {
    return await browse(server.resolvedUrls?.local[0] ?? "", body);
  } finally {
    await server.close();
  }
}

/** Opens a page from Vite's development server, as `vite dev` does for the first time. */
async function visitInDevelopment<Result>(page: string, body: (tab: Page) => Promise<Result>): Promise<Result> {
  const server = await createServer({ root: page, logLevel: "error" });
  try {
    await server.listen();
    return await browse(server.resolvedUrls?.local[0] ?? "", body);
  } finally {
    await server.close();
  }
}

async function browse<Result>(address: string, body: (tab: Page) => Promise<Result>): Promise<Result> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("no Chromium; run node scripts/ensure-chromium.mjs");
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const tab = await browser.newPage();
    // The first visit of a development server waits until it has bundled the dependencies.
    tab.setDefaultTimeout(timeout);
    await tab.goto(address);
    return await body(tab);
  } finally {
    await browser.close();
  }
}

/** Waits for what a page leaves in `result`. */
async function takeResult<Result>(tab: Page): Promise<Result> {
  await tab.waitForFunction(() => "result" in globalThis, undefined, { timeout });
  return tab.evaluate(() => (globalThis as unknown as { result: Promise<Result> }).result);
}

describe("the front door of the installed package", () => {
  let found: ProgramResult | undefined;

  test("a strict TypeScript program trains, predicts, segments, saves and opens again", { timeout }, async () => {
    await writePictures(join(project, "photos"), 20, 16);
    await drawFolder(join(project, "nuclei"), { images: 6, height: 32, width: 32, cells: 3, seed: 4 });
    await cp(join(root, "test/package/front"), join(project, "front"), { recursive: true });
    await copyFile(join(project, "front/program.ts"), join(project, "program.ts"));
    await writeFile(
      join(project, "tsconfig.json"),
      JSON.stringify({ compilerOptions, files: ["program.ts", "front/page/page.ts"] }),
    );
    await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", project], project);
    found = JSON.parse(await run(process.execPath, ["program.js"], project)) as ProgramResult;
    const { answers, labels, again } = found;
    expect([found.status, found.tested]).toEqual(["done", 12]);
    expect(found.notes).toContain("40 images to train on are too few for batches of 64: the batch is 8");
    for (const form of ["onnx", "safetensors", "pth"] as const) expect(answers[form]).toEqual(answers.trained);
    expect(labels).toHaveLength(32 * 32);
    expect(again).toEqual(labels);
  });

  test("a page that Vite built gives the same answers, and trains on files", { timeout }, async () => {
    const page = join(project, "front/page");
    await cp(join(project, "photos"), join(page, "public/photos"), { recursive: true });
    for (const file of ["photos.onnx", "cells.onnx"]) await copyFile(join(project, file), join(page, "public", file));
    await copyFile(join(project, "nuclei/images/0001.png"), join(page, "public/0001.png"));
    const result = await visit(page, (tab) => takeResult<FrontPageResult>(tab));
    expect(result.error).toBeUndefined();
    const shares = (answers: readonly string[] = []): readonly number[] =>
      answers.map((text) => Number(text.split(" ")[1]));
    const kinds = (answers: readonly string[] = []): readonly string[] => answers.map((text) => text.split(" ")[0]);
    expect(kinds(result.answers)).toEqual(kinds(found?.answers.onnx));
    expect(kinds(result.digits)).toEqual(kinds(found?.digits));
    for (const [index, share] of shares(result.answers).entries())
      expect(Math.abs(share - shares(found?.answers.onnx)[index])).toBeLessThan(2e-3);
    expect(result.again).toBe(result.answers[0]);
    expect(result.labels).toEqual(found?.labels);
    const { trained, isolated } = result;
    expect(isolated).toBe(true);
    expect([trained.status, trained.epochs, trained.tested]).toEqual(["done", 3, 5]);
    expect(trained.notes).toContain("16 images to train on are too few for batches of 64: the batch is 4");
    expect(trained.found).toHaveLength(1);
  });

  const list = (kind: string): readonly string[] =>
    Array.from({ length: 12 }, (_, index) => join(project, "photos", kind, `${String(index).padStart(2, "0")}.png`));

  test("the page of examples/page trains on images that are dropped, and says what one is", { timeout }, async () => {
    const page = join(project, "examples-page");
    await cp(join(root, "examples/page"), page, { recursive: true });
    await visit(page, async (tab) => {
      await tab.setInputFiles("#first", list("left"));
      await tab.setInputFiles("#second", list("right"));
      await tab.click("#train");
      await tab.waitForSelector("#image:enabled", { timeout });
      expect(await tab.textContent("#progress")).toMatch(/^done; \d+ % of 5 test images right$/);
      await tab.setInputFiles("#image", list("right")[3]);
      await tab.waitForFunction(() => /%.*%/.test(document.querySelector("#answer")?.textContent ?? ""));
      expect(await tab.textContent("#answer")).toMatch(/^(first|second) [\d.]+ %, (first|second) [\d.]+ %$/);
      expect(await tab.getAttribute("#save", "download")).toBe("network.onnx");
    });
  });

  test("that page trains from Vite's development server, where Residua is not bundled", { timeout }, async () => {
    const page = join(project, "examples-page-in-development");
    await cp(join(root, "examples/page"), page, { recursive: true });
    await visitInDevelopment(page, async (tab) => {
      const loads: string[] = [];
      tab.on("load", () => loads.push(tab.url()));
      await tab.setInputFiles("#first", list("left"));
      await tab.setInputFiles("#second", list("right"));
      await tab.click("#train");
      await tab.waitForSelector("#image:enabled", { timeout: 120_000 });
      expect(await tab.textContent("#progress")).toMatch(/^done; \d+ % of 5 test images right$/);
      expect(loads).toEqual([]);
    });
  });
});

interface PageResult {
  readonly status: string;
  readonly losses: readonly number[];
  readonly epochs: number;
  readonly onnx: readonly number[];
  readonly stopped: { readonly status: string; readonly step: number };
  readonly refusal: string;
  readonly isolated: boolean;
  readonly error?: string;
}

/** The page's training in Node, by the same WebAssembly on one thread. */
async function trainAsPage(): Promise<readonly number[]> {
  const { makeJob } = (await import(join(project, "page/job.js"))) as { makeJob(): WebTrainingJob };
  const losses: number[] = [];
  await performTraining(
    { ...makeJob(), threads: 1 },
    {
      runtime: { ort },
      report: (event) => event.kind === "step" && losses.push(event.progress.stepLoss),
      shouldStop: async () => false,
    },
  );
  return losses;
}

test(
  "the installed package trains on two threads in a worker of a page that Vite built, to the losses that Node has",
  { timeout },
  async () => {
    const page = join(project, "page");
    await cp(join(root, "test/package/vite-page"), page, { recursive: true });
    const found = await visit(page, (tab) => takeResult<PageResult>(tab));
    expect(found.error).toBeUndefined();
    expect(found.isolated).toBe(true);
    expect([found.status, found.losses.length, found.epochs]).toEqual(["done", 8, 2]);
    const expected = await trainAsPage();
    for (const [step, loss] of found.losses.entries()) expect(loss).toBeCloseTo(expected[step], 3);
    const { card } = await loadTrainedNetwork(createNodeRuntime(), Uint8Array.from(found.onnx), "network.onnx");
    expect(card.classes).toEqual(["dark", "bright"]);
    // The second step may have begun before the page heard of the first.
    expect(found.stopped.status).toBe("stopped");
    expect(found.stopped.step).toBeLessThan(4);
    expect(found.refusal).toBe("OptionError: training images: must be 1×9×9, got 1×8×8");
  },
);

test(
  "Vite's development server does not reload a page when its worker loads for the first time",
  { timeout },
  async () => {
    const page = join(project, "page-in-development");
    await cp(join(root, "test/package/vite-page"), page, { recursive: true });
    await rm(join(project, "node_modules/.vite"), { recursive: true, force: true });
    await visitInDevelopment(page, async (tab) => {
      const loads: string[] = [];
      tab.on("load", () => loads.push(tab.url()));
      const found = await takeResult<PageResult>(tab);
      expect(found.error).toBeUndefined();
      expect([found.status, found.losses.length]).toEqual(["done", 8]);
      expect(loads).toEqual([]);
    });
  },
);
