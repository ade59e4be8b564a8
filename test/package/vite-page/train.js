import { runInWorker, trainingJob } from "residua/train/web";
import { makeJob } from "./job.js";

const training = trainingJob(() => new Worker(new URL("./train-worker.js", import.meta.url), { type: "module" }));

async function train() {
  /** @type {number[]} */
  const losses = [];
  let epochs = 0;
  const running = runInWorker(training, { ...makeJob(), threads: 2 });
  for await (const event of running) {
    if (event.kind === "step") losses.push(event.progress.stepLoss);
    if (event.kind === "epoch") epochs++;
  }
  const { status, onnx } = await running.result;
  return { status, onnx: Array.from(onnx), losses, epochs };
}

/** Asks to stop as soon as the first step is reported. */
async function trainOneStep() {
  const running = runInWorker(
    training,
    { ...makeJob(), threads: 2 },
    { onEvent: ({ kind }) => kind === "step" && running.stop() },
  );
  const { status, place } = await running.result;
  return { status, step: place.step };
}

async function refuse() {
  const job = makeJob();
  const network = { ...job.network, imageShape: /** @type {const} */ ([1, 9, 9]) };
  return runInWorker(training, { ...job, network }).result.then(String, (error) => `${error.name}: ${error.message}`);
}

const run = async () => ({
  ...(await train()),
  stopped: await trainOneStep(),
  refusal: await refuse(),
  isolated: globalThis.crossOriginIsolated,
});

Object.assign(globalThis, { result: run().catch((error) => ({ error: String(error) })) });
