import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Running } from "../../src/jobs/job.ts";
import { runInChild } from "../../src/jobs/node/child-process.ts";
import { trainingJob } from "../../src/tasks/node/training-job.ts";
import type { FreshTraining, TrainingEvent, TrainingJob, TrainingResult } from "../../src/train/node/job.ts";
import { openTrainedNetwork } from "../../src/networks/node/open.ts";
import { defaultRecipe } from "../../src/train/recipe.ts";

const startTraining = (
  job: TrainingJob,
  onEvent: (event: TrainingEvent) => void,
): Running<TrainingEvent, TrainingResult> => runInChild(trainingJob, job, { onEvent });

/** Generous: it ends a hang, nothing else. */
const timeout = 300_000;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-training-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Three epochs of twelve steps on the first MNIST images. */
function createJob(name: string, change: Partial<TrainingJob> = {}): TrainingJob {
  return {
    start: {
      model: "resnet8",
      modelOptions: { shortcut: "pad" },
      data: "mnist",
      limit: 480,
      validation: 0.2,
      augmentation: { cropPadding: 2, flip: false },
      recipe: { ...defaultRecipe, epochs: 3, batch: 32, seed: 5 },
    },
    out: join(folder, name),
    cache: join(folder, "cache"),
    lowering: "auto",
    session: { threads: 1 },
    workers: 1,
    ...change,
  };
}

/** Goes on with it where it is. */
function createResumed(name: string): TrainingJob {
  const { out: _, ...job } = createJob(name, { start: { resume: join(folder, name) } });
  return job;
}

const hashOf = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");

/** @throws unless the training left what the uninterrupted one left */
function expectSameFiles(name: string): void {
  for (const file of ["last.safetensors", "best.safetensors", "model.onnx"]) {
    expect(hashOf(join(folder, name, file)), file).toBe(hashOf(join(folder, "whole", file)));
  }
}

/** Trains until `step`, then asks it to stop. @returns whether it was over by then, which tells nothing */
async function isOverBefore(job: TrainingJob, step: number): Promise<boolean> {
  const running = startTraining(job, (event: TrainingEvent) => {
    if (event.kind === "step" && event.progress.step === step) running.stop();
  });
  const { status } = await running.result;
  expect(status).toMatch(/^(stopped|done)$/);
  return status === "done";
}

const late = "the training was over before the message reached it";

describe("a training", () => {
  test(
    "learns, keeps its best and last state, and exports the best network",
    async () => {
      const result = await startTraining(createJob("whole"), () => undefined).result;
      expect(result.status).toBe("done");
      expect(result.steps).toBe(36);
      expect(result.epochs.at(-1)!.training.loss).toBeLessThan(result.epochs[0].training.loss);
      expect(result.test!.count).toBe(10_000);
      expect(result.test!.measures["accuracy"]).toBeGreaterThan(0.3);
      const { card, session } = await openTrainedNetwork(result.files.onnx!);
      expect(card.model.options.shortcut).toBe("pad");
      expect(session.outputNames).toEqual(["scores"]);
      await session.release();
    },
    timeout,
  );

  // In mid epoch, at its end, and right after the start.
  test.for([5, 12, 1])(
    "that is stopped after step %i and resumed ends as the same file",
    { timeout },
    async (step, { skip }) => {
      const name = `stopped-${step}`;
      skip(await isOverBefore(createJob(name), step), late);
      const resumed = await startTraining({ ...createResumed(name), workers: 0 }, () => undefined).result;
      expect(resumed.status).toBe("done");
      expectSameFiles(name);
    },
  );

  test.for([
    ["in mid epoch", (event: TrainingEvent) => event.kind === "step" && event.progress.step === 15],
    // What an epoch's end says comes right before its checkpoints are written.
    ["while it writes its checkpoints", (event: TrainingEvent) => event.kind === "epoch" && event.record.epoch === 2],
  ] as const)(
    "that is killed %s leaves a checkpoint that goes on to the same end",
    { timeout },
    async ([when, isTime], { skip }) => {
      const name = `killed ${when}`;
      const running = startTraining(createJob(name), (event) => isTime(event) && running.kill());
      const end = await running.result.catch(String);
      skip(typeof end !== "string", late);
      expect(end).toMatch(/training process: was ended, as asked/);
      const resumed = await startTraining(createResumed(name), () => undefined).result;
      expect(resumed.status).toBe("done");
      expectSameFiles(name);
    },
  );

  test("that goes on in another folder takes its best checkpoint along", { timeout }, async ({ skip }) => {
    skip(await isOverBefore(createJob("moved-from"), 13), late);
    const job = createJob("moved-to", { start: { resume: join(folder, "moved-from") } });
    expect((await startTraining(job, () => undefined).result).status).toBe("done");
    expectSameFiles("moved-to");
  });

  test("does not go on beside the best checkpoint of another one", { timeout }, async () => {
    await isOverBefore(createJob("mixed"), 13);
    const other = createJob("other");
    const recipe = { ...defaultRecipe, epochs: 1, batch: 32, seed: 6 };
    await startTraining({ ...other, start: { ...(other.start as FreshTraining), recipe } }, () => undefined).result;
    copyFileSync(join(folder, "other", "best.safetensors"), join(folder, "mixed", "best.safetensors"));
    await expect(startTraining(createResumed("mixed"), () => undefined).result).rejects.toThrow(
      /best\.safetensors: is not the best epoch of the resumed training/,
    );
  });

  test(
    "whose loss is no longer finite says so and keeps the last good state",
    async () => {
      const job = createJob("diverged");
      const start = {
        ...job.start,
        recipe: { ...defaultRecipe, batch: 32, learningRate: 1e20, schedule: "constant" as const },
      };
      const result = await startTraining({ ...job, start }, () => undefined).result;
      expect(result.status).toBe("diverged");
      expect(result.reason).toMatch(
        /^training: (loss|gradient norm) is (NaN|infinite) at step \d+; lower the learning rate$/,
      );
      expect(statSync(result.files.last).size).toBeGreaterThan(1000);
    },
    timeout,
  );
});

describe("a checkpoint", () => {
  test.each([
    ["truncated", (path: string) => truncateSync(path, statSync(path).size - 100), /truncated/],
    [
      "with a flipped bit",
      (path: string) => {
        const bytes = readFileSync(path);
        bytes[bytes.length - 5] ^= 4;
        writeFileSync(path, bytes);
      },
      /checksum/,
    ],
    ["that is none", (path: string) => writeFileSync(path, "hello"), /too few|no safetensors/],
  ])(
    "%s is refused in one line",
    async (_, damage, message) => {
      const path = join(folder, "damaged.safetensors");
      writeFileSync(path, readFileSync(join(folder, "whole", "last.safetensors")));
      damage(path);
      const job = createJob("from-damaged", { start: { resume: path } });
      await expect(startTraining(job, () => undefined).result).rejects.toThrow(message);
    },
    timeout,
  );
});

describe("a finished training that is to have more epochs", () => {
  const recipe = { ...defaultRecipe, epochs: 2, batch: 32, seed: 5 };
  const begin = async (name: string, own: typeof recipe): Promise<void> => {
    const { start } = createJob(name);
    await startTraining(createJob(name, { start: { ...(start as FreshTraining), recipe: own } }), () => undefined)
      .result;
  };
  const extend = async (name: string, epochs: number): Promise<readonly TrainingEvent[]> => {
    const events: TrainingEvent[] = [];
    const { out: _, ...job } = createJob(name, { start: { resume: join(folder, name), epochs } });
    const result = await startTraining(job, (event) => events.push(event)).result;
    expect([result.status, result.epochs.length]).toEqual(["done", epochs]);
    return events;
  };

  test(
    "ends as if it had been begun with them, if its learning rate is constant",
    async () => {
      const constant = { ...recipe, schedule: "constant", learningRate: 0.01 } as const;
      await begin("long", { ...constant, epochs: 3 });
      await begin("extended", constant);
      await extend("extended", 3);
      for (const file of ["last.safetensors", "model.onnx"])
        expect(hashOf(join(folder, "extended", file))).toBe(hashOf(join(folder, "long", file)));
    },
    timeout,
  );

  test(
    "says that the schedule is that of the new length, and may not have fewer",
    async () => {
      await begin("one-cycle", recipe);
      const before = hashOf(join(folder, "one-cycle", "last.safetensors"));
      await expect(extend("one-cycle", 1)).rejects.toThrow(
        /^epochs: can be raised, not lowered: .* began with 2, got 1$/,
      );
      expect(hashOf(join(folder, "one-cycle", "last.safetensors"))).toBe(before);
      const events = await extend("one-cycle", 3);
      const notes = events.flatMap((event) => (event.kind === "note" ? [event.text] : []));
      expect(notes).toContain(
        "2 of 3 epochs are done, 2 were planned; the one-cycle schedule is that of 3 epochs from here on",
      );
      expect(events.filter(({ kind }) => kind === "epoch")).toHaveLength(1);
    },
    timeout,
  );
});
