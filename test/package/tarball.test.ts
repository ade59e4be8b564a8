import { execFile } from "node:child_process";
import { copyFile, cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium } from "playwright";
import { build, preview } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as ort from "onnxruntime-web";
import { findChromium } from "../../scripts/chromium.mjs";
import { createNodeRuntime } from "../../src/runtime/node.ts";
import { loadTrainedNetwork } from "../../src/networks/open.ts";
import { performTraining } from "../../src/tasks/web/index.ts";
import type { WebTrainingJob } from "../../src/train/web/index.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const manifest: { readonly exports: Readonly<Record<string, string>> } = JSON.parse(
  await readFile(join(root, "package.json"), "utf8"),
);
const modules = Object.keys(manifest.exports)
  .filter((path) => path !== "./package.json")
  .map((path) => `residua${path.slice(1)}`);

/** Generous, since the registry may be slow: it ends a hang, nothing else. */
const timeout = 600_000;
let project = "";
let packedFiles: readonly string[] = [];

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "residua-package-"));
  const [packed] = JSON.parse(
    await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", project], root),
  );
  packedFiles = packed.files.map(({ path }: { readonly path: string }) => path);
  await writeFile(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  await run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", join(project, packed.filename)], project);
}, timeout);

afterAll(() => rm(project, { recursive: true, force: true }));

async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("npm_"));
  const env = { ...Object.fromEntries(inherited), ONNXRUNTIME_NODE_INSTALL: "skip" };
  const { stdout } = await promisify(execFile)(command, args, { cwd, env, maxBuffer: 2 ** 26 });
  return stdout;
}

test("the tarball holds the build, its licence and nothing of the tests", () => {
  expect(packedFiles).toContain("LICENSE");
  expect(packedFiles).toContain("dist/cli/main.js");
  expect(
    packedFiles.filter((path) => !/^(package\.json|LICENSE|README[^/]*|dist\/.*\.(js|d\.ts))$/.test(path)),
  ).toEqual([]);
  expect(packedFiles.filter((path) => path.includes(".test."))).toEqual([]);
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
    await build({ root: page });
    const server = await preview({ root: page });
    const executablePath = findChromium();
    if (executablePath === undefined) throw new Error("no Chromium; run node scripts/ensure-chromium.mjs");
    const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    try {
      const tab = await browser.newPage();
      await tab.goto(server.resolvedUrls?.local[0] ?? "");
      await tab.waitForFunction(() => "result" in globalThis, undefined, { timeout });
      const found: PageResult = await tab.evaluate(
        () => (globalThis as unknown as { result: Promise<PageResult> }).result,
      );
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
    } finally {
      await browser.close();
      await server.close();
    }
  },
);
