import { Worker } from "node:worker_threads";
import { builtFile } from "../../files/node.ts";

/**
 * Ends this process soon after its parent, from a thread of its own: a run blocks this one for as long as it takes. The parent's
 * number is the first argument.
 */
export function watchParent(): void {
  const parent = Number(process.argv[2]);
  new Worker(builtFile(import.meta.url, "./parent-watch.js"), { workerData: parent, execArgv: [] }).unref();
}
