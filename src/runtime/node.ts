import { createRequire } from "node:module";
import type { InferenceSession } from "onnxruntime-common";
import type * as Ort from "onnxruntime-node";
import { OptionError } from "../tensor/errors.ts";
import { explainMissingPackage } from "../tensor/missing-package.ts";
import { backendOf, type Device } from "./device.ts";
import { explainDeviceFailure } from "./device-failure.ts";
import { defaultThreads, mostThreads } from "./node/default-threads.ts";
import { explainDevice } from "./node/devices/explain-device.ts";
import { createCollector } from "./node/garbage.ts";
import { createOrtRuntime } from "./onnxruntime.ts";
import type { Runtime, SessionOptions } from "./runtime.ts";
import { createCopyingReader } from "./tensor-reader.ts";

/** @throws {OptionError} if there are more threads than a few per processor */
function chooseThreads(threads: number | undefined): number {
  if (threads === undefined) return defaultThreads();
  if (Number.isInteger(threads) && threads > 0 && threads <= mostThreads()) return threads;
  const most = `4 for each of this machine's processors`;
  throw new OptionError("threads", `must be a whole number from 1 to ${mostThreads()} (${most}), got ${threads}`);
}

function providersOf(device: Device): InferenceSession.SessionOptions["executionProviders"] {
  const backend = backendOf(device);
  return backend === "cuda" ? [{ name: "cuda", deviceId: Number(device.split(":")[1] ?? 0) }] : [backend];
}

/**
 * ONNX Runtime's native build. Its `run` blocks the calling thread, and ending the process or a worker during a run
 * aborts the process: train in a child process and stop it between steps.
 *
 * Execution providers by name: "cpu" everywhere, "webgpu" on Linux, Windows and macOS, "coreml" on macOS, "dml" on
 * Windows, "cuda" if its files are installed.
 *
 * Computes with one thread per core unless the session's options set a number. On "webgpu", outputs named in `keepOnDevice` stay
 * in GPU memory until they are disposed of.
 *
 * If Node was started with `--expose-gc`, dead outputs are collected between runs, which lowers peak memory.
 *
 * @param device where sessions run that name no execution providers; the first session shows whether it is there
 * @throws {EnvironmentError} if onnxruntime-node is not installed; from `load`, if the device cannot be had
 */
export function createNodeRuntime(device: Device = "cpu"): Runtime {
  const ort = loadOnnxRuntime();
  const isProcessor = device === "cpu";
  const explainRun = (error: unknown) => (isProcessor ? undefined : explainDeviceFailure(device, error));
  return createOrtRuntime(ort, {
    name: "node",
    version: ort.env.versions.node ?? ort.env.versions.common,
    hasBlockedDomain: isProcessor && process.arch === "x64",
    // Elsewhere, outputs are made where they are computed.
    writesInPlace: isProcessor,
    device,
    beforeRun: createCollector(),
    createReader: (settings) => createCopyingReader(ort, settings),
    explainLoading: (error) => explainDevice(device, error) ?? explainRun(error),
    explainRun,
    sessionOptions: ({ threads, spinning = true, executionProviders, keepOnDevice = [] }: SessionOptions) => ({
      intraOpNumThreads: chooseThreads(threads),
      ...(spinning ? {} : { extra: { session: { intra_op: { allow_spinning: "0" } } } }),
      executionProviders: executionProviders === undefined ? (providersOf(device) ?? []) : [...executionProviders],
      ...(device === "webgpu" && executionProviders === undefined && keepOnDevice.length > 0
        ? { preferredOutputLocation: Object.fromEntries(keepOnDevice.map((name) => [name, "gpu-buffer" as const])) }
        : {}),
    }),
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
