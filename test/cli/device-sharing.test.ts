import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writePictures } from "../support/picture-folders.ts";
import { adapterEnvironment, hasAdapter } from "../support/software-adapter.ts";
import { runCommand } from "./run.ts";

/** Generous: it ends a hang, nothing else. */
const timeout = 600_000;
const isThere = await hasAdapter();
const training = "train --data pictures --model resnet8 --batch-size 8 --no-store --device webgpu".split(" ");

describe.runIf(isThere)("a device that is shared", { timeout }, () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "residua-sharing-"));
    await writePictures(join(folder, "pictures"), 6, 8);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("two trainings on one device at once end where each ends alone", async () => {
    const run = (out: string, seed: string) =>
      runCommand(
        [...training, "--epochs", "1", "--image-size", "8", "--seed", seed, "--out", out, "--json"],
        folder,
        adapterEnvironment,
      );
    const both = await Promise.all([run("first", "1"), run("second", "2")]);
    const alone = [await run("first-alone", "1"), await run("second-alone", "2")];
    const epochsOf = ({ stdout }: { readonly stdout: string }) => JSON.parse(stdout).epochs;
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(both.map(epochsOf)).toEqual(alone.map(epochsOf));
  });
});
