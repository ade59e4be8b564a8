import { createInterface } from "node:readline";
import { readFile } from "node:fs/promises";
import * as ort from "onnxruntime-node";
import { stepNames } from "../compile/step/names.ts";
import { createNodeRuntime } from "../runtime/node.ts";
import { randomStream } from "../tensor/random.ts";
import { sizeOf } from "../tensor/shape.ts";
import { float32 } from "../tensor/tensor.ts";

// Runs a network's file as `predict` and `evaluate` do, or as onnxruntime-node does by itself: residua|onnxruntime FILE BATCH SIZE THREADS.
const [side, file, batch, size, threads] = process.argv.slice(2) as [string, string, string, string, string];
const shape = [Number(batch), 3, Number(size), Number(size)];
const stream = randomStream(0, "benchmark images");
const images = Float32Array.from({ length: sizeOf(shape) }, () => stream.normal());

async function openOurs(): Promise<() => Promise<number>> {
  const session = await createNodeRuntime().load(await readFile(file), { threads: Number(threads) });
  return async () => {
    const results = await session.run({ [stepNames.images]: float32(shape, images) });
    return Number((await results[stepNames.scores].read()).data[0]);
  };
}

async function openPlain(): Promise<() => Promise<number>> {
  const session = await ort.InferenceSession.create(file, { intraOpNumThreads: Number(threads) });
  return async () => {
    const results = await session.run({ [stepNames.images]: new ort.Tensor("float32", images, shape) });
    return Number(results[stepNames.scores].data[0]);
  };
}

const run = await (side === "residua" ? openOurs() : openPlain());
for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === "") break;
  const seconds: number[] = [];
  for (let pass = 0; pass < Number(line); pass++) {
    const start = performance.now();
    await run();
    seconds.push((performance.now() - start) / 1000);
  }
  process.stdout.write(`${JSON.stringify({ seconds, peakMegabytes: process.resourceUsage().maxRSS / 1000 })}\n`);
}
