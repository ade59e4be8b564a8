import { builtFile } from "../../files/node.ts";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EnvironmentError } from "../../tensor/errors.ts";
import { ChildError, type ChildJob, startChildJob } from "./child-process.ts";

const built = builtFile(import.meta.url, "./child-process.js").href;

/** A job for each way to end; the child knows them by name. */
const worker = `
import { renameSync, writeFileSync } from "node:fs";
import { serveJob } from ${JSON.stringify(built)};
class OptionError extends Error { name = "OptionError"; }
const untilStopped = async (context) => {
  let turns = 0;
  while (!(await context.shouldStop())) turns++;
  return turns;
};
const jobs = {
  echo: async ({ value }, context) => {
    for (const event of [1, 2, 3]) context.report(event);
    return value;
  },
  wait: async (_, context) => {
    context.report("ready");
    return { turns: await untilStopped(context), status: "stopped" };
  },
  mark: async ({ path }, context) => {
    context.report("ready");
    await untilStopped(context);
    writeFileSync(path + ".new", "stopped");
    renameSync(path + ".new", path);
  },
  fail: async () => { throw new OptionError("--batch-size: must be at most 3, got 4"); },
  exit: async (_, context) => {
    await context.shouldStop();
    console.log("not the parent's business");
    console.error("first words\\nlast words");
    process.exitCode = 7;
    process.disconnect();
  },
  exhaust: async () => {
    process.stderr.write("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\\n", () => process.abort());
    return new Promise(() => undefined);
  },
  environment: async () => process.env.GLIBC_TUNABLES,
};
serveJob((input, context) => jobs[input.job](input, context));
`;

let folder: string;
let file: URL;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-child-"));
  const path = join(folder, "worker.mjs");
  writeFileSync(path, worker);
  file = pathToFileURL(path);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Input = { readonly job: string; readonly value?: unknown; readonly path?: string };

/** Starts a job and collects what it reports. */
function start(input: Input, onEvent: (event: unknown) => void = () => undefined): ChildJob<unknown> {
  return startChildJob<Input, unknown, unknown>(file, input, onEvent);
}

/** Starts a job and acts as soon as it is under way. */
function startThen(input: Input, act: (job: ChildJob<unknown>) => void): Promise<unknown> {
  const job = start(input, () => act(job));
  return job.result;
}

test("events come in their order, and values survive that JSON would lose", async () => {
  const value = { map: new Map([["a", Float32Array.of(1, Number.NaN)]]), none: Number.NaN };
  const events: unknown[] = [];
  expect(await start({ job: "echo", value }, (event) => events.push(event)).result).toEqual(value);
  expect(events).toEqual([1, 2, 3]);
});

test("a job that is asked to stop says how far it came", async () => {
  expect(await startThen({ job: "wait" }, (job) => job.stop())).toMatchObject({ status: "stopped" });
});

test("a stop that comes before the job has begun is not lost", async () => {
  const job = start({ job: "wait" });
  job.stop();
  expect(await job.result).toMatchObject({ status: "stopped" });
});

test("an error keeps its words and the name of its class", async () => {
  const failing = start({ job: "fail" }).result;
  await expect(failing).rejects.toThrow(/^--batch-size: must be at most 3, got 4$/);
  await expect(failing).rejects.toMatchObject({ original: "OptionError", where: "--batch-size" });
  await expect(failing).rejects.toBeInstanceOf(ChildError);
});

test("a job that is killed is over at once", async () => {
  const killed = startThen({ job: "wait" }, (job) => job.kill());
  await expect(killed).rejects.toThrow(EnvironmentError);
  await expect(killed).rejects.toThrow(/^training process: was ended by SIGKILL; [^\n]+$/);
});

test.each([
  ["exit", /^training process: ended with code 7; last words$/],
  ["exhaust", /^training process: (was ended by SIGABRT|ended with code \d+); perhaps memory ran out[^\n]+$/],
])("a child that ends by itself (%s) is explained in one line", async (job, message) => {
  await expect(start({ job }).result).rejects.toThrow(message);
});

test("a child that cannot be started is explained in one line", async () => {
  const missing = startChildJob(pathToFileURL(join(folder, "missing.mjs")), {}, () => undefined).result;
  await expect(missing).rejects.toThrow(/^training process: ended with code 1; [^\n]+$/);
});

test("stopping and killing a job that is over does nothing", async () => {
  const job = start({ job: "echo", value: 1 });
  await job.result;
  job.stop();
  job.kill();
  expect(await job.result).toBe(1);
});

test("the child takes large pages", async () => {
  expect(await start({ job: "environment" }).result).toBe("glibc.malloc.hugetlb=1");
});

test("a job whose parent was killed stops by itself", async () => {
  const path = join(folder, "mark");
  const parent = `
    import { startChildJob } from ${JSON.stringify(built)};
    const input = ${JSON.stringify({ job: "mark", path })};
    startChildJob(new URL(${JSON.stringify(file.href)}), input, () => console.log("under way"));`;
  const process = spawn(globalThis.process.execPath, ["--input-type=module", "--eval", parent], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve) => process.stdout.once("data", resolve));
  process.kill("SIGKILL");
  // The test's own time limit ends this, should the child never stop.
  while (!existsSync(path)) await wait(20);
  expect(readFileSync(path, "utf8")).toBe("stopped");
}, 120_000);
