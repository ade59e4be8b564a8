import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL(".", import.meta.url));
const site = fileURLToPath(new URL("../dist/site", import.meta.url));

/** ONNX Runtime's WebAssembly has the name by which the server and the export know it; everything else is named by its content. */
const output = {
  assetFileNames: (/** @type {{ names: string[] }} */ { names }) =>
    names.some((name) => name.endsWith(".wasm")) ? "ort/[name][extname]" : "assets/[name]-[hash][extname]",
};

/** What tells the versions of the ready networks and of ONNX Runtime. */
const besides = ["../models/index.json", "../node_modules/onnxruntime-web/package.json"].map((file) =>
  join(root, file),
);

/**
 * Completes the site: what ONNX Runtime's package has is left to it, and the service worker is told what it keeps for visits
 * without a network.
 */
function completeSite() {
  return {
    name: "residua-studio",
    closeBundle() {
      rmSync(join(site, "ort"), { recursive: true, force: true });
      const worker = join(site, "service-worker.js");
      const files = readdirSync(site, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name !== "service-worker.js")
        .map((entry) => relative(site, join(entry.parentPath, entry.name)))
        .toSorted();
      const hash = createHash("sha256");
      for (const file of files) hash.update(file).update(readFileSync(join(site, file)));
      // Kept by the same worker, though they are no part of the build.
      for (const file of besides) hash.update(readFileSync(file));
      const kept = JSON.stringify({ version: hash.digest("hex").slice(0, 16), files });
      const code = readFileSync(worker, "utf8");
      const told = code.replace(/(["'`])SITE\1/, () => JSON.stringify(kept));
      if (told === code) throw new Error(`${worker}: has no place for the list of files`);
      writeFileSync(worker, told);
    },
  };
}

/** The public half of the key that signs the ready networks at a release; empty in a build of anything else. */
const releaseKey = join(root, "../models/release.pub");

/** Builds the studio's site from what tsc wrote: every address is relative, so that it works from any folder of any host. */
export default {
  root,
  base: "./",
  define: { RELEASE_KEY: JSON.stringify(existsSync(releaseKey) ? readFileSync(releaseKey, "utf8") : "") },
  plugins: [completeSite()],
  resolve: { alias: { h5wasm: join(root, "no-hdf5.js") } },
  worker: { format: "es", rolldownOptions: { output } },
  build: {
    target: "es2022",
    outDir: site,
    emptyOutDir: true,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: {
      input: {
        index: join(root, "index.html"),
        "service-worker": fileURLToPath(new URL("../dist/studio/web/service-worker.js", import.meta.url)),
      },
      output: {
        ...output,
        entryFileNames: (/** @type {{ name: string }} */ { name }) =>
          name === "service-worker" ? "[name].js" : "assets/[name]-[hash].js",
      },
    },
  },
};
