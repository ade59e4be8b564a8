import { Worker } from "node:worker_threads";
import { builtFile } from "../../../files/node.ts";
import { describeError } from "../../../jobs/remote-error.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { createNodeRuntime } from "../../node.ts";
import type { Session } from "../../runtime.ts";
import type { GuardedAnswer, GuardedOrder } from "./protocol.ts";

let session: Session | undefined;

async function obey(order: GuardedOrder): Promise<GuardedAnswer> {
  if (order.kind === "load") {
    const watch = builtFile(import.meta.url, "./memory-watch.js");
    new Worker(watch, { workerData: order.memory, execArgv: [] }).unref();
    session = await createNodeRuntime(order.device).load(order.model, order.options);
    const { inputs, outputs, inputNames, outputNames } = session;
    return { kind: "loaded", inputs, outputs, inputNames, outputNames };
  }
  const results = await session!.run(order.feeds, order.fetches);
  const outputs: Record<string, Tensor> = {};
  for (const [name, result] of Object.entries(results)) outputs[name] = await result.read();
  return { kind: "ran", outputs };
}

process.on("message", (order: GuardedOrder) => {
  void obey(order)
    .catch((error: unknown): GuardedAnswer => ({ kind: "failed", error: describeError(error) }))
    .then((answer) => process.send!(answer));
});
process.once("disconnect", () => process.exit());
