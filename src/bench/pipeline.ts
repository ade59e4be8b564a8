import { mkdir, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mean } from "simple-statistics";
import { runInChild } from "../jobs/node/child-process.ts";
import { trainingJob } from "../tasks/node/training-job.ts";
import type { TrainingEvent, TrainingJob } from "../train/node/job.ts";
import { defaultRecipe } from "../train/recipe.ts";
import { randomStream } from "../tensor/random.ts";
import type { Benchmark } from "./benchmark.ts";
import { compareRates } from "./comparison.ts";
import { startContender } from "./contender.ts";

const BATCH = 128;
const STEPS = 80;
const ROUNDS = 5;
const RECORD = 1 + 3 * 32 * 32;

/** A data set that looks like CIFAR-10 to a trainer: whole, of random pixels. */
async function writeRecords(file: string, count: number): Promise<void> {
  const stream = randomStream(0, "benchmark records");
  const piece = Uint8Array.from({ length: RECORD * 1000 }, () => Math.floor(stream.uniform() * 256));
  for (let at = 0; at < piece.length; at += RECORD) piece[at] %= 10;
  const handle = await open(file, "w");
  for (let written = 0; written < count; written += 1000) await handle.writeFile(piece);
  await handle.close();
}

/** Seconds a step of a whole training: data read, cropped, flipped and trained on, from the first step's end to the last's. */
async function trainOnce(cache: string, out: string, threads: number): Promise<number> {
  const job: TrainingJob = {
    start: {
      model: "resnet20",
      modelOptions: {},
      data: "cifar10",
      limit: STEPS * BATCH,
      validation: 0,
      augmentation: { cropPadding: 4, flip: true },
      recipe: { ...defaultRecipe, epochs: 1, batch: BATCH, warmupSteps: 0 },
    },
    out,
    cache,
    lowering: "auto",
    session: { threads },
    workers: 1,
  };
  const ends: number[] = [];
  const onEvent = (event: TrainingEvent): void => {
    if (event.kind === "step") ends.push(performance.now());
  };
  await runInChild(trainingJob, job, { onEvent }).result;
  return (ends.at(-1)! - ends[0]) / 1000 / (ends.length - 1);
}

/** A training's steps beside bare ones: of each turn the mean, for what a training waits for now and then must count. */
export const pipelineBenchmark: Benchmark = {
  name: "resnet20-pipeline",
  against: "ourselves",
  run: async ({ threads, say }) => {
    const { name } = pipelineBenchmark;
    say(name);
    const folder = await mkdtemp(join(tmpdir(), "residua-bench-"));
    const data = join(folder, "cifar10");
    await mkdir(data);
    await writeRecords(join(data, "train.bin"), 50_000);
    await writeRecords(join(data, "test.bin"), 10_000);
    const script = fileURLToPath(new URL("./step-contender.js", import.meta.url));
    const options = ["resnet20", String(BATCH), "32", "auto", String(threads)];
    const bare = startContender("bare step", process.execPath, ["--expose-gc", script, ...options], "hugetlb");
    try {
      await bare.run(2);
      const whole: number[] = [];
      const alone: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        whole.push(await trainOnce(folder, join(folder, "out"), threads));
        alone.push(mean([...(await bare.run(STEPS / 2)).seconds]));
        await rm(join(folder, "out"), { recursive: true, force: true });
      }
      return [compareRates(name, BATCH, { ours: { seconds: whole }, peer: { seconds: alone }, peerName: bare.name })];
    } finally {
      await bare.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};
