import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { describeAddress, parseStoreAddress } from "../../src/store/address.ts";
import { runStatement } from "../../src/store/database.ts";
import { type RecorderOptions, type RunRecorder, startRecording } from "../../src/store/recorder.ts";
import { findRun, listRuns, readMetricPages, type RunStore } from "../../src/store/run-store.ts";
import { sendUnsent } from "../../src/store/unsent.ts";
import { exampleStart, openAddress, storeKinds, useStores } from "../support/stores.ts";

const stores = useStores();
const writer = fileURLToPath(new URL("../support/run-writer.mjs", import.meta.url));
const newFolder = (): string => mkdtempSync(join(stores.folder(), "folder-"));

interface Writer {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  readonly words: () => string;
}

function startWriter(address: string, unsent: string, values: number): Writer {
  const child = spawn(process.execPath, [writer, address, unsent, String(values)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let words = "";
  child.stdout.resume();
  child.stderr.on("data", (piece: Buffer) => (words += String(piece)));
  const ended = new Promise((resolve) => child.once("close", resolve));
  return { child, ended, words: () => words };
}

/** How many values every metric of a run has. */
async function countValues(store: RunStore, id: string): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for await (const page of readMetricPages(store, id)) {
    for (const { name } of page) counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** What SQLite finds wrong with its file; servers look after their own. */
async function checkIntegrity({ database }: RunStore): Promise<unknown> {
  if (database.backend.kind !== "sqlite") return "ok";
  const [row] = await runStatement(database, "pragma integrity_check");
  return row["integrity_check"];
}

/** A recorder of this process that writes often, with what it says. */
function record(
  address: string,
  unsentFolder: string,
  change: Partial<RecorderOptions> = {},
): { readonly recorder: RunRecorder; readonly said: string[] } {
  const said: string[] = [];
  const recorder = startRecording(exampleStart, {
    open: () => openAddress(address, { busyMilliseconds: 200 }),
    store: describeAddress(parseStoreAddress(address)),
    unsentFolder,
    say: (message) => said.push(message),
    flushMilliseconds: 20,
    retryMilliseconds: 100,
    finishMilliseconds: 3_000,
    ...change,
  });
  return { recorder, said };
}

function addSteps(recorder: RunRecorder, first: number, last: number): void {
  for (let step = first; step <= last; step++) {
    recorder.add([{ name: "loss", step, value: step % 10 === 0 ? Number.NaN : 1 / step }]);
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  // The test's own time limit ends this.
  while (!(await condition())) await wait(20);
}

describe.each(storeKinds)("a store in %s", (kind) => {
  test("is whole after writers were killed in the middle: what is there agrees with itself, and the runs crashed", async () => {
    const address = await stores.address(kind);
    const unsent = newFolder();
    const store = await openAddress(address);
    for (const milliseconds of [0, 7, 40]) {
      const { child, ended } = startWriter(address, unsent, 1e9);
      await until(async () => (await listRuns(store, { status: "running" })).some(({ steps }) => steps > 0));
      await wait(milliseconds);
      child.kill("SIGKILL");
      await ended;
    }
    const runs = await listRuns(store);
    for (const { id, status, summary, steps } of runs) {
      expect(status).toBe("crashed");
      const counts = await countValues(store, id);
      expect(counts).toEqual(Object.fromEntries(Object.entries(summary).map(([name, { count }]) => [name, count])));
      expect(counts).toEqual({ a: steps, b: steps, c: steps, d: steps });
      expect(steps).toBeGreaterThan(0);
    }
    expect(runs).toHaveLength(3);
    expect(await checkIntegrity(store)).toBe("ok");
    await store.close();
  });

  test("takes several processes at once: every value of all of them", async () => {
    const address = await stores.address(kind);
    const unsent = newFolder();
    const writers = Array.from({ length: 3 }, () => startWriter(address, unsent, 2_000));
    await Promise.all(writers.map(({ ended }) => ended));
    expect(writers.map(({ child, words }) => [child.exitCode, words()])).toEqual(
      writers.map(() => [0, expect.any(String)]),
    );
    const store = await openAddress(address);
    await sendUnsent(unsent, store);
    const runs = await listRuns(store);
    expect(runs.map(({ status, result }) => [status, result])).toEqual(writers.map(() => ["done", { values: 2_000 }]));
    for (const { id } of runs) expect(await countValues(store, id)).toEqual({ a: 2_000, b: 2_000, c: 2_000, d: 2_000 });
    await store.close();
  });
});

describe.each(["mariadb", "postgres"] as const)("a %s server that stops during a run", (kind) => {
  test("and starts again has every value in the end, and the run is told of it twice", async () => {
    const address = await stores.address(kind);
    const { recorder, said } = record(address, newFolder());
    addSteps(recorder, 1, 100);
    const store = await openAddress(address);
    await until(async () => (await listRuns(store))[0]?.steps === 100);
    await store.close();
    await stores.server(kind).stop();
    addSteps(recorder, 101, 200);
    await until(() => said.length === 1);
    addSteps(recorder, 201, 300);
    await wait(300);
    await stores.server(kind).start();
    addSteps(recorder, 301, 400);
    await until(() => said.length === 2);
    await recorder.finish({ status: "done" });
    const after = await openAddress(address);
    const run = await findRun(after, recorder.id);
    expect(run).toMatchObject({ status: "done", steps: 400, summary: { loss: { count: 400, step: 400 } } });
    expect(await countValues(after, recorder.id)).toEqual({ loss: 400 });
    await after.close();
    expect(said[0]).toMatch(/^run store: .*; the run goes on, and is recorded as soon as it can be$/);
    expect(said[1]).toMatch(/ is reached again; nothing was lost$/);
    expect(said.join("\n")).not.toContain("secret");
  });

  test("and does not come back: the run is kept in a file, from which the next process sends it", async () => {
    const address = await stores.address(kind);
    const unsent = newFolder();
    const { recorder, said } = record(address, unsent, { finishMilliseconds: 300 });
    addSteps(recorder, 1, 50);
    await wait(100);
    await stores.server(kind).stop();
    addSteps(recorder, 51, 100);
    await recorder.finish({ status: "diverged", reason: "training: loss is NaN" });
    expect(said.at(-1)).toMatch(/the run is kept in .* and sent by the next residua runs$/);
    expect(readdirSync(unsent)).toEqual([`${recorder.id}.jsonl`]);
    // Its end is truncated, as by a full disk or a power cut.
    writeFileSync(join(unsent, `${recorder.id}.jsonl`), '{"run":{"id":', { flag: "a" });
    await stores.server(kind).start();
    const elsewhere = await stores.open("sqlite");
    expect(await sendUnsent(unsent, elsewhere)).toBe(0);
    const store = await openAddress(address);
    expect(await sendUnsent(unsent, store)).toBe(1);
    expect(readdirSync(unsent)).toEqual([]);
    expect(await findRun(store, recorder.id)).toMatchObject({
      status: "diverged",
      reason: "training: loss is NaN",
      steps: 100,
    });
    expect(await countValues(store, recorder.id)).toEqual({ loss: 100 });
    await store.close();
  });

  test("before it begins: the run goes on, and is there when the server is", async () => {
    const address = await stores.address(kind);
    await stores.server(kind).stop();
    const { recorder, said } = record(address, newFolder());
    addSteps(recorder, 1, 20);
    await until(() => said.length === 1);
    await stores.server(kind).start();
    await recorder.finish({ status: "done" });
    const store = await openAddress(address);
    expect(await countValues(store, recorder.id)).toEqual({ loss: 20 });
    await store.close();
  });
});

/** A folder on a file system of its own, of so many bytes; undefined where this process may not make one. */
function smallDisk(bytes: number): { readonly path: string; readonly remove: () => void } | undefined {
  const path = newFolder();
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", path], { stdio: "pipe" });
  } catch {
    return undefined;
  }
  return { path, remove: () => execFileSync("umount", ["--lazy", path], { stdio: "pipe" }) };
}

describe("a full disk", () => {
  test("harms neither the run nor the store: what there was is there, and the rest follows once there is room", async (context) => {
    const disk = smallDisk(2 ** 24);
    if (disk === undefined) return context.skip("needs the right to mount a tmpfs");
    try {
      const address = join(disk.path, "runs.db");
      const { recorder, said } = record(address, join(disk.path, "unsent"));
      addSteps(recorder, 1, 100);
      await until(() => existsSync(address));
      await wait(200);
      const filling = join(disk.path, "filling");
      try {
        for (;;) writeFileSync(filling, Buffer.alloc(4096), { flag: "a" });
      } catch {
        // Full.
      }
      addSteps(recorder, 101, 20_000);
      await until(() => said.length > 0);
      expect(said[0]).toMatch(/no space is left on the device/);
      await wait(300);
      rmSync(filling);
      await until(() => said.length > 1);
      await recorder.finish({ status: "done" });
      const store = await openAddress(address);
      expect(await countValues(store, recorder.id)).toEqual({ loss: 20_000 });
      expect(await checkIntegrity(store)).toBe("ok");
      await store.close();
    } finally {
      disk.remove();
    }
  });

  test("for good, on which nothing can be kept: the run ends all the same, and says what is lost", async (context) => {
    const disk = smallDisk(2 ** 19);
    if (disk === undefined) return context.skip("needs the right to mount a tmpfs");
    try {
      const address = join(disk.path, "runs.db");
      const { recorder, said } = record(address, join(disk.path, "unsent"), { finishMilliseconds: 300 });
      addSteps(recorder, 1, 30_000);
      await recorder.finish({ status: "done" });
      expect(said.at(-1)).toMatch(/^run store: neither .* nor .* could be written; \d+ values are lost$/);
    } finally {
      disk.remove();
    }
  });
});

test("a store in a folder that may not be made does not stop a run", async () => {
  const folder = newFolder();
  writeFileSync(join(folder, "file"), "");
  const unsent = join(folder, "unsent");
  mkdirSync(unsent);
  const { recorder, said } = record(join(folder, "file", "runs.db"), unsent, { finishMilliseconds: 200 });
  addSteps(recorder, 1, 10);
  await recorder.finish({ status: "done" });
  expect(said[0]).toMatch(/a file of this name is in the way; the run goes on/);
});
