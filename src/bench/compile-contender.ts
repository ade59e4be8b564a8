import { createInterface } from "node:readline";
import { crossEntropy } from "../nn/losses.ts";
import { createModel } from "../nn/models.ts";
import { sgd } from "../optim/sgd.ts";
import { createNodeRuntime } from "../runtime/node.ts";
import { compileStep } from "../train/compiled-step.ts";
import { chooseLowering } from "../train/lowering.ts";
import { createModelCache } from "../train/node/model-cache.ts";

// Builds, lowers, encodes and loads a training step in a process that has done nothing else: MODEL BATCH SIZE THREADS FOLDER|none all|own.
const [name, batch, size, threads, folder, rewriting] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string,
];
const runtime = createNodeRuntime();
const { lowering } = await chooseLowering(runtime, "auto");

for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === "") break;
  const start = performance.now();
  const { session } = await compileStep({
    runtime,
    module: createModel(name).module,
    imageShape: [3, Number(size), Number(size)],
    batch: Number(batch),
    loss: crossEntropy,
    optimizer: sgd({ momentum: 0.9, weightDecay: 1e-4 }),
    lowering: { ...lowering, isFinal: rewriting === "own" && lowering.isFinal },
    session: { threads: Number(threads) },
    ...(folder === "none" ? {} : { cache: createModelCache(folder) }),
  });
  const seconds = [(performance.now() - start) / 1000];
  await session.release();
  process.stdout.write(`${JSON.stringify({ seconds, peakMegabytes: process.resourceUsage().maxRSS / 1000 })}\n`);
}
