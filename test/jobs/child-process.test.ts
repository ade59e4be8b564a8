import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Host, Job, Running, RunOptions } from "../../src/jobs/job.ts";
import { type ChildJob, runInChild } from "../../src/jobs/node/child-process.ts";
import { hostSuite } from "./host-suite.ts";

const worker = new URL("./child-worker.js", import.meta.url);
const built = new URL("../../dist/jobs/node/child-process.js", import.meta.url);

interface Order {
  readonly job: string;
  readonly input?: unknown;
}

const host: Host = <Input, Event, Result>(
  { name }: Job<Input, Event, Result>,
  input: unknown,
  options?: RunOptions<Event>,
) => {
  const row: ChildJob<Order, Event, Result> = { name, worker };
  return runInChild(row, { job: name, input }, options);
};

hostSuite("a child process", host, { isRemote: true });

const start = (job: string): Running<unknown, unknown> => runInChild({ name: job, worker }, { job });

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "residua-child-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ["exit", /^exit process: ended with code 7; last words$/],
  ["exhaust", /^exhaust process: (was ended by SIGABRT|ended with code \d+); perhaps memory ran out[^\n]+$/],
  ["killItself", /^killItself process: was ended by SIGKILL; perhaps memory ran out[^\n]+$/],
])("a child that ends by itself (%s) is explained in one line", async (job, message) => {
  await expect(start(job).result).rejects.toThrow(message);
});

test("a worker module that cannot be loaded is explained in one line", async () => {
  const broken = join(folder, "broken.mjs");
  writeFileSync(broken, "import './none.js';");
  for (const path of [join(folder, "missing.mjs"), broken]) {
    const { result } = runInChild({ name: "training", worker: pathToFileURL(path) }, {});
    await expect(result).rejects.toThrow(/^training process: ended with code 1; Error[^\n]*Cannot find module[^\n]+$/);
  }
});

test("the child takes large pages", async () => {
  expect(await start("environment").result).toBe("glibc.malloc.hugetlb=1");
});

/** Starts a job in a child of a process of its own, and kills that process once the job is under way. @returns the child's id */
async function orphan(job: string, input?: string): Promise<number> {
  const code = `
    import { runInChild } from ${JSON.stringify(built.href)};
    const row = { name: "orphan", worker: new URL(${JSON.stringify(worker.href)}) };
    runInChild(row, ${JSON.stringify({ job, input })}, { onEvent: (pid) => console.log(pid) });`;
  const parent = spawn(process.execPath, ["--input-type=module", "--eval", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const pid = await new Promise((resolve) => parent.stdout.once("data", resolve));
  parent.kill("SIGKILL");
  return Number(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // One that has ended is there until its new parent has taken note.
    return !/^State:\s+Z/m.test(existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, "utf8") : "");
  } catch {
    return false;
  }
}

test("a job whose parent was killed stops by itself", async () => {
  const path = join(folder, "mark");
  await orphan("mark", path);
  // The test's own time limit ends this, should the child never stop.
  while (!existsSync(path)) await wait(20);
  expect(readFileSync(path, "utf8")).toBe("stopped");
});

test("a job whose modules take for ever to load ends soon after its parent", async () => {
  const [slow, mark] = [join(folder, "slow-worker.mjs"), join(folder, "slow-pid")];
  writeFileSync(
    slow,
    `import { writeFileSync } from "node:fs";
    writeFileSync(${JSON.stringify(mark)}, String(process.pid));
    for (;;) Math.sqrt(2);`,
  );
  const code = `
    import { runInChild } from ${JSON.stringify(built.href)};
    runInChild({ name: "slow", worker: new URL(${JSON.stringify(pathToFileURL(slow).href)}) }, {});`;
  const parent = spawn(process.execPath, ["--input-type=module", "--eval", code], { stdio: "ignore" });
  while (!existsSync(mark) || readFileSync(mark, "utf8") === "") await wait(20);
  parent.kill("SIGKILL");
  const pid = Number(readFileSync(mark, "utf8"));
  expect(isAlive(pid)).toBe(true);
  // The test's own time limit ends this: five seconds are more on a busy machine.
  while (isAlive(pid)) await wait(20);
});

test.each(["hang", "block"])("a job that does not stop (%s) ends soon after its parent", async (job) => {
  const pid = await orphan(job);
  expect(isAlive(pid)).toBe(true);
  while (isAlive(pid)) await wait(20);
});
