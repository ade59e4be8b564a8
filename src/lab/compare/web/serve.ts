import { serveInWorker } from "../../../jobs/web/worker.ts";
import type { WebRuntimeOptions } from "../../../runtime/web.ts";
import { compareInPage, type WebComparison } from "./perform.ts";

/** Makes the worker that calls it compare what its page asks for. To be called once, at the top of the worker's own module. */
export function serveComparison(runtime: Omit<WebRuntimeOptions, "threads">): void {
  serveInWorker<WebComparison>((job, context) => compareInPage(job, { ...context, runtime }));
}
