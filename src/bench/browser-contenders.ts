import { cp, mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { EnvironmentError } from "../tensor/errors.ts";
import type { PortableChoices } from "../compile/portable/choices.ts";
import type { Contender } from "./contender.ts";

/** How our side is written and run where not as usual. */
interface Variation {
  /** Other ways to write our graph than the usual ones. */
  readonly choices?: Partial<PortableChoices> | undefined;
  /** ONNX Runtime's own inner loops instead of the faster ones. */
  readonly ownLoops?: boolean;
}

interface SideOptions extends Variation {
  readonly batch: number;
  readonly threads: number;
}

/** What the page of bench/browser offers. */
interface Sides {
  start(side: string, name: string, options: SideOptions): Promise<void>;
  run(
    name: string,
    steps: number,
  ): Promise<{ readonly seconds: readonly number[]; readonly losses: readonly number[] }>;
}

/** Contenders in one page, and how to close it. */
export interface BrowserContenders {
  readonly contenders: readonly Contender[];
  readonly browser: string;
  close(): Promise<void>;
}

const pageFolder = fileURLToPath(new URL("../../bench/browser/", import.meta.url));
const chromiumScript = new URL("../../scripts/chromium.mjs", import.meta.url).href;
/** Threads share memory only in an isolated page. */
const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

async function findBrowser(): Promise<string> {
  const { findChromium } = (await import(chromiumScript)) as { findChromium(): string | undefined };
  const found = findChromium();
  if (found === undefined) throw new EnvironmentError("browser", "no Chromium; run node scripts/ensure-chromium.mjs");
  return found;
}

/** Who takes part, under which name. */
export interface BrowserSide extends Variation {
  readonly side: "residua" | "tensorflow";
  readonly name: string;
}

/**
 * Opens a cross-origin isolated page in Chromium in which each side has a worker of its own with `threads` WebAssembly
 * threads, all training ResNet-20.
 */
export async function startBrowserContenders(
  sides: readonly BrowserSide[],
  { threads, batch }: { readonly threads: number; readonly batch: number },
): Promise<BrowserContenders> {
  const executablePath = await findBrowser();
  const [{ build, preview }, { chromium }] = await Promise.all([import("vite"), import("playwright")]);
  const folder = await mkdtemp(join(tmpdir(), "residua-bench-"));
  // TensorFlow.js makes its threads from the text of a function, which must stay as it is.
  const common = { root: pageFolder, configFile: false, logLevel: "error" } as const;
  await build({
    ...common,
    worker: { format: "es" },
    build: { outDir: folder, emptyOutDir: true, target: "es2022", minify: false },
  });
  const files = dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm"));
  await cp(files, join(folder, "tensorflow"), {
    recursive: true,
    filter: (file) => file === files || file.endsWith(".wasm"),
  });
  const server = await preview({
    ...common,
    build: { outDir: folder },
    preview: { headers, host: "127.0.0.1", port: 0 },
  });
  const chrome = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const close = async (): Promise<void> => {
    await chrome.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const page = await chrome.newPage();
    await page.goto(server.resolvedUrls!.local[0]);
    await page.waitForFunction(() => "sides" in globalThis);
    const start = async ({ side, name, ...variation }: BrowserSide): Promise<Contender> => {
      await page.evaluate(
        ([worker, named, options]) => (globalThis as unknown as { sides: Sides }).sides.start(worker, named, options),
        [side, name, { batch, threads, ...variation }] as const,
      );
      return {
        name,
        run: async (steps) => {
          const { seconds, losses } = await page.evaluate(
            ([named, count]) => (globalThis as unknown as { sides: Sides }).sides.run(named, count),
            [name, steps] as const,
          );
          if (!losses.every(Number.isFinite)) throw new EnvironmentError(name, `has losses ${losses.join(", ")}`);
          return { seconds, peakMegabytes: 0 };
        },
        stop: async () => {},
      };
    };
    const contenders: Contender[] = [];
    for (const each of sides) contenders.push(await start(each));
    return { contenders, browser: `Chromium ${chrome.version()}`, close };
  } catch (error) {
    await close();
    throw error;
  }
}
