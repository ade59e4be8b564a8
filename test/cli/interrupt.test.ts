import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { main, runCommand } from "./run.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-interrupt-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Presses Ctrl-C at the first step, and again as soon as that is answered. */
function endAtOnce(line: string): Promise<number | null> {
  const child = spawn(process.execPath, [main, ...line.split(" ")], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let [errors, presses] = ["", 0];
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    errors += piece;
    const sign = ["step 1/", "press Ctrl-C again"][presses];
    if (sign !== undefined && errors.includes(sign)) {
      presses++;
      child.kill("SIGINT");
    }
  });
  return new Promise((resolve) => child.once("close", resolve));
}

test.each([
  ["train", "train --model resnet8 --epochs 50 --validation 0"],
  ["compare", "compare --depth 8 --shortcut A --epochs 50 --test-limit 10"],
])(
  "%s that is ended by a second Ctrl-C was stopped, and did not crash",
  async (name, line) => {
    const store = join(folder, `${name}.db`);
    const end = `--data mnist --limit 20000 --batch-size 1024 --threads 1 --store ${store} --out ${name}`;
    expect(await endAtOnce(`${line} ${end}`)).toBe(130);
    const { stdout } = await runCommand(["runs", "list", "--store", store, "--json"], folder);
    const { runs } = JSON.parse(stdout) as {
      readonly runs: readonly { readonly status: string; readonly reason: string }[];
    };
    expect(runs.map(({ status }) => status)).toEqual(["stopped"]);
  },
  600_000,
);
