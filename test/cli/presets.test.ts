import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCommand } from "./run.ts";

/** Generous: it ends a hang, nothing else. */
const timeout = 300_000;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-presets-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const train = (...args: readonly string[]) => runCommand(["train", ...args, "--no-store", "--out", "run"], folder);

test(
  "a preset is printed in full with what was typed in the place of its parts, and trains; its run resumes without it",
  async () => {
    const typed = ["--preset", "fast", "--data", "mnist", "--limit", "160", "--epochs", "1", "--batch-size", "32"];
    const { code, stderr } = await train(...typed, "--shortcut", "B", "--threads", "1");
    expect(code, stderr).toBe(0);
    const lines = stderr.split("\n").filter((line) => line.startsWith("preset fast: "));
    expect(lines[0]).toMatch(/^preset fast: network resnet8, .*shortcut project/);
    expect(lines[1]).toMatch(/^preset fast: recipe epochs 1, batch 32, /);
    expect(lines.map((line) => line.split(" ")[2])).toEqual(["network", "recipe", "optimizer", "images", "validation"]);
    const resumed = await runCommand(["train", "--resume", "run", "--preset", "fast", "--no-store"], folder);
    expect(resumed.stderr).toBe("residua: --preset: cannot be combined with --resume: the checkpoint defines it\n");
  },
  timeout,
);

test.each([
  [["--preset", "fast", "--task", "segment"], '--preset: "fast" belongs to --task classify, this is --task segment'],
  [["--preset", "cells", "--task", "classify"], '--preset: "cells" belongs to --task segment, this is --task classify'],
  [["--preset", "fast", "--data", "cifar100"], '--preset: "fast" has no recipe for cifar100, it has one for mnist'],
  [["--preset", "fast", "--data", "mnist", "--weights", "x.pth"], '--preset: "fast" starts from fresh weights'],
  [["--preset", "fast", "--data", "mnist", "--target", "classes"], "--target: belongs to --task segment"],
  [["--preset", "quick"], "option '--preset <name>' argument 'quick' is invalid"],
])(
  "%j is refused in one line",
  async (args, message) => {
    const { code, stderr } = await train(...args);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(code).toBeGreaterThan(0);
  },
  timeout,
);
