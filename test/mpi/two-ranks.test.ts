import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Checkpoint, decodeCheckpoint } from "../../src/train/checkpoint.ts";
import { relativeError } from "../support/golden.ts";
import { isThere, mpiLaunchers, smallTraining, trainByCommand, trainedFiles, writePhotos } from "../support/mpi.ts";

let folder: string;
let data: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-mpi-"));
  data = writePhotos(join(folder, "photos"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const optionsOf = (lowering: string, out: string): readonly string[] =>
  smallTraining({ data, out: join(folder, out), lowering });
const read = (out: string): readonly Buffer[] => trainedFiles(join(folder, out));

/** The training of one process that accumulates two batches, made once. */
let alone: Promise<readonly Buffer[]> | undefined;
function trainAlone(): Promise<readonly Buffer[]> {
  alone ??= trainByCommand([], [...optionsOf("auto", "alone"), "--accumulate", "2"]).then(() => read("alone"));
  return alone;
}

/** The training of one process by batches of both ranks' images, made once. @returns its folder */
let joined: Promise<string> | undefined;
function trainJoined(): Promise<string> {
  const [out, args] = ["one batch", [...optionsOf("auto", "one batch"), "--batch-size", "8"]];
  joined ??= trainByCommand([], args).then(() => out);
  return joined;
}

function checkpointOf(out: string): Checkpoint {
  const path = join(folder, out, "last.safetensors");
  return decodeCheckpoint(readFileSync(path), path);
}

describe.each(mpiLaunchers)("two ranks of %s", (name, launcher) => {
  test.skipIf(!isThere(launcher))("leave the files of one process that accumulates their batches", async () => {
    const ended = await trainByCommand([...launcher.command, "-n", "2"], optionsOf("auto", name));
    expect(ended.code, ended.errors).toBe(0);
    expect(ended.errors).toContain("2 ranks × 4 = 8 images a step");
    const expected = await trainAlone();
    for (const [index, bytes] of read(name).entries()) expect(bytes.equals(expected[index])).toBe(true);
    // Rank 0 alone speaks.
    expect(ended.output.match(/Network: /g)).toHaveLength(1);
  });

  test.skipIf(!isThere(launcher))("join their batch norms into those of one batch", async () => {
    const out = `${name} joined`;
    const args = [...optionsOf("auto", out), "--sync-batch-norm"];
    const ended = await trainByCommand([...launcher.command, "-n", "2"], args);
    expect(ended.code, ended.errors).toBe(0);
    expect(ended.errors).toContain("2 ranks × 4 = 8 images a step; a batch norm sees 8 of them at a time");
    const [actual, expected] = [checkpointOf(out), checkpointOf(await trainJoined())];
    expect(actual.notes.recipe.syncBatchNorm).toBe(2);
    const [{ training }] = actual.notes.place.epochs;
    expect(training.loss).toBeCloseTo(expected.notes.place.epochs[0].training.loss, 4);
    const numbersOf = ({ state }: Checkpoint, each: string) => state.get(each)!.data as Float32Array;
    for (const each of [...expected.state.keys()].filter((tensor) => tensor.includes("running")))
      expect(relativeError(numbersOf(actual, each), numbersOf(expected, each)), each).toBeLessThan(1e-3);
  });
});

describe("mistakes under mpirun are said in a line", () => {
  const [, openMpi] = mpiLaunchers[0];
  const refusal = async (args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<string> => {
    const { code, errors } = await trainByCommand([...openMpi.command, "-n", "2"], args, { environment });
    expect(code).not.toBe(0);
    const lines = errors.split("\n").filter((line) => line.startsWith("residua: "));
    // On a busy machine, the other rank may still speak before the launcher ends it: in the same words, with its number.
    const [own] = lines.filter((line) => !line.startsWith("residua: rank "));
    expect(own, errors).toBeDefined();
    expect(lines.map((line) => line.replace("residua: rank 1: ", "residua: "))).toEqual(lines.map(() => own));
    return own;
  };
  const known = (): readonly string[] => optionsOf("portable", "refused");

  test.skipIf(!isThere(openMpi))("an option that does not go with several ranks, and no MPI library", async () => {
    expect(await refusal([...known(), "--device", "webgpu"])).toContain("--device: is webgpu, but several ranks train");
    expect(await refusal(known(), { RESIDUA_MPI: "/nowhere/libmpi.so" })).toContain(
      "MPI: none of /nowhere/libmpi.so could be loaded",
    );
    expect(await refusal([...known(), "--batch-size", "12"])).toContain("the batches of 2 ranks together");
    expect(await refusal([...known(), "--head-only", "--sync-batch-norm"])).toContain(
      "--sync-batch-norm: has no batch norm to join: the network has none that is trained; leave it out",
    );
  });
});

test.each([["--rank-timeout", "5"], ["--sync-batch-norm"]])(
  "%s is refused where there are no ranks",
  async (...option) => {
    const { code, errors } = await trainByCommand([], [...optionsOf("portable", "none"), ...option]);
    expect(code).toBe(2);
    expect(errors).toMatch(new RegExp(`^residua: ${option[0]}: needs several ranks: start residua by mpirun`));
  },
);
