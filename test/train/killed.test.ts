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
  const lost: number[] = [];
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
          if (isFirst) lost.push(before - event.progress.step);
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
  for (const steps of lost) expect(steps).toBeLessThanOrEqual(0);
  for (const file of ["last.safetensors", "best.safetensors", "model.onnx"])
    expect(readFileSync(join(job.out!, file)).equals(readFileSync(join(whole.out!, file))), file).toBe(true);
  // What was being written when it was killed may be left beside them; the lock is not.
  expect(readdirSync(job.out!)).not.toContain(".residua-lock");
}, 300_000);

test("two trainings do not write to one folder", async () => {
  const { start, ...place } = createJob("shared");
  if (!("recipe" in start)) throw new Error("a fresh training has a recipe");
  // So long that it ends by being stopped, however late the other one begins.
  const job = { ...place, start: { ...start, recipe: { ...start.recipe, epochs: 1000 } } };
  const refusals: Promise<string>[] = [];
  const first = runInChild(trainingJob, job, {
    onEvent: (event) => {
      if (event.kind === "start") refusals.push(second());
    },
  });
  const second = async (): Promise<string> => {
    try {
      await runInChild(trainingJob, job).result;
      return "not refused";
    } catch (error) {
      return error instanceof Error ? error.message : "no error";
    } finally {
      first.stop();
    }
  };
  await first.result;
  const [refusal] = await Promise.all(refusals);
  expect(refusal).toMatch(/shared: process \d+ on .+ has been writing to it since .+; wait for its end/);
}, 300_000);
