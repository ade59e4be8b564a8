import { fileURLToPath } from "node:url";

const ort = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/** Builds the studio's site from what tsc wrote: every address is relative, so that it works from any folder of any host. */
export default {
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "./",
  worker: { format: "es" },
  server: { headers: ort },
  preview: { headers: ort },
  build: {
    target: "es2022",
    outDir: "../dist/site",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
};
