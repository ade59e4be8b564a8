import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { experiments } from "../scripts/experiments.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const script = join(root, "scripts/results.mjs");
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-results-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs the script with a cache that is empty: MNIST alone, which is among the development packages, is there. */
function runResults(...args: readonly string[]): Promise<Ended> {
  const env = { ...process.env, RESIDUA_CACHE: join(folder, "no-cache") };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [script, ...args], { env, maxBuffer: 2 ** 26 }, (_, output, errors) =>
      resolve({ code: child.exitCode, output, errors }),
    );
  });
}

interface ResultRecord {
  readonly command: string;
  readonly seconds: number;
  readonly machine: string;
  /** By seed, of an experiment of several. */
  readonly runs?: readonly Pick<ResultRecord, "result">[];
  readonly result: {
    readonly status?: string;
    readonly test?: { readonly count: number };
    readonly runs?: readonly { readonly status: string; readonly testAccuracy: number }[];
  };
}

/** It ends a hang: a score of trainings take minutes where other work goes on. */
const timeout = 1_800_000;
const done = (count: number): readonly unknown[] => [undefined, ...Array<string>(count).fill("done")];
/** How the networks of the tiny comparisons end; a training is tested on all of MNIST's test images. */
const expected: Readonly<Record<string, readonly unknown[]>> = {
  degradation: done(4),
  "shortcut-types": done(6),
  "identity-mappings": done(7),
  "factors-on-f": done(3),
  cells: [2],
};

describe("the tiny version of the results", { timeout }, () => {
  test("runs every experiment without the network, writes a record of each, and a page of all", async () => {
    const out = join(folder, "tiny");
    const { code, errors } = await runResults("--tiny", "--out", out);
    expect(code, errors).toBe(0);
    const page = readFileSync(join(out, "results.md"), "utf8");
    const chinese = readFileSync(join(out, "results.zh-CN.md"), "utf8");
    expect(page).not.toContain("Not run yet");
    expect(chinese).not.toContain("尚未运行");
    for (const { name, title, command } of experiments) {
      expect(page).toContain(`## ${title.en}\n`);
      expect(chinese).toContain(`## ${title.zh}\n`);
      const record = JSON.parse(readFileSync(join(out, `${name}.json`), "utf8")) as ResultRecord;
      const { machine } = record;
      const { result } = record.runs?.[0] ?? record;
      expect(page).toContain(`\`${record.command}\``);
      expect(record.command).toMatch(new RegExp(`^residua ${command[0]} .*--data (mnist|nuclei/)`));
      expect(machine).toMatch(/cores/);
      expect(JSON.stringify(record)).not.toContain(folder);
      const statuses = result.runs?.map(({ status }) => status) ?? [];
      expect([result.test?.count, ...statuses], name).toEqual(expected[name] ?? [10_000]);
    }

    const times = (): readonly number[] =>
      readdirSync(out)
        .filter((name) => name.endsWith(".json"))
        .map((name) => statSync(join(out, name)).mtimeMs);
    const before = times();
    expect((await runResults("--tiny", "--out", out)).code).toBe(0);
    expect(times()).toEqual(before);
  });

  test("names an experiment that it does not know, and does not put a shorter version's page into docs", async () => {
    expect((await runResults("--only", "cifar")).errors).toBe('results: --only: knows no "cifar"; see --list\n');
    expect((await runResults("--out", folder)).errors).toMatch(/--out: goes with --short or --tiny/);
  });
});

const parts = experiments.flatMap((experiment) => (experiment.parts ?? []).map((part) => [experiment, part] as const));

test("every part of a recipe can be left out: its command ends where the images are missing", async () => {
  expect(parts.length).toBeGreaterThan(0);
  const main = join(root, "dist/cli/main.js");
  const env = { ...process.env, RESIDUA_CACHE: join(folder, "no-cache") };
  for (const [{ name, command }, part] of parts) {
    const out = ["--no-store", "--out", join(folder, `${name}-${part.name}`)];
    const errors = await new Promise<string>((resolve) => {
      execFile(process.execPath, [main, ...command, ...part.args, ...out], { env }, (_, __, text) => resolve(text));
    });
    expect(errors, part.name).toMatch(/^residua: cifar10: is not on this machine/m);
  }
});

test("the short version names every experiment's command, none longer than its full one", async () => {
  const { output } = await runResults("--short", "--list");
  const lines = output.trimEnd().split("\n");
  expect(lines.map((line) => line.split(":")[0])).toEqual(experiments.map(({ name }) => name));
  for (const [index, line] of lines.entries()) {
    // A preset has its own epochs, all of the images.
    const valueOf = (args: readonly string[], name: string): number =>
      args.includes(name) ? Number(args[args.indexOf(name) + 1]) : Number.POSITIVE_INFINITY;
    const args = line.split(" ");
    expect(valueOf(args, "--epochs")).toBeLessThanOrEqual(valueOf(experiments[index].command, "--epochs"));
    // Images that no command fetches are a few drawn ones.
    const limited = experiments[index].folder !== undefined || valueOf(args, "--limit") <= 6400;
    expect(limited, `${experiments[index].name}: --limit`).toBe(true);
  }
});
