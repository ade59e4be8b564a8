import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { acquireLock, fileLockPath, folderLockPath } from "./lock.ts";
import { currentProcess } from "./process.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-lock-"));
  path = folderLockPath(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (owner: object): void => writeFileSync(path, JSON.stringify({ since: "then", ...owner }));

test("a second writer is refused by the first one's number, machine and time, until that is done", async () => {
  const unlock = await acquireLock(path, "out");
  const { since } = JSON.parse(readFileSync(path, "utf8")) as { since: string };
  expect(Math.abs(Date.parse(since) - Date.now())).toBeLessThan(60_000);
  await expect(acquireLock(path, "out")).rejects.toThrow(
    `out: process ${process.pid} on ${hostname()} has been writing to it since ${since}; wait for its end`,
  );
  await unlock();
  await unlock();
  expect(readdirSync(folder)).toEqual([]);
  await (
    await acquireLock(path, "out")
  )();
});

test("a folder that was made for a lock goes with it if nothing was written, and stays otherwise", async () => {
  const inner = join(folder, "above", "out");
  const unlock = await acquireLock(folderLockPath(inner), "out");
  expect(readdirSync(inner)).toEqual([".residua-lock"]);
  await unlock();
  expect(readdirSync(folder)).toEqual([]);
  const again = await acquireLock(folderLockPath(inner), "out");
  writeFileSync(join(inner, "result"), "");
  await again();
  expect(readdirSync(inner)).toEqual(["result"]);
});

test("an empty folder that was there before a lock stays", async () => {
  await (
    await acquireLock(path, "out")
  )();
  expect(existsSync(folder)).toBe(true);
});

test("of many at once, one gets the lock", async () => {
  const attempts = await Promise.allSettled(Array.from({ length: 20 }, () => acquireLock(path, "out")));
  expect(attempts.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

test("of many at once, one takes over the lock of a process that is gone", async () => {
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  const [space] = currentProcess().process.split(" ");
  write({ host: hostname(), process: `${space} ${pid} 1`, pid });
  const attempts = await Promise.allSettled(Array.from({ length: 20 }, () => acquireLock(path, "out")));
  expect(attempts.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(readdirSync(folder)).toHaveLength(1);
});

test.runIf(process.platform === "linux")(
  "a process that was given a dead one's number does not keep its lock",
  async () => {
    const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"]);
    const [space] = currentProcess().process.split(" ");
    write({ host: hostname(), process: `${space} ${child.pid} 1`, pid: child.pid });
    const unlock = await acquireLock(path, "out");
    expect(readdirSync(folder)).toHaveLength(1);
    await unlock();
    child.kill("SIGKILL");
  },
);

test("another machine's lock is taken over after ten minutes of silence, not before", async () => {
  write({ host: "elsewhere", process: "x 7 7", pid: 7 });
  await expect(acquireLock(path, "out")).rejects.toThrow("process 7 on elsewhere has been writing to it since then");
  const before = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);
  utimesSync(path, before(9), before(9));
  await expect(acquireLock(path, "out")).rejects.toThrow("on elsewhere");
  utimesSync(path, before(11), before(11));
  await (
    await acquireLock(path, "out")
  )();
});

test("a damaged lock is not taken for none, and the error says how to go on", async () => {
  writeFileSync(path, "{");
  await expect(acquireLock(path, "out")).rejects.toThrow(
    /^out: cannot be locked: remove .+ if nothing is writing to it$/,
  );
});

test("the lock goes with its process, and never takes another's with it", async () => {
  const unlock = await acquireLock(path, "out");
  write({ host: "elsewhere", process: "x 7 7", pid: 7 });
  await unlock();
  expect(existsSync(path)).toBe(true);
});

test("a file's lock lies beside it", () => {
  expect(fileLockPath(join("a", "b.html"))).toBe(join("a", ".b.html.residua-lock"));
});
