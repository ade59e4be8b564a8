import { parseDevice } from "../../runtime/device.ts";
import { nameDevice, openDevice } from "../../runtime/node/devices/open-device.ts";
import { sgd } from "../../optim/sgd.ts";
import { errorMessage } from "../../tensor/errors.ts";
import { randomStream } from "../../tensor/random.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { float32, int64 } from "../../tensor/tensor.ts";
import { chooseLowering } from "../../train/lowering.ts";
import { createTrainer } from "../../train/trainer.ts";
import { gpuCases } from "./cases.ts";
import type { GpuMeasured } from "./measured.ts";

// One case on one device: CASE DEVICE SECONDS. Answers with a line of JSON.
const [name, deviceName, seconds] = process.argv.slice(2);
const LEARNING_RATE = 0.05;
/** Enough for a median. */
const FEWEST_STEPS = 3;

async function measure(): Promise<GpuMeasured> {
  const { batch, imageShape, largestLabel, parts } = gpuCases[name];
  const begin = performance.now();
  const opened = await openDevice(parseDevice(deviceName));
  const { lowering } = await chooseLowering(opened.runtime, "portable");
  const { labelShape = [], ...options } = parts();
  const trainer = await createTrainer({
    optimizer: sgd({ momentum: 0.9, weightDecay: 1e-4 }),
    ...options,
    labelShape,
    runtime: opened.runtime,
    lowering,
    imageShape,
    batch,
    seed: 0,
  });
  const stream = randomStream(0, "benchmark images");
  const pixels = Float32Array.from({ length: batch * sizeOf(imageShape) }, () => stream.normal());
  const count = batch * sizeOf(labelShape);
  const labels = Array.from({ length: count }, (_, index) => index % largestLabel);
  const images = { images: float32([batch, ...imageShape], pixels), labels: int64([batch, ...labelShape], labels) };
  const losses: number[] = [];
  const step = async (): Promise<number> => {
    const start = performance.now();
    const { loss } = await trainer.step(images, LEARNING_RATE);
    losses.push(loss);
    return (performance.now() - start) / 1000;
  };
  // The first one compiles the device's programs.
  await step();
  const preparing = (performance.now() - begin) / 1000;
  const steps: number[] = [];
  const limit = performance.now() + 1000 * Number(seconds);
  while (steps.length < FEWEST_STEPS || performance.now() < limit) steps.push(await step());
  await trainer.release();
  return { device: nameDevice(opened) ?? "cpu", preparing, losses: losses.slice(0, FEWEST_STEPS), seconds: steps };
}

try {
  process.stdout.write(`${JSON.stringify(await measure())}\n`);
} catch (error) {
  process.stdout.write(`${JSON.stringify({ problem: errorMessage(error) })}\n`);
}
