// Threads need an isolated page. Residua starts workers by their address, so the development server must serve it file by file;
// what it imports that is CommonJS is bundled beforehand all the same.
const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

export default {
  server: { headers },
  preview: { headers },
  worker: { format: "es" },
  build: { target: "es2022" },
  optimizeDeps: { exclude: ["residua", "onnxruntime-web"], include: ["residua > pickleparser"] },
};
