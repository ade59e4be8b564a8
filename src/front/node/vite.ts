import { requireReady } from "../../ready/names.ts";
import { checkNetwork } from "../../ready/node/find.ts";
import { openReadyIndex } from "../../ready/node/index-file.ts";
import type { ReadyNetwork } from "../../ready/ready-network.ts";

/** The packages that Residua's modules for pages import; a test compares them with what is built. */
export const pagePackages: readonly string[] = [
  "@bufbuild/protobuf",
  "@bufbuild/protobuf/wire",
  "@stdlib/math-base-special-erfcinv",
  "@stdlib/stats-base-dists-binomial-cdf",
  "@stdlib/stats-base-dists-binomial-pmf",
  "@stdlib/stats-base-dists-binomial-quantile",
  "@stdlib/stats-base-dists-normal-cdf",
  "@stdlib/stats-base-dists-normal-pdf",
  "@stdlib/stats-base-dists-poisson-pmf",
  "@stdlib/stats-base-dists-t-cdf",
  "@stdlib/stats-base-dists-t-quantile",
  "@stdlib/stats-padjust",
  "d3-color",
  "d3-scale-chromatic",
  "fast-png",
  "fastest-levenshtein",
  "fflate",
  "h5wasm",
  "onnx-buf",
  "pickleparser",
  "simple-statistics",
  "valibot",
];

const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/** The settings that {@link residua} gives Vite. */
export interface ViteSettings {
  server?: { headers: Record<string, string> };
  preview?: { headers: Record<string, string> };
  worker: { format: "es" };
  build: { target: string };
  optimizeDeps: { exclude: string[]; include: string[] };
}

/** A file of a build that Vite writes as it is. */
interface Asset {
  type: "asset";
  fileName: string;
  source: string | Uint8Array;
}

/** Vite's development server, as far as it is used. */
interface DevelopmentServer {
  middlewares: {
    use(
      answer: (
        request: { url?: string | undefined },
        response: { setHeader(name: string, value: string): unknown; end(body: string | Uint8Array): unknown },
        next: (error?: unknown) => void,
      ) => void,
    ): unknown;
  };
}

/** A plugin of Vite, in the part of its form that is used. */
export interface VitePlugin {
  name: string;
  config(): ViteSettings;
  configureServer(server: DevelopmentServer): void;
  generateBundle(this: { emitFile(file: Asset): unknown }): Promise<void>;
}

/** Files that a page finds in `models/` beside it: an index of the networks that it wants, and their files, which are checked. */
async function readModels(names: readonly string[]): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const opened = await openReadyIndex();
  const files = new Map<string, string | Uint8Array>();
  const networks: ReadyNetwork[] = [];
  for (const name of names) {
    const network = await requireReady(opened.index, name, "models");
    networks.push(network);
    const checked = await checkNetwork(opened, network);
    for (const [part, { path }] of Object.entries(network.files)) files.set(path, checked.files[part].bytes);
  }
  return files.set("index.json", JSON.stringify({ ...opened.index, networks }));
}

/** Whether a package that is optional can be found. */
function isInstalled(name: string): boolean {
  try {
    return import.meta.resolve(name) !== "";
  } catch {
    return false;
  }
}

/**
 * The plugin for a page that uses Residua.
 *
 *     // vite.config.js
 *     import { residua } from "residua/vite";
 *     export default { plugins: [residua()] };
 *
 * Workers are started by their address, so the development server must serve Residua and ONNX Runtime file by file.
 * Otherwise it finds ONNX Runtime when a worker is first loaded, bundles it and reloads the page: the first click is lost.
 * What Residua imports is bundled beforehand, since some of it is CommonJS.
 *
 * With `models: ["plates"]`, these ready networks and their index are served, and built, as `models/` beside the page, where `open`
 * looks for them.
 *
 * @param options `models`: names of ready networks, as `residua models list --ready` shows; by default, none. `isolated`: serve the page with the headers that threads need; by default, yes. They keep a page from
 *   loading what other servers do not offer to it, such as images without CORS
 */
export function residua({
  isolated = true,
  models = [],
}: { readonly isolated?: boolean; readonly models?: readonly string[] } = {}): VitePlugin {
  let reading: ReturnType<typeof readModels> | undefined;
  const read = (): ReturnType<typeof readModels> => (reading ??= readModels(models));
  return {
    name: "residua",
    config: () => ({
      ...(isolated ? { server: { headers }, preview: { headers } } : {}),
      worker: { format: "es" },
      build: { target: "es2022" },
      optimizeDeps: {
        exclude: ["residua", "onnxruntime-web"],
        include: pagePackages.filter(isInstalled).map((name) => `residua > ${name}`),
      },
    }),
    configureServer: ({ middlewares }) => {
      if (models.length === 0) return;
      middlewares.use((request, response, next) => {
        const [, name] = /\/models\/([a-z0-9-]+\.(?:onnx|json))(?:\?.*)?$/.exec(request.url ?? "") ?? [];
        if (name === undefined) return next();
        read().then((files) => {
          const file = files.get(name);
          if (file === undefined) return next();
          response.setHeader("Content-Type", name.endsWith(".json") ? "application/json" : "application/octet-stream");
          response.end(file);
        }, next);
      });
    },
    async generateBundle() {
      if (models.length === 0) return;
      for (const [name, source] of await read()) this.emitFile({ type: "asset", fileName: `models/${name}`, source });
    },
  };
}
