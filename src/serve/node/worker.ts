import { FormatError, OptionError, ResiduaError, UnsupportedError } from "../../tensor/errors.ts";
import { DeviceLostError } from "../../runtime/device-failure.ts";
import { RequestError } from "../protocol/request-error.ts";
import { loadRunner, type ModelRunner } from "./model-runner.ts";
import { predictImage } from "./predict-image.ts";
import type { InferWork, PredictWork, Work } from "./work.ts";
import type { PlainError, PlainOutcome, WorkerAnswer, WorkerOrder } from "./worker-protocol.ts";

// Computes for the gate, one order after the other. ONNX Runtime's run blocks this process, never the gate.

const runners = new Map<string, ModelRunner>();

/** Whether the device is gone: no session answers any more, so that another worker has to take this one's place. */
let isLost = false;

const send = (answer: WorkerAnswer): void => {
  if (process.connected) process.send!(answer, undefined, undefined, () => isLost && process.exit(1));
};

function toPlain(error: unknown): PlainError {
  isLost ||= error instanceof DeviceLostError;
  if (error instanceof RequestError) return { status: error.status, where: error.where, detail: error.detail };
  // An image that cannot be read, or an option that is not known, is the client's.
  if (error instanceof FormatError || error instanceof OptionError || error instanceof UnsupportedError)
    return { status: 400, where: error.where, detail: error.detail };
  if (error instanceof ResiduaError) return { status: 500, where: error.where, detail: error.detail };
  return { status: 500, where: "worker", detail: error instanceof Error ? error.message : String(error) };
}

async function inferAll(runner: ModelRunner, batch: readonly InferWork[]): Promise<readonly PlainOutcome[]> {
  const run = (part: readonly InferWork[]): ReturnType<ModelRunner["infer"]> =>
    runner.infer(
      part.map(({ inputs }) => inputs),
      part[0].outputs,
    );
  try {
    return (await run(batch)).map((value) => ({ value }));
  } catch (error) {
    if (batch.length === 1) return [{ error: toPlain(error) }];
  }
  // One of them is at fault: alone, each gets its own answer.
  const outcomes: PlainOutcome[] = [];
  for (const one of batch) outcomes.push(...(await inferAll(runner, [one])));
  return outcomes;
}

async function runBatch(key: string, batch: readonly Work[]): Promise<readonly PlainOutcome[]> {
  const runner = runners.get(key);
  if (runner === undefined)
    return batch.map(() => ({ error: { status: 404, where: "model", detail: "is not loaded" } }));
  const [first] = batch;
  if (first.kind === "infer") return inferAll(runner, batch as readonly InferWork[]);
  const outcomes: PlainOutcome[] = [];
  for (const work of batch as readonly PredictWork[])
    try {
      outcomes.push({ value: await predictImage(runner, work) });
    } catch (error) {
      outcomes.push({ error: toPlain(error) });
    }
  return outcomes;
}

async function obey(order: WorkerOrder): Promise<WorkerAnswer> {
  const { id } = order;
  if (order.kind === "run") {
    const begun = performance.now();
    const outcomes = await runBatch(order.key, order.batch);
    return { kind: "ran", id, outcomes, milliseconds: performance.now() - begun };
  }
  if (order.kind === "unload") {
    const runner = runners.get(order.key);
    runners.delete(order.key);
    await runner?.session.release();
    return { kind: "unloaded", id };
  }
  const runner = await loadRunner(order.model);
  runners.set(order.model.key, runner);
  return { kind: "loaded", id, loaded: { signature: runner.signature, measured: runner.measured } };
}

let last: Promise<unknown> = Promise.resolve();
process.on("message", (order: WorkerOrder) => {
  last = last.then(async () => {
    try {
      send(await obey(order));
    } catch (error) {
      send({ kind: "failed", id: order.id, error: toPlain(error) });
    }
  });
});
process.once("disconnect", () => process.exit());
send({ kind: "ready" });
