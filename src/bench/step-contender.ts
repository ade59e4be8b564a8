import { createInterface } from "node:readline";
import { createModel } from "../nn/models.ts";
import { sgd } from "../optim/sgd.ts";
import { createNodeRuntime } from "../runtime/node.ts";
import { randomStream } from "../tensor/random.ts";
import { sizeOf } from "../tensor/shape.ts";
import { float32, int64 } from "../tensor/tensor.ts";
import type { LoweringChoice } from "../compile/lowering.ts";
import { chooseLowering } from "../train/lowering.ts";
import { dataParallel } from "../train/strategies/data-parallel.ts";
import { createTrainer } from "../train/trainer.ts";
import { joinLaunched } from "./scale/place.ts";

// Our side of the benchmarks: MODEL BATCH SIZE LOWERING THREADS; see bench/torch_step.py for the other. Ranks that an MPI launcher
// started take their steps together, a batch each; rank 0 answers.
const [name, batchText, sizeText, lowering, threads] = process.argv.slice(2);
const batch = Number(batchText);
const imageShape = [3, Number(sizeText), Number(sizeText)];
const runtime = createNodeRuntime();
const chosen = await chooseLowering(runtime, lowering as LoweringChoice);
const joined = await joinLaunched(process.env);
const createSteps = joined === undefined ? createTrainer : dataParallel(joined.collective);
const trainer = await createSteps({
  runtime,
  module: createModel(name).module,
  imageShape,
  batch,
  ...(joined === undefined ? {} : { accumulate: joined.collective.size }),
  optimizer: sgd({ momentum: 0.9, weightDecay: 1e-4 }),
  lowering: chosen.lowering,
  session: { threads: Number(threads) },
  seed: 0,
});
const stream = randomStream(0, "benchmark images");
const images = float32(
  [batch, ...imageShape],
  Float32Array.from({ length: batch * sizeOf(imageShape) }, () => stream.normal()),
);
const labels = int64(
  [batch],
  Array.from({ length: batch }, (_, index) => index % 10),
);

for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === "") break;
  const seconds: number[] = [];
  // Ranks begin together.
  await joined?.collective.allReduce(new Float32Array(1));
  for (let step = 0; step < Number(line); step++) {
    const start = performance.now();
    await trainer.step({ images, labels }, 0.05);
    seconds.push((performance.now() - start) / 1000);
  }
  if (joined === undefined || joined.collective.rank === 0)
    process.stdout.write(`${JSON.stringify({ seconds, peakMegabytes: process.resourceUsage().maxRSS / 1000 })}\n`);
}
await trainer.release();
joined?.leave();
