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

/** A plugin of Vite, in the part of its form that is used. */
export interface VitePlugin {
  name: string;
  config(): ViteSettings;
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
 * @param options `isolated`: serve the page with the headers that threads need; by default, yes. They keep a page from
 *   loading what other servers do not offer to it, such as images without CORS
 */
export function residua({ isolated = true }: { readonly isolated?: boolean } = {}): VitePlugin {
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
  };
}
