import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { findChromium } from "./scripts/chromium.mjs";

const webTests = "**/*.web.test.ts";
/** What needs database servers, or minutes: whole published networks at their full size, deeper ones on a software adapter. */
const slowTests = [
  "src/store/**/*.test.ts",
  "test/store/**/*.test.ts",
  "test/studio/train-folder.test.ts",
  "test/queue/**/*.test.ts",
  "test/mpi/{machines,many-ranks,tasks}.test.ts",
  "test/cli/device-sharing.test.ts",
  "test/lab/webgpu-studies.test.ts",
  "test/runtime/webgpu-deeper.test.ts",
  "test/golden/webgpu-deeper-families.test.ts",
  "test/golden/{families,further-networks,every-modern-family}.test.ts",
];
const executablePath = findChromium();
/** Ends a test that hangs; a slow machine takes its time. */
const testTimeout = 300_000;
/** The command line speaks English in tests, whoever runs them. */
const env = { LC_ALL: "C.UTF-8" };

export default defineConfig({
  test: {
    coverage: { provider: "v8", include: ["src/**/*.ts"] },
    projects: [
      {
        test: {
          name: "node",
          env,
          testTimeout,
          hookTimeout: testTimeout,
          include: ["src/**/*.test.ts", "test/**/*.test.ts"],
          exclude: [webTests, ...slowTests],
          // Most tests wait for processes of one thread; left to itself, vitest keeps one core free and runs one file at a time.
          maxWorkers: 2,
        },
      },
      { test: { name: "slow", env, testTimeout, hookTimeout: testTimeout, include: slowTests } },
      {
        // ONNX Runtime's threads need an isolated page, and its files must stay beside each other for it to find its WebAssembly.
        server: {
          headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" },
        },
        // Found late, a dependency would make the page load anew in the middle of its tests.
        optimizeDeps: {
          exclude: ["onnxruntime-web"],
          include: ["valibot", "@bufbuild/protobuf/wire", "fast-check", "fflate", "fast-png", "fastest-levenshtein"],
        },
        test: {
          name: "web",
          env: { CI: process.env["CI"] ?? "" },
          // After the others: projects that run together must have equal numbers of workers.
          sequence: { groupOrder: 1 },
          testTimeout,
          hookTimeout: testTimeout,
          include: [`src/${webTests}`, `test/${webTests}`],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                args: ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
                ...(executablePath === undefined ? {} : { executablePath }),
              },
            }),
            instances: [{ browser: "chromium" }],
          },
        },
      },
    ],
  },
});
