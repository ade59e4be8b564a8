import { startTraining } from "residua/train/web";
import { makeJob } from "./job.js";

const openWorker = () => new Worker(new URL("./train-worker.js", import.meta.url), { type: "module" });

async function train() {
  /** @type {number[]} */
  const losses = [];
  let epochs = 0;
  const { result } = startTraining(openWorker(), { ...makeJob(), threads: 2 }, (event) => {
    if (event.kind === "step") losses.push(event.progress.stepLoss);
    else epochs++;
  });
  const { status, onnx } = await result;
  return { status, onnx: Array.from(onnx), losses, epochs };
}

/** Asks to stop as soon as the first step is reported. */
async function trainOneStep() {
  const training = startTraining(openWorker(), { ...makeJob(), threads: 2 }, () => training.stop());
  const { status, place } = await training.result;
  return { status, step: place.step };
}

async function refuse() {
  const job = makeJob();
  const network = { ...job.network, imageShape: /** @type {const} */ ([1, 9, 9]) };
  return startTraining(openWorker(), { ...job, network }).result.then(String, (error) => error.message);
}

const run = async () => ({
  ...(await train()),
  stopped: await trainOneStep(),
  refusal: await refuse(),
  isolated: globalThis.crossOriginIsolated,
});

Object.assign(globalThis, { result: run().catch((error) => ({ error: String(error) })) });
