import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type MachinePair, openMachinePair, whyNoMachines } from "../../src/bench/scale/machines.ts";
import { createModel } from "../../src/nn/models.ts";
import { parametersOf } from "../../src/nn/module.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { isThere, mpiLaunchers, smallTraining, trainByCommand, trainedFiles, writePhotos } from "../support/mpi.ts";

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

const optionsOf = (lowering: string, out: string): readonly string[] =>
  smallTraining({ data, out: join(folder, out), lowering, epochs: 2 });
const read = (out: string): readonly Buffer[] => trainedFiles(join(folder, out));

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
