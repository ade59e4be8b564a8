import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { listRuns } from "../../src/store/run-store.ts";
import type { Run } from "../../src/store/run.ts";
import type { Tree } from "../../src/tree/tree.ts";
import { runCommand } from "../cli/run.ts";
import { openAddress, useStores } from "../support/stores.ts";

const stores = useStores();
const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** A project of its own, whatever lies in the folders above. */
function newFolder(): string {
  const folder = mkdtempSync(join(stores.folder(), "project-"));
  mkdirSync(join(folder, ".residua"));
  return folder;
}

/** Twenty-four steps of a small network; two epochs. */
const small = [
  "train",
  "--data",
  "mnist",
  "--model",
  "resnet8",
  "--limit",
  "400",
  "--batch-size",
  "32",
  "--threads",
  "1",
];
const twoEpochs = [...small, "--epochs", "2"];

async function runJson<T>(folder: string, ...options: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await runCommand([...options, "--json"], folder);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as T;
}

const listed = async (folder: string, ...options: readonly string[]): Promise<readonly Run[]> =>
  (await runJson<{ readonly runs: readonly Run[] }>(folder, "runs", "list", ...options)).runs;

interface Shown {
  readonly run: Run;
  readonly artifacts: readonly { readonly name: string; readonly sha256: string; readonly step: number }[];
}

/** Starts a command and collects what it says on standard error. */
function startCommand(
  folder: string,
  options: readonly string[],
): { child: ChildProcess; said: (words: string) => Promise<void>; ended: Promise<number | null> } {
  const child = spawn(process.execPath, [main, ...options], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  let text = "";
  child.stderr.on("data", (piece: Buffer) => (text += String(piece)));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const said = async (words: string): Promise<void> => {
    while (!text.includes(words)) {
      if (child.exitCode !== null) throw new Error(`ended without saying "${words}": ${text}`);
      await wait(10);
    }
  };
  return { child, said, ended };
}

describe("a training", () => {
  test("is kept with every step and epoch, its files by content, and as the parent of the one that goes on", async () => {
    const folder = newFolder();
    const first = startCommand(folder, [...small, "--epochs", "3"]);
    await first.said("epoch 1:");
    first.child.kill("SIGINT");
    expect(await first.ended).toBe(130);
    const [stopped] = await listed(folder);
    expect(stopped).toMatchObject({ command: "train", status: "stopped", seed: 0, parentId: null });
    expect(stopped.steps).toBeGreaterThanOrEqual(11);

    expect((await runCommand(["train", "--resume", "residua-train"], folder)).code).toBe(0);
    const [done, before] = await listed(folder);
    expect(before.id).toBe(stopped.id);
    expect(done).toMatchObject({ status: "done", steps: 33, parentId: stopped.id, configHash: stopped.configHash });
    expect(done.summary["loss"].count).toBe(33 - stopped.steps);
    expect(done.summary["epoch/loss"]).toMatchObject({ step: 3 });
    expect(done.summary["validation/accuracy"].count).toBeGreaterThanOrEqual(1);
    expect(done.summary["test/accuracy"]).toMatchObject({ count: 1, step: 33 });
    const { artifacts } = await runJson<Shown>(folder, "runs", "show", done.id.slice(0, 8));
    expect(new Set(artifacts.map(({ name }) => name))).toEqual(
      new Set(["best.safetensors", "last.safetensors", "model.onnx"]),
    );
    const onnx = artifacts.find(({ name }) => name === "model.onnx")!;
    const kept = join(folder, ".residua", "artifacts", onnx.sha256.slice(0, 2), onnx.sha256);
    expect(readFileSync(kept)).toEqual(readFileSync(join(folder, "residua-train", "model.onnx")));

    const { trees } = await runJson<{ readonly trees: readonly Tree<Run>[] }>(folder, "runs", "tree", done.id);
    expect(trees.map(({ value, children }) => [value.id, children.map((child) => child.value.id)])).toEqual([
      [stopped.id, [done.id]],
    ]);
    const printed = (await runCommand(["runs", "tree"], folder)).stdout.split("\n");
    expect(printed[0]).toMatch(new RegExp(`^${stopped.id.slice(0, 8)} .* stopped, ${stopped.steps} steps`));
    expect(printed[1]).toMatch(new RegExp(`^└─ ${done.id.slice(0, 8)} .* done, 33 steps`));

    expect((await runCommand(["runs", "rm", done.id, stopped.id], folder)).code).toBe(0);
    expect(await listed(folder)).toEqual([]);
    expect(existsSync(kept)).toBe(false);
  });

  test("whose loss is not a number is kept with it", async () => {
    const folder = newFolder();
    const wrong = [...twoEpochs, "--optimizer", "adamw", "--lr", "1e30"];
    expect((await runCommand(wrong, folder)).code).toBe(1);
    const [run] = await listed(folder, "--status", "diverged");
    expect(run.reason).toMatch(/^training: (loss|gradient norm) is (NaN|infinite) at step \d+/);
    expect(run.summary["loss"].step).toBe(run.steps);
    expect(
      [run.summary["loss"].last, run.summary["gradient-norm"].last].some((value) => typeof value === "string"),
    ).toBe(true);
    const { stdout } = await runCommand(["runs", "export", "--csv"], folder);
    expect(stdout).toMatch(/,(NaN|Infinity)$/m);
  });

  test("that was killed is crashed; what it had done is there", async () => {
    const folder = newFolder();
    const killed = startCommand(folder, [...small, "--epochs", "500"]);
    await killed.said("epoch 2:");
    while ((await listed(folder)).length === 0) await wait(10);
    killed.child.kill("SIGKILL");
    await killed.ended;
    const [run] = await listed(folder);
    expect(run).toMatchObject({ status: "crashed", reason: "its process is gone" });
    expect(run.summary["loss"].count).toBe(run.steps);
  });

  test("is not kept where nobody wants it", async () => {
    const folder = newFolder();
    expect((await runCommand([...small, "--epochs", "1", "--no-store"], folder)).code).toBe(0);
    expect(existsSync(join(folder, "residua-train", "model.onnx"))).toBe(true);
    expect(readdirSync(join(folder, ".residua"))).toEqual([]);
  });

  test("goes on while its server is away, and is there as a whole afterwards", async () => {
    const folder = newFolder();
    const address = await stores.address("mariadb");
    const running = startCommand(folder, [...small, "--epochs", "6", "--store", address]);
    await running.said("epoch 1:");
    await stores.server("mariadb").stop();
    await running.said("epoch 4:");
    await stores.server("mariadb").start();
    expect(await running.ended).toBe(0);
    const [run] = await listed(folder, "--store", address);
    expect(run).toMatchObject({ status: "done", steps: 66 });
    expect(run.summary["loss"].count).toBe(66);
  });
});

test("a comparison is kept run by run, with its report", async () => {
  const folder = newFolder();
  const options = [
    "--depth",
    "8",
    "--shortcut",
    "plain,A",
    "--limit",
    "320",
    "--test-limit",
    "100",
    "--batch-size",
    "32",
  ];
  expect((await runCommand(["compare", ...options], folder)).code).toBe(0);
  const runs = await listed(folder, "--command", "compare");
  expect(runs.map(({ status, steps, name }) => [status, steps, name])).toEqual([
    ["done", 10, "resnet8 pad on mnist"],
    ["done", 10, "resnet8 plain on mnist"],
  ]);
  expect(runs[0].summary["first-layer-gradient-norm"].count).toBe(10);
  const { artifacts } = await runJson<Shown>(folder, "runs", "show", runs[1].id);
  expect(artifacts.map(({ name }) => name).toSorted()).toEqual(["comparison.html", "comparison.json"]);
  const compared = await runJson<{ differences: { name: string; values: string[] }[] }>(
    folder,
    "runs",
    "compare",
    runs[0].id,
    runs[1].id,
  );
  expect(compared.differences).toEqual([{ name: "config.network.model.options.shortcut", values: ["pad", "plain"] }]);
});

test("runs are copied between any stores by command, and listed by the same bytes", async () => {
  const folder = newFolder();
  expect((await runCommand([...small, "--epochs", "1"], folder)).code).toBe(0);
  const [run] = await listed(folder);
  await runJson(folder, "runs", "tag", run.id.slice(0, 6), "paper", "figure 3");
  const addresses = [await stores.address("mariadb"), await stores.address("postgres"), join(folder, "last.db")];
  const first = (await runCommand(["runs", "list", "--json"], folder)).stdout;
  expect(first).toContain('"figure 3"');
  const reports: { readonly sha256: string; readonly values: number }[] = [];
  for (const [index, to] of addresses.entries()) {
    const from = index === 0 ? [] : ["--from", addresses[index - 1]];
    reports.push(await runJson(folder, "runs", "copy", ...from, "--to", to));
    expect((await runCommand(["runs", "list", "--json", "--store", to], folder)).stdout).toBe(first);
  }
  expect(new Set(reports.map(({ sha256 }) => sha256)).size).toBe(1);
  expect(reports[0].values).toBe(Object.values(run.summary).reduce((sum, { count }) => sum + count, 0));
  const exported = async (store: string): Promise<string> =>
    (await runCommand(["runs", "export", "--json", "--store", store], folder)).stdout;
  expect(await exported(addresses[2])).toBe(await exported(addresses[0]));
});

test.each([
  ["runs show", ["runs", "show", "abcd"], /^residua: run: there is none whose id begins with "abcd"/],
  [
    "a store of no kind",
    ["runs", "list", "--store", "redis://x/y"],
    /^residua: --store: is of no known kind; must begin with/,
  ],
  [
    "a server without a database",
    ["train", "--store", "mysql://me:hidden@host/"],
    /^residua: --store: names no database/,
  ],
  ["export without a form", ["runs", "export"], /^residua: --csv, --json: give one of them/],
])("%s is wrong usage, said in one line", async (_, options, message) => {
  const { code, stdout, stderr } = await runCommand(options, newFolder());
  expect([code, stdout, stderr.trimEnd().split("\n").length]).toEqual([2, "", 1]);
  expect(stderr).toMatch(message);
  expect(stderr).not.toContain("hidden");
});

test("a run that goes on is not removed", async () => {
  const folder = newFolder();
  const running = startCommand(folder, [...small, "--epochs", "500"]);
  await running.said("epoch 1:");
  const store = await openAddress(join(folder, ".residua", "runs.db"));
  while ((await listRuns(store)).length === 0) await wait(20);
  await store.close();
  const [{ id }] = await listed(folder);
  expect((await runCommand(["runs", "rm", id], folder)).stderr).toMatch(/is running; stop it first, or give --force/);
  running.child.kill("SIGINT");
  expect(await running.ended).toBe(130);
  expect(await listed(folder)).toMatchObject([{ id, status: "stopped" }]);
});
