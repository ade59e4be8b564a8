import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runInChild } from "../../src/jobs/node/child-process.ts";
import { trainingJob } from "../../src/tasks/node/training-job.ts";
import { randomStream } from "../../src/tensor/random.ts";
import { defaultRecipe } from "../../src/train/recipe.ts";
import type { TrainingJob } from "../../src/train/node/job.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-killed-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Two epochs of six steps, kept after every step. */
function createJob(name: string): TrainingJob {
  return {
    start: {
      model: "resnet8",
      modelOptions: { shortcut: "pad" },
      data: "mnist",
      limit: 240,
      validation: 0.2,
      augmentation: { cropPadding: 2, flip: false },
      recipe: { ...defaultRecipe, epochs: 2, batch: 32, seed: 5, average: 0.9 },
    },
    out: join(folder, name),
    cache: join(folder, "cache"),
    lowering: "auto",
    session: { threads: 1 },
    workers: 1,
    checkpointSeconds: 0,
  };
}

test("a training that is killed again and again at any moment ends in the same bytes, and each time loses a step at most", async () => {
  const whole = createJob("whole");
  await runInChild(trainingJob, whole).result;
  const job = createJob("killed");
  const last = join(job.out!, "last.safetensors");
  const draw = randomStream(7, "kills");
  let [reached, kills] = [0, 0];
  for (let attempt = 0; ; attempt++) {
    const start = existsSync(last) ? { resume: job.out! } : job.start;
    let [before, isFirst] = [reached, true];
    const running = runInChild(
      trainingJob,
      { ...job, start },
      {
        onEvent: (event) => {
          if (event.kind !== "step") return;
          // What was reported may not have been kept yet; what came before that was.
          if (isFirst) expect(event.progress.step).toBeGreaterThanOrEqual(before);
          isFirst = false;
          reached = event.progress.step;
          // Within the step, its checkpoint, a validation or the end, as chance has it.
          if (attempt < 4 && draw.uniform() < 0.4) void wait(80 * draw.uniform()).then(() => running.kill());
        },
      },
    );
    const isDone = await running.result.then(
      () => true,
      () => false,
    );
    if (isDone) break;
    before = reached;
    kills++;
  }
  expect(kills).toBeGreaterThan(1);
  for (const file of ["last.safetensors", "best.safetensors", "model.onnx"])
    expect(readFileSync(join(job.out!, file)).equals(readFileSync(join(whole.out!, file))), file).toBe(true);
  // What was being written when it was killed may be left beside them; the lock is not.
  expect(readdirSync(job.out!)).not.toContain(".residua-lock");
}, 300_000);

test("two trainings do not write to one folder", async () => {
  const job = createJob("shared");
  const first = runInChild(trainingJob, job, {
    onEvent: (event) => {
      if (event.kind === "start") void second();
    },
  });
  let refused: unknown;
  const second = async (): Promise<void> => {
    refused = await runInChild(trainingJob, job).result.catch((error: unknown) => error);
    first.stop();
  };
  await first.result;
  while (refused === undefined) await wait(20);
  expect(String(refused)).toMatch(/shared: process \d+ on .+ has been writing to it since .+; wait for its end/);
}, 300_000);
