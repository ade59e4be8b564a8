import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createModel } from "../../src/nn/models.ts";
import { parametersOf } from "../../src/nn/module.ts";
import { type Checkpoint, type CheckpointNotes, decodeCheckpoint } from "../../src/train/checkpoint.ts";
import type { TrainingState } from "../../src/train/trainer.ts";
import { isThere, mpiLaunchers, trainByCommand, writePhotos } from "../support/mpi.ts";

let folder: string;
let data: string;
let fewer: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-many-ranks-"));
  data = writePhotos(join(folder, "photos"), { train: 40, test: 4 });
  fewer = writePhotos(join(folder, "fewer"), { train: 20, test: 4 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [, openMpi] = mpiLaunchers[0];
const small = "--model resnet8 --image-size 16 --batch-size 4 --validation 0.2 --ema --threads 1 --no-store";
const optionsOf = (out: string, ...more: readonly string[]): readonly string[] => [
  ...small.split(" "),
  "--data",
  data,
  "--out",
  join(folder, out),
  ...more,
];
const checkpointOf = (out: string): Checkpoint => {
  const path = join(folder, out, "last.safetensors");
  return decodeCheckpoint(readFileSync(path), path);
};
const stateOf = (out: string): TrainingState => checkpointOf(out).state as TrainingState;
const notesOf = (out: string): CheckpointNotes => checkpointOf(out).notes;
const launched = (ranks: number): readonly string[] => [...openMpi.command, "-n", String(ranks)];

describe.each(mpiLaunchers)("four ranks of %s", (name, launcher) => {
  // Ranks compare a hash of all they hold at the end of each epoch, so that one with other bits would end the training.
  test.skipIf(!isThere(launcher))("train two steps as one process that accumulates four batches", async () => {
    const options = (out: string): readonly string[] =>
      optionsOf(out, "--data", fewer, "--epochs", "1", "--lowering", "portable");
    const alone = await trainByCommand([], [...options(`one ${name}`), "--accumulate", "4"]);
    expect(alone.code, alone.errors).toBe(0);
    const four = await trainByCommand([...launcher.command, "-n", "4"], options(`four ${name}`));
    expect(four.code, four.errors).toBe(0);
    expect(four.errors).toContain("epoch 1, step 1/2");
    const [expected, actual] = [stateOf(`one ${name}`), stateOf(`four ${name}`)];
    for (const parameter of parametersOf(createModel("resnet8", { classes: 2 }).module).keys()) {
      const [values, others] = [expected.get(parameter)!.data, actual.get(parameter)!.data];
      const scale = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
      const worst = values.reduce((most, value, at) => Math.max(most, Math.abs(value - others[at])), 0);
      // They add (a + b) + (c + d) where one process adds ((a + b) + c) + d.
      expect(worst / scale, parameter).toBeLessThanOrEqual(1e-6);
    }
  });

  test.skipIf(!isThere(launcher))("end at once, in one line, when rank 0 cannot write", async () => {
    // Where the checkpoint of the best epoch should be, as when a disk is full.
    mkdirSync(join(folder, `full ${name}`, "best.safetensors"), { recursive: true });
    // The others would wait as long as rank 0 takes for what is not a step.
    const { code, errors } = await trainByCommand(
      [...launcher.command, "-n", "4"],
      optionsOf(`full ${name}`, "--epochs", "1"),
    );
    expect(code).not.toBe(0);
    expect(errors.split("\n").filter((line) => line.startsWith("residua: "))).toEqual([
      expect.stringContaining("best.safetensors: cannot write: is a folder"),
    ]);
  });
});

test.each(mpiLaunchers)(
  "two ranks of %s leave the bits of one process in the portable lowering",
  async (name, launcher) => {
    const options = (out: string) => optionsOf(out, "--epochs", "1", "--lowering", "portable");
    const single = await trainByCommand([], [...options(`alone ${name}`), "--accumulate", "2"]);
    const shared = await trainByCommand([...launcher.command, "-n", "2"], options(name));
    expect([single.code, shared.code], shared.errors).toEqual([0, 0]);
    for (const file of ["last.safetensors", "best.safetensors", "model.onnx"])
      expect(readFileSync(join(folder, name, file)).equals(readFileSync(join(folder, `alone ${name}`, file)))).toBe(
        true,
      );
  },
);

test.each(mpiLaunchers)("two ranks of %s with joined batch norms follow one batch of both", async (name, launcher) => {
  // A step an epoch, so that each step's loss is recorded; a low rate, since trainings that round differently drift apart.
  const calm = ["--limit", "20", "--epochs", "5", "--lr", "0.01", "--schedule", "constant", "--lowering", "portable"];
  const options = (out: string, batch: number) => optionsOf(out, ...calm, "--batch-size", String(batch));
  const single = await trainByCommand([], options(`one ${name}`, 16));
  const shared = await trainByCommand(
    [...launcher.command, "-n", "2"],
    [...options(`joined ${name}`, 8), "--sync-batch-norm"],
  );
  expect([single.code, shared.code], shared.errors).toEqual([0, 0]);
  const [expected, actual] = [`one ${name}`, `joined ${name}`].map((out) =>
    notesOf(out).place.epochs.map(({ training }) => training.loss),
  );
  expect(actual).toHaveLength(5);
  for (const [step, loss] of expected.entries())
    expect(Math.abs(actual[step] - loss) / loss, `step ${step + 1}`).toBeLessThan(1e-5);
});

/** The process that trains for a rank: its parent is the one that the launcher started. */
function findTrainingProcess(rank: number): number | undefined {
  const textOf = (pid: string, file: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, "utf8");
    } catch {
      return "";
    }
  };
  const found = readdirSync("/proc").find(
    (pid) =>
      /^\d+$/.test(pid) &&
      textOf(pid, "cmdline").includes("tasks/node/worker.js") &&
      textOf(pid, "environ").includes(`OMPI_COMM_WORLD_RANK=${rank}\0`) &&
      textOf(pid, "environ").includes(`RESIDUA_TEST=${folder}\0`),
  );
  return found === undefined ? undefined : Number(found);
}

test.skipIf(!isThere(openMpi))(
  "a rank that is killed ends all within 30 s, and resuming reaches the uninterrupted bits",
  async () => {
    const long = ["--epochs", "12"] as const;
    const whole = await trainByCommand(launched(2), optionsOf("whole", ...long));
    expect(whole.code, whole.errors).toBe(0);
    let killedAt: number | undefined;
    const killed = await trainByCommand(launched(2), optionsOf("killed", ...long), {
      environment: { RESIDUA_TEST: folder },
      watch: (_, said) => {
        const found = said.includes("epoch 3:") && killedAt === undefined ? findTrainingProcess(1) : undefined;
        if (found === undefined) return;
        killedAt = performance.now();
        process.kill(found, "SIGKILL");
      },
    });
    expect(killed.code).not.toBe(0);
    expect(performance.now() - killedAt!).toBeLessThan(30_000);
    expect(killed.errors).toContain("rank 1: training process");
    const resumed = await trainByCommand(launched(2), [
      "--resume",
      join(folder, "killed"),
      "--threads",
      "1",
      "--no-store",
    ]);
    expect(resumed.code, resumed.errors).toBe(0);
    for (const name of ["last.safetensors", "best.safetensors", "model.onnx"])
      expect(readFileSync(join(folder, "killed", name)).equals(readFileSync(join(folder, "whole", name))), name).toBe(
        true,
      );
  },
);

test.skipIf(!isThere(openMpi))(
  "a rank that falls silent: rank 0 leaves a checkpoint and says so in a line",
  async () => {
    let stopped: number | undefined;
    const ended = await trainByCommand(launched(2), optionsOf("silent", "--epochs", "1000", "--rank-timeout", "4"), {
      environment: { RESIDUA_TEST: folder },
      watch: (_, said) => {
        if (!said.includes("epoch 2:") || stopped !== undefined) return;
        stopped = findTrainingProcess(1);
        if (stopped !== undefined) process.kill(stopped, "SIGSTOP");
      },
    });
    // Stopped, it cannot see that its parent is gone.
    process.kill(stopped!, "SIGKILL");
    expect(ended.code).not.toBe(0);
    expect(ended.errors).toContain("ranks: no answer for 4 s: another rank is gone or stuck; resume when all are back");
    expect(stateOf("silent").size).toBeGreaterThan(0);
  },
);
