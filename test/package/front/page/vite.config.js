const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

export default {
  preview: { headers, host: "127.0.0.1" },
  build: { target: "es2022" },
  worker: { format: "es" },
  logLevel: "error",
};
