import { createRequire } from "node:module";
import type * as Ort from "onnxruntime-node";
import { OptionError } from "../tensor/errors.ts";
import { explainMissingPackage } from "../tensor/missing-package.ts";
import { defaultThreads, mostThreads } from "./node/default-threads.ts";
import { createCollector } from "./node/garbage.ts";
import { createOrtRuntime } from "./onnxruntime.ts";
import type { Runtime, SessionOptions } from "./runtime.ts";

/**
 * ONNX Runtime's native build. Its `run` blocks the calling thread, and ending the process or a worker during a run
 * aborts the process: train in a child process and stop it between steps.
 *
 * Execution providers by name: "cpu" everywhere, "webgpu" on Linux, Windows and macOS, "coreml" on macOS, "dml" on
 * Windows, "cuda" if its files are installed.
 *
 * Computes with one thread per core unless the session's options set a number.
 *
 * If Node was started with `--expose-gc`, dead outputs are collected between runs, which lowers peak memory.
 *
 * @throws {EnvironmentError} if onnxruntime-node is not installed
 */
export function createNodeRuntime(): Runtime {
  const ort = loadOnnxRuntime();
  return createOrtRuntime(ort, {
    name: "node",
    version: ort.env.versions.node ?? ort.env.versions.common,
    hasBlockedDomain: process.arch === "x64",
    writesInPlace: true,
    beforeRun: createCollector(),
    sessionOptions: ({ threads, executionProviders }: SessionOptions) => {
      if (threads !== undefined && !(Number.isInteger(threads) && threads > 0 && threads <= mostThreads())) {
        const most = `4 for each of this machine's processors`;
        throw new OptionError("threads", `must be a whole number from 1 to ${mostThreads()} (${most}), got ${threads}`);
      }
      return {
        intraOpNumThreads: threads ?? defaultThreads(),
        executionProviders: [...(executionProviders ?? ["cpu"])],
      };
    },
  });
}

/** When it is used, since loading native code takes longer than most programs need to find out that they need none. */
function loadOnnxRuntime(): typeof Ort {
  try {
    return createRequire(import.meta.url)("onnxruntime-node") as typeof Ort;
  } catch (error) {
    throw explainMissingPackage(error);
  }
}
