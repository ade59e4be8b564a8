import { runInline } from "../../jobs/inline.ts";
import type { JobContext, Running, RunOptions } from "../../jobs/job.ts";
import { runInWorker } from "../../jobs/web/worker.ts";
import type { WebRuntimeOptions } from "../../runtime/web.ts";
import { oneOf, OptionError } from "../../tensor/errors.ts";
import { openRuntime } from "./runtime.ts";
import type { WorkerOptions } from "./types.ts";

/** Names of {@link WorkerOptions}. */
export const workerOptions: readonly (keyof WorkerOptions)[] = ["worker", "threads", "device"];

/** A job of a page, and where it may run. */
export interface PageJob<Input, Event, Result> {
  readonly name: string;
  /** Opens the package's own worker. */
  readonly open: () => Worker;
  /** Does it in the calling thread. */
  readonly perform: (
    input: Input,
    context: JobContext<Event> & { readonly runtime: Omit<WebRuntimeOptions, "threads"> },
  ) => Promise<Result>;
}

/**
 * Runs a job where the options say.
 *
 * @throws {OptionError} if the device needs a worker of the page's own
 */
export function runWhere<Input extends object, Event, Result>(
  { name, open, perform }: PageJob<Input, Event, Result>,
  input: Input,
  { worker, threads, device = "wasm" }: WorkerOptions,
  run: RunOptions<Event>,
): Running<Event, Result> {
  oneOf("device", device, ["wasm", "webgpu"]);
  const whole = { ...input, device, ...(threads === undefined ? {} : { threads }) };
  if (worker === false) {
    const inline = async (job: Input, context: JobContext<Event>): Promise<Result> => {
      const { ort } = await openRuntime({ device, ...(threads === undefined ? {} : { threads }) });
      return perform(job, { ...context, runtime: { ort } });
    };
    return runInline({ name, run: inline }, { ...whole, threads: threads ?? 1 }, run);
  }
  if (worker === undefined && device === "webgpu")
    throw new OptionError("device", '"webgpu" needs a worker that serves it; give one as `worker`, or `worker: false`');
  return runInWorker<Input, Event, Result>({ name, worker: worker ?? open }, whole, run);
}
