import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drawFolder } from "../../src/tasks/segment/node/draw-folder.ts";
import { isThere, mpiLaunchers, trainByCommand } from "../support/mpi.ts";

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "residua-mpi-tasks-"));
  for (const place of ["cells", "scenes"])
    await drawFolder(join(folder, place), { seed: 7, height: 72, width: 80, cells: 8, radius: [6, 9], images: 14 });
  // Whole pictures without plates, into which plates are drawn.
  const inside = join(folder, "scenes", "images");
  const labels = readdirSync(inside).map((name) => [name, { plates: [] }] as const);
  writeFileSync(join(inside, "labels.json"), JSON.stringify(Object.fromEntries(labels)));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A few steps of narrow networks; nothing is learnt in them. */
const tasks = {
  cells: "--task segment --data cells --image-size 64 --crop 32 --option stemWidth=4 --batch-size 2",
  "plates to read": "--task plates --part read --option width=0.25 --samples 16 --batch-size 4",
  "plates to find":
    "--task plates --part locate --data scenes/images --option width=0.25 --samples 8 --crop 64 --batch-size 2",
} as const;

const [openMpi] = mpiLaunchers;
describe.each(Object.entries(tasks))("two ranks that train %s", (name, options) => {
  test.skipIf(!isThere(openMpi[1]))("leave the files of one process that accumulates their batches", async () => {
    const train = async (launcher: readonly string[], out: string, ...more: readonly string[]): Promise<void> => {
      const common = ["--epochs", "1", "--threads", "1", "--no-store", "--out", join(folder, out)];
      const args = options
        .split(" ")
        .map((word) => (["cells", "scenes/images"].includes(word) ? join(folder, word) : word));
      const { code, errors } = await trainByCommand(launcher, [...args, ...common, ...more]);
      expect(code, errors).toBe(0);
    };
    await train([], `${name} alone`, "--accumulate", "2");
    await train([...openMpi[1].command, "-n", "2"], name);
    for (const file of ["last.safetensors", "best.safetensors", "model.onnx"])
      expect(
        readFileSync(join(folder, name, file)).equals(readFileSync(join(folder, `${name} alone`, file))),
        file,
      ).toBe(true);
  });
});
