import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTraining, type TrainingEvent, type TrainingJob } from "../../src/train/node/training.ts";
import { openTrainedNetwork } from "../../src/train/node/trained-network.ts";
import { defaultRecipe } from "../../src/train/recipe.ts";

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

const hashOf = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");

/** Trains until `step`, then asks it to stop. */
async function trainUntil(job: TrainingJob, step: number): Promise<string> {
  const running = startTraining(job, (event: TrainingEvent) => {
    if (event.kind === "step" && event.progress.step === step) running.stop();
  });
  return (await running.result).status;
}

describe("a training", () => {
  test("learns, keeps its best and last state, and exports the best network", async () => {
    const result = await startTraining(createJob("whole"), () => undefined).result;
    expect(result.status).toBe("done");
    expect(result.steps).toBe(36);
    expect(result.epochs.at(-1)!.trainLoss).toBeLessThan(result.epochs[0]!.trainLoss);
    expect(result.test!.count).toBe(10_000);
    expect(result.test!.accuracy).toBeGreaterThan(0.3);
    const { card, session } = await openTrainedNetwork(result.files.onnx!);
    expect(card.model.options.shortcut).toBe("pad");
    expect(session.outputNames).toEqual(["scores"]);
    await session.release();
  }, 300_000);

  // In mid epoch, at its end, and right after the start.
  test.each([5, 12, 1])(
    "that is stopped after step %i and resumed ends as the same file",
    async (step) => {
      const name = `stopped-${step}`;
      expect(await trainUntil(createJob(name), step)).toBe("stopped");
      const last = join(folder, name, "last.safetensors");
      const resumed = await startTraining(createJob(name, { start: { resume: last }, workers: 0 }), () => undefined)
        .result;
      expect(resumed.status).toBe("done");
      for (const file of ["last.safetensors", "best.safetensors", "model.onnx"]) {
        expect(hashOf(join(folder, name, file)), file).toBe(hashOf(join(folder, "whole", file)));
      }
    },
    300_000,
  );

  test("that is killed leaves its last checkpoint whole", async () => {
    const running = startTraining(createJob("killed"), (event) => {
      if (event.kind === "step" && event.progress.step === 15) running.kill();
    });
    await expect(running.result).rejects.toThrow(/training process: was ended by SIGKILL/);
    const resumed = await startTraining(
      createJob("killed", { start: { resume: join(folder, "killed", "last.safetensors") } }),
      () => undefined,
    ).result;
    expect(resumed.status).toBe("done");
    expect(hashOf(join(folder, "killed", "last.safetensors"))).toBe(hashOf(join(folder, "whole", "last.safetensors")));
  }, 300_000);

  test("whose loss is no longer finite says so and keeps the last good state", async () => {
    const job = createJob("diverged");
    const start = {
      ...job.start,
      recipe: { ...defaultRecipe, batch: 32, learningRate: 1e20, schedule: "constant" as const },
    };
    const result = await startTraining({ ...job, start }, () => undefined).result;
    expect(result.status).toBe("diverged");
    expect(statSync(result.files.last).size).toBeGreaterThan(1000);
  }, 300_000);
});

describe("a checkpoint", () => {
  test.each([
    ["cut off", (path: string) => truncateSync(path, statSync(path).size - 100), /cut off/],
    [
      "with a flipped bit",
      (path: string) => {
        const bytes = readFileSync(path);
        bytes[bytes.length - 5]! ^= 4;
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
    300_000,
  );
});
