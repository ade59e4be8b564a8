import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Job } from "kubernetes-models/batch/v1";
import { parse } from "yaml";
import { runCommand } from "./run.ts";

const cluster = fileURLToPath(new URL("../../examples/cluster/", import.meta.url));
let folder = "";

/** A residua that prints how it was called. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-parts-"));
  mkdirSync(join(folder, ".residua"));
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "bin", "residua"), '#!/bin/sh\necho residua "$@"\n');
  chmodSync(join(folder, "bin", "residua"), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a shell prints, with the variables that a cluster sets. */
async function shell(args: readonly string[], variables: NodeJS.ProcessEnv): Promise<string> {
  const { SLURM_ARRAY_TASK_ID: _, RESIDUA_STORE: __, ...inherited } = process.env;
  const path = [join(folder, "bin"), inherited["PATH"]].join(delimiter);
  const [program, ...rest] = args;
  return (await promisify(execFile)(program, rest, { env: { ...inherited, PATH: path, ...variables } })).stdout.trim();
}

describe("a comparison in parts", () => {
  const grid = "compare --depth 8 --shortcut plain,A,B --limit 96 --test-limit 20 --epochs 1 --threads 1".split(" ");
  interface Printed {
    readonly runs: readonly { readonly shortcut: string; readonly testAccuracy: number }[];
    readonly report: string;
  }
  const compare = async (...more: readonly string[]): Promise<Printed & { readonly stderr: string }> => {
    const { code, stdout, stderr } = await runCommand([...grid, "--json", ...more], folder);
    expect(code, stderr).toBe(0);
    return { ...(JSON.parse(stdout) as Printed), stderr };
  };

  test("trains every network once, and the same command without --part joins them without training", async () => {
    const [first, second] = await Promise.all([compare("--part", "0/2"), compare("--part", "1/2")]);
    expect(first.stderr).toContain("Training 1 network of part 0/2 on mnist");
    expect(first.report).toBe(join("residua-compare", "part-0-of-2", "comparison.html"));
    const joined = await compare();
    expect(joined.stderr).toContain("3 of 3 networks are taken from the run store");
    expect(joined.stderr).not.toContain("Training");
    expect(joined.report).toBe(join("residua-compare", "comparison.html"));
    const byType = (runs: Printed["runs"]) => runs.toSorted((a, b) => (a.shortcut < b.shortcut ? -1 : 1));
    expect([first.runs.length, second.runs.length]).toEqual([1, 2]);
    expect(byType(joined.runs)).toEqual(byType([...first.runs, ...second.runs]));
  });

  test.each([
    [
      "--part 2/2",
      /option '--part <i\/n>' argument '2\/2' is invalid. must be INDEX\/COUNT, from 0\/20 to 19\/20 for 20/,
    ],
    ["--part /20", /must be INDEX\/COUNT/],
    ["--part 0/4", /^residua: --part: divides 3 network\(s\) into 4 parts; give at most 3/],
    [
      "--part 0/2 --no-store",
      /^residua: --part: needs the run store, in which the parts come together; leave --no-store/,
    ],
    ["--part 0/2 --budget 1m", /^residua: --part: cannot be combined with --budget: each part would leave out other/],
  ])("refuses %s", async (more, message) => {
    const { code, stdout, stderr } = await runCommand([...grid, ...more.split(" ")], folder);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
  });
});

describe("the job files in examples/cluster", () => {
  const script = join(cluster, "compare.sbatch");
  const store = { RESIDUA_STORE: "postgres://db.example/lab" };

  test("compare.sbatch trains the part that Slurm numbers, and joins all where it numbers none", async () => {
    const part = await shell(["bash", script], { ...store, SLURM_ARRAY_TASK_ID: "7", SLURM_CPUS_PER_TASK: "4" });
    expect(part).toMatch(/^residua compare --depth .* --part 7\/20 --threads 4$/);
    const joined = await shell(["bash", script], store);
    expect(joined).toBe(part.replace(" --part 7/20", "").replace("--threads 4", "--threads 1"));
    await expect(shell(["bash", script], {})).rejects.toThrow(/RESIDUA_STORE: must name the database/);
  });

  test("the array in compare.sbatch's comment has as many tasks as there are parts", () => {
    const text = readFileSync(script, "utf8");
    const [, last] = /--array=0-(\d+) /.exec(text)!;
    expect(text).toContain(`\nparts=${Number(last) + 1}\n`);
  });

  test("indexed-job.yaml is a valid Job, whose pods train the part that Kubernetes numbers", async () => {
    const document = parse(readFileSync(join(cluster, "indexed-job.yaml"), "utf8"));
    const job = new Job(document);
    job.validate();
    expect(() => new Job({ ...document, spec: { ...document.spec, completions: "20" } }).validate()).toThrow(
      /completions/,
    );
    const { completionMode, completions, parallelism, template } = job.spec!;
    expect([job.apiVersion, job.kind, completionMode]).toEqual(["batch/v1", "Job", "Indexed"]);
    expect(parallelism).toBeLessThanOrEqual(completions!);
    const { containers, volumes, restartPolicy } = template.spec!;
    // What batch/v1 allows of jobs.
    expect(["Never", "OnFailure"]).toContain(restartPolicy);
    const [{ command, env, volumeMounts }] = containers;
    expect(volumeMounts!.map(({ name }) => name)).toEqual(volumes!.map(({ name }) => name));
    expect(env!.map(({ name }) => name)).toContain("RESIDUA_STORE");
    const called = await shell(command!, { JOB_COMPLETION_INDEX: "3" });
    expect(called).toMatch(new RegExp(`^residua compare --depth .* --part 3/${completions}$`));
  });

  test("both divide the same grid", async () => {
    const slurm = await shell(["bash", script], { ...store, SLURM_ARRAY_TASK_ID: "3", SLURM_CPUS_PER_TASK: "4" });
    const { spec } = parse(readFileSync(join(cluster, "indexed-job.yaml"), "utf8"));
    const kubernetes = await shell(spec.template.spec.containers[0].command, { JOB_COMPLETION_INDEX: "3" });
    const words = (line: string) => line.split(" ").toSorted();
    expect(words(kubernetes)).toEqual(words(slurm));
  });
});
