import { portableChoices } from "../../compile/portable/choices.ts";
import { createPortableLowering } from "../../compile/portable/lowering.ts";
import type { JobContext } from "../../jobs/job.ts";
import { createWebRuntime, type WebRuntimeOptions } from "../../runtime/web.ts";
import { nameWebDevice } from "../../runtime/web/adapter.ts";
import { EnvironmentError } from "../../tensor/errors.ts";
import type { SetUpInMemory } from "../memory-training.ts";
import { type MemoryHost, performInMemory } from "../perform-in-memory.ts";
import type { WebTrainingEvent, WebTrainingJob, WebTrainingResult } from "./protocol.ts";

/** The services of the worker that training runs in. */
export interface WebTrainingContext extends JobContext<WebTrainingEvent> {
  readonly runtime: Omit<WebRuntimeOptions, "threads">;
}

/** @throws {EnvironmentError} if the page cannot have the requested threads */
export function requireThreads(threads: number | undefined): void {
  if (threads === undefined || threads === 1 || globalThis.crossOriginIsolated) return;
  throw new EnvironmentError(
    "threads",
    `${threads} need a cross-origin isolated page: serve it with "Cross-Origin-Opener-Policy: same-origin" and ` +
      `"Cross-Origin-Embedder-Policy: require-corp", or take 1`,
  );
}

/**
 * Trains in the calling thread, a worker's. Parameters stay in the runtime until the end.
 *
 * @param setUpInMemory the task's set-up function
 */
export async function performTraining(
  job: WebTrainingJob,
  context: WebTrainingContext,
  setUpInMemory: SetUpInMemory,
): Promise<WebTrainingResult> {
  const { device = "wasm", threads } = job;
  const openHost = async (): Promise<MemoryHost> => {
    requireThreads(threads);
    return {
      runtime: createWebRuntime({ ...context.runtime, ...(threads === undefined ? {} : { threads }) }),
      session: { executionProviders: [device], memoryPattern: device === "wasm" },
      chosen: { lowering: createPortableLowering(portableChoices[device]), name: "portable" },
      device: await nameWebDevice(device),
    };
  };
  return performInMemory(job, openHost, context, setUpInMemory);
}
