import * as ort from "onnxruntime-node";
import { OptionError } from "../tensor/errors.ts";
import { defaultThreads } from "./node/default-threads.ts";
import { createCollector } from "./node/garbage.ts";
import { createOrtRuntime } from "./onnxruntime.ts";
import type { Runtime, SessionOptions } from "./runtime.ts";

/**
 * ONNX Runtime's native build. Its `run` occupies the calling thread until it is done, and ending the process or a
 * worker in the middle of it aborts the process: train in a child process and stop it between steps.
 *
 * Execution providers by name: "cpu" everywhere, "webgpu" on Linux, Windows and macOS, "coreml" on macOS, "dml" on
 * Windows, "cuda" where its files are installed.
 *
 * Computes with one thread a core where the session's options name no number.
 *
 * Where Node was started with `--expose-gc`, dead outputs are collected between runs, which lowers the peak of memory.
 */
export function createNodeRuntime(): Runtime {
  return createOrtRuntime(ort, {
    name: "node",
    version: ort.env.versions.node ?? ort.env.versions.common,
    hasBlockedDomain: process.arch === "x64",
    writesInPlace: true,
    beforeRun: createCollector(),
    sessionOptions: ({ threads, executionProviders }: SessionOptions) => {
      if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) {
        throw new OptionError("threads", `must be a whole number above 0, got ${threads}`);
      }
      return {
        intraOpNumThreads: threads ?? defaultThreads(),
        executionProviders: [...(executionProviders ?? ["cpu"])],
      };
    },
  });
}
