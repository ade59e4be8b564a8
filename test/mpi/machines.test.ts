import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type MachinePair, openMachinePair, whyNoMachines } from "../../src/bench/scale/machines.ts";
import { createModel } from "../../src/nn/models.ts";
import { parametersOf } from "../../src/nn/module.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { isThere, mpiLaunchers, trainByCommand, writePhotos } from "../support/mpi.ts";

const why = whyNoMachines();

let folder: string;
let data: string;
let machines: MachinePair | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-machines-test-"));
  data = writePhotos(join(folder, "photos"));
  if (why === undefined) machines = openMachinePair();
});
afterAll(() => {
  machines?.remove();
  rmSync(folder, { recursive: true, force: true });
});

const small = "--model resnet8 --image-size 16 --batch-size 4 --epochs 2 --validation 0.3 --ema --threads 1 --no-store";
const optionsOf = (lowering: string, out: string): readonly string[] => [
  ...small.split(" "),
  "--data",
  data,
  "--lowering",
  lowering,
  "--out",
  join(folder, out),
];
const read = (out: string): readonly Buffer[] =>
  ["last.safetensors", "best.safetensors", "model.onnx"].map((name) => readFileSync(join(folder, out, name)));

/** Of 17 images to train on, each rank takes four in a step. */
const STEPS = 2 * 2;
const gradientBytes = Array.from(parametersOf(createModel("resnet8", { classes: 2 }).module).values()).reduce(
  (sum, { shape }) => sum + 4 * sizeOf(shape),
  0,
);

describe.skipIf(why !== undefined)(`two machines${why === undefined ? "" : ` are left out here: ${why}`}`, () => {
  describe.each(["portable", "blocked"])("with the %s lowering", (lowering) => {
    const alone = `alone ${lowering}`;
    beforeAll(async () => {
      await trainByCommand([], [...optionsOf(lowering, alone), "--accumulate", "2"]);
    });

    describe.each(mpiLaunchers)("two ranks of %s", (name, launcher) => {
      test.skipIf(!isThere(launcher))("leave the files of one process that accumulates their batches", async () => {
        const before = [machines!.sentBytes(0), machines!.sentBytes(1)];
        const shared = `${name} ${lowering}`;
        const ended = await trainByCommand(machines!.launcher(launcher.key), optionsOf(lowering, shared));
        expect(ended.code, ended.errors).toBe(0);
        // Over the cable, and not through this machine's memory.
        for (const machine of [0, 1] as const)
          expect(machines!.sentBytes(machine) - before[machine]).toBeGreaterThan(STEPS * gradientBytes);
        const expected = read(alone);
        for (const [index, bytes] of read(shared).entries()) expect(bytes.equals(expected[index])).toBe(true);
      });
    });
  });
});
