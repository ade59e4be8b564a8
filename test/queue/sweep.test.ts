import { type ChildProcess, spawn } from "node:child_process";
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type DatabaseServer, startDatabaseServer } from "../../scripts/databases.mjs";
import type { Comparison, ComparedRun } from "../../src/lab/compare/comparison.ts";
import {
  type Attempt,
  beginAttempt,
  isHeld,
  prepareQueueTables,
  whileHeld,
} from "../../src/lab/compare/node/queue/attempts.ts";
import { writtenResult } from "../../src/lab/compare/node/queue/files.ts";
import { runStatement } from "../../src/store/database.ts";
import type { RunStore } from "../../src/store/run-store.ts";
import { main } from "../cli/run.ts";
import { makeCertificate } from "../support/certificates.ts";
import { writePictures } from "../support/picture-folders.ts";
import { openAddress } from "../support/stores.ts";

let folder = "";
let server: DatabaseServer;
let store: RunStore;
const shared = (): string => join(folder, "shared");

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "residua-sweep-"));
  server = await startDatabaseServer("postgres");
  await writePictures(join(folder, "data", "pictures"), 30);
  writeFileSync(join(folder, "address"), server.url);
  store = await openAddress(server.url);
  await prepareQueueTables(store.database);
});
const started: Started[] = [];
afterAll(async () => {
  for (const { child } of started) child.kill("SIGKILL");
  await store.close();
  await server.remove();
  rmSync(folder, { recursive: true, force: true });
});

const grid = [
  ..."compare --depth 8 --shortcut plain,A,B --seeds 4 --data pictures --limit 64 --test-limit 16".split(" "),
  ..."--epochs 6 --batch-size 16 --json".split(" "),
];

interface Started {
  readonly name: string;
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly printed: () => string;
  readonly ended: Promise<number | null>;
}

/** Starts a command in a project of its own; its address comes from a file that the environment names. */
function start(name: string, args: readonly string[]): Started {
  const cwd = join(folder, name);
  mkdirSync(join(cwd, ".residua"), { recursive: true });
  // Where runs are asked for, their images are known.
  if (!existsSync(join(cwd, "pictures"))) symlinkSync(join(folder, "data", "pictures"), join(cwd, "pictures"));
  const env = {
    ...process.env,
    RESIDUA_STORE: `@${join(folder, "address")}`,
    RESIDUA_CACHE: join(folder, "cache"),
    NO_COLOR: "1",
  };
  const child = spawn(process.execPath, [main, ...args], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let [said, printed] = ["", ""];
  child.stderr.on("data", (piece: Buffer) => (said += String(piece)));
  child.stdout.on("data", (piece: Buffer) => (printed += String(piece)));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const own = { name, child, said: () => said, printed: () => printed, ended };
  started.push(own);
  return own;
}

/** On a machine that does much else, too. */
const PATIENCE = 300_000;

async function until<T>(what: string, ask: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  const last = performance.now() + PATIENCE;
  while (performance.now() < last) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    await wait(20);
  }
  throw new Error(`waited in vain until ${what}\n${started.map(({ name, said }) => `${name}: ${said()}`).join("\n")}`);
}

type Row = Readonly<Record<string, unknown>>;
const query = (sql: string, parameters: readonly unknown[] = []): Promise<readonly Row[]> =>
  runStatement(store.database, sql, parameters);

interface Worker extends Started {
  readonly id: string;
}

async function startWorker(name: string): Promise<Worker> {
  const before = new Set((await query("select id from residua_workers")).map(({ id }) => id));
  const args = ["worker", "--shared", shared(), "--data-root", join(folder, "data"), "--threads", "1"];
  const worker = start(name, [...args, "--checkpoint-every", "0.1s"]);
  const id = await until(`${name} is known`, async () => {
    if (worker.child.exitCode !== null) throw new Error(worker.said());
    return (await query("select id from residua_workers"))
      .map((row) => String(row["id"]))
      .find((each) => !before.has(each));
  });
  return { ...worker, id };
}

const runPath = (key: string, file: string): string => join(shared(), "runs", key, file);

/** Waits until a worker has left a checkpoint of a run that is not done. */
function underWay({ id }: Worker): Promise<{ readonly key: string; readonly attempt: number }> {
  return until(`worker ${id} leaves a checkpoint`, async () => {
    for (const row of await query("select run_key, attempt from residua_attempts where worker = $1", [id])) {
      const [key, attempt] = [String(row["run_key"]), Number(row["attempt"])];
      const isThere = existsSync(runPath(key, `checkpoint-${attempt}.safetensors`));
      if (isThere && !existsSync(runPath(key, "result.json"))) return { key, attempt };
    }
    return undefined;
  });
}

/** The processes below one. */
function childrenOf(pid: number): readonly number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === pid ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

/** Writes every beginning of an attempt down, with the server's time. */
async function logAttempts(): Promise<void> {
  await query("create table attempt_log (run_key text, attempt bigint, at timestamptz)");
  await query(`create function log_attempt() returns trigger language plpgsql as $$
    begin insert into attempt_log values (new.run_key, new.attempt, clock_timestamp()); return new; end $$`);
  await query(`create trigger log_attempt after insert or update on residua_attempts
    for each row execute function log_attempt()`);
}

/** Every file that a run was seen to have, by its inode, with the time at which it got its name. */
function watchFiles(): {
  readonly seen: Map<string, { key: string; name: string; at: number }>;
  readonly stop: () => void;
} {
  const seen = new Map<string, { key: string; name: string; at: number }>();
  const look = (): void => {
    const runs = join(shared(), "runs");
    for (const key of existsSync(runs) ? readdirSync(runs) : [])
      for (const name of readdirSync(join(runs, key))) {
        const found = statSync(join(runs, key, name), { throwIfNoEntry: false });
        if (found !== undefined && !name.endsWith(".tmp"))
          seen.set(`${key} ${name} ${found.ino} ${found.ctimeMs}`, { key, name, at: found.ctimeMs });
      }
  };
  const timer = setInterval(look, 10);
  return { seen, stop: () => clearInterval(timer) };
}

test.runIf(process.platform === "linux")(
  "12 runs on 2 workers, one killed three times, one stopped past its lease: each is finished once, with the bytes of a local comparison",
  async () => {
    await logAttempts();
    const files = watchFiles();
    const sweep = start("anywhere", [...grid, "--queue", "--lease", "10s"]);
    const b = await startWorker("b");
    const stopped = await underWay(b);
    const pids = [b.child.pid!, ...childrenOf(b.child.pid!)];
    expect(pids).toHaveLength(2);
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    for (let kills = 0; kills < 3; kills++) {
      const killed = await startWorker(`a${kills}`);
      await underWay(killed);
      killed.child.kill("SIGKILL");
    }
    const a = await startWorker("a");
    await until("the stopped worker's run is done elsewhere", () => existsSync(runPath(stopped.key, "result.json")));
    for (const pid of pids) process.kill(pid, "SIGCONT");
    await until("the worker notices", () => b.said().includes("another worker has it now"));
    expect(await sweep.ended, sweep.said()).toBe(0);
    files.stop();
    for (const { child } of [a, b]) child.kill("SIGTERM");
    expect([await a.ended, await b.ended]).toEqual([0, 0]);

    // Each run finished once.
    const done = await query("select config_hash, count(*) as n from residua_runs where status = 'done' group by 1");
    expect(done.map(({ n }) => Number(n))).toEqual(Array.from({ length: 12 }, () => 1));
    const keys = done.map((row) => String(row["config_hash"]));
    expect(readdirSync(join(shared(), "runs")).toSorted()).toEqual(keys.toSorted());
    for (const key of keys) expect(readdirSync(join(shared(), "runs", key))).toEqual(["result.json"]);

    // No double writers: nobody writes once the next attempt has begun, and nobody but the last attempt writes a result.
    const log = await query("select run_key, attempt, extract(epoch from at) * 1000 as at from attempt_log");
    const begun = new Map(log.map((row) => [`${String(row["run_key"])} ${Number(row["attempt"])}`, Number(row["at"])]));
    expect(begun.size).toBeGreaterThanOrEqual(16);
    const writes = [...files.seen.values()];
    const results = writes.filter(({ name }) => name === "result.json");
    expect(results.map(({ key }) => key).toSorted()).toEqual(keys.toSorted());
    const late = writes.filter(({ key, name, at }) => {
      const [, number] = /^checkpoint-(\d+)/.exec(name) ?? [];
      const last = Math.max(...log.filter((row) => row["run_key"] === key).map((row) => Number(row["attempt"])));
      return number === undefined
        ? at < begun.get(`${key} ${last}`)! - 10
        : at > (begun.get(`${key} ${Number(number) + 1}`) ?? Number.POSITIVE_INFINITY) + 10;
    });
    expect(late).toEqual([]);

    // The same bytes and tables as of a comparison on one machine that nothing disturbed.
    const local = start("data", [...grid, "--threads", "1", "--store", join(folder, "local.db")]);
    expect(await local.ended, local.said()).toBe(0);
    const whole = JSON.parse(
      readFileSync(join(folder, "data", "residua-compare", "comparison.json"), "utf8"),
    ) as Comparison;
    const bytes = whole.runs.map(writtenResult).toSorted();
    expect(keys.map((key) => readFileSync(runPath(key, "result.json"), "utf8")).toSorted()).toEqual(bytes);
    const tableOf = ({ printed }: Started): readonly unknown[] =>
      (JSON.parse(printed()) as { readonly runs: readonly ComparedRun[] }).runs.map((run) => ({
        ...run,
        imagesPerSecond: 0,
      }));
    expect(tableOf(sweep)).toEqual(tableOf(local));
  },
  4 * PATIENCE,
);

test("the fence: an attempt works until the next begins, which waits for work under way", async () => {
  const { database } = store;
  const first = await beginAttempt(database, "fenced", "a");
  const events: string[] = [];
  let second: Promise<Attempt> | undefined;
  const isDone = await whileHeld(database, first, async () => {
    second = beginAttempt(database, "fenced", "b");
    void second.then(() => events.push("b begins"));
    await wait(300);
    events.push("a has written");
  });
  expect([isDone, (await second)!.number]).toEqual([true, 2]);
  expect(events).toEqual(["a has written", "b begins"]);
  const never = async (): Promise<void> => void events.push("a writes again");
  expect([await whileHeld(database, first, never), await isHeld(database, first)]).toEqual([false, false]);
  expect(await isHeld(database, (await second)!)).toBe(true);
  expect(events).toHaveLength(2);
});

test("a job that the schema refuses is told to whoever waits, and takes no other with it", async () => {
  const { openRunQueue } = await import("../../src/lab/compare/node/queue/run-queue.ts");
  const queue = await openRunQueue({ kind: "postgres", url: server.url }, store.database);
  await queue.send([{ key: "evil", data: { version: 1, args: ["--out", "/etc"] } }], 10);
  const worker = start("c", ["worker", "--shared", shared(), "--once"]);
  expect(await worker.ended).toBe(0);
  expect(worker.said()).toMatch(/A job is refused: run: is missing/);
  expect((await queue.readTroubles(["evil", "other"])).get("evil")).toEqual({
    reason: "run: is missing",
    isFinal: true,
  });
  await queue.close();
});

test("an address that asks for encryption is not followed without it", async () => {
  const { said, ended } = start("plain", ["worker", "--shared", shared(), "--store", `${server.url}?sslmode=require`]);
  expect(await ended).toBe(1);
  expect(said()).toMatch(/^residua: postgres:\S+: The server does not support SSL connections\n$/);
});

test("encryption is what the address says: none, without a check of the server, or refused for its certificate", async () => {
  const [{ data_directory: data }] = (await query("show data_directory")) as readonly { data_directory: string }[];
  const { uid, gid } = statSync(data);
  for (const file of Object.values(makeCertificate(data, "server"))) chownSync(file, uid, gid);
  appendFileSync(
    join(data, "postgresql.conf"),
    "\nssl = on\nssl_cert_file = 'server.pem'\nssl_key_file = 'server.key'\n",
  );
  await server.stop();
  await server.start();
  const isEncrypted = async (mode: string): Promise<unknown> => {
    const own = await openAddress(`${server.url}?sslmode=${mode}`);
    try {
      const [row] = await runStatement(own.database, "select ssl from pg_stat_ssl where pid = pg_backend_pid()");
      return row["ssl"];
    } finally {
      await own.close();
    }
  };
  expect([await isEncrypted("disable"), await isEncrypted("no-verify")]).toEqual([false, true]);
  for (const mode of ["require", "verify-ca", "verify-full"])
    await expect(isEncrypted(mode)).rejects.toThrow(/^postgres:\S+: self-signed certificate$/);
});

test("a worker that is asked to stop leaves a checkpoint, and another goes on at once", async () => {
  const line = "compare --depth 8 --shortcut gated --data pictures --limit 64 --test-limit 16 --epochs 10".split(" ");
  const sweep = start("shortly", [...line, "--batch-size", "16", "--json", "--queue"]);
  const first = await startWorker("leaving");
  const { key } = await underWay(first);
  first.child.kill("SIGTERM");
  expect(await first.ended, first.said()).toBe(0);
  expect(first.said()).toContain("A run goes back to the queue: run: was stopped with its worker");
  const second = start("coming", ["worker", "--shared", shared(), "--data-root", join(folder, "data"), "--once"]);
  expect(await second.ended, second.said()).toBe(0);
  expect(second.said()).toMatch(/Training resnet8, gated, seed 0, attempt 2\.\n.*resumes at step \d+/);
  expect(await sweep.ended).toBe(0);
  expect(sweep.said()).toContain("run: was stopped with its worker; it is tried again");
  expect(readdirSync(join(shared(), "runs", key))).toEqual(["result.json"]);
});

test("a worker that has other images under the name gives the run back to one that has those that were meant", async () => {
  const line = "compare --depth 8 --shortcut C --data pictures --limit 64 --test-limit 16 --epochs 1 --seed 7".split(
    " ",
  );
  const sweep = start("asking", [...line, "--batch-size", "16", "--json", "--queue"]);
  await writePictures(join(folder, "other", "pictures"), 31);
  const take = (name: string, root: string): Started =>
    start(name, ["worker", "--shared", shared(), "--data-root", join(folder, root), "--threads", "1", "--once"]);
  const wrong = take("wrong", "other");
  expect(await wrong.ended, wrong.said()).toBe(0);
  expect(wrong.said()).toMatch(/A run goes back to the queue: pictures: has other images below the folder of data of/);
  const right = take("right", "data");
  expect(await right.ended, right.said()).toBe(0);
  expect(await sweep.ended, sweep.said()).toBe(0);
  expect(sweep.said()).toContain("than where the run was asked for; it is tried again");
});

test("another folder than the one that a worker has is refused", async () => {
  const first = await startWorker("first");
  const second = start("second", ["worker", "--shared", join(folder, "not-shared")]);
  expect(await second.ended).toBe(1);
  expect(second.said()).toMatch(/not-shared: is not the folder that the worker on \S+ has; give every worker the same/);
  first.child.kill("SIGTERM");
  expect(await first.ended).toBe(0);
});

test("a database that goes away in the middle is waited for, by the workers and by who follows them", async () => {
  const line = "compare --depth 8 --shortcut C --data pictures --limit 64 --test-limit 16 --epochs 10".split(" ");
  const sweep = start("later", [...line, "--batch-size", "16", "--json", "--queue"]);
  const worker = await startWorker("patient");
  await underWay(worker);
  await server.stop();
  await until("both notice", () => /no server answers|waiting until/.test(sweep.said()));
  await wait(1500);
  await server.start();
  expect(await sweep.ended, sweep.said() + worker.said()).toBe(0);
  expect(sweep.said()).toContain("the database is reached again");
  expect((JSON.parse(sweep.printed()) as { readonly runs: readonly unknown[] }).runs).toHaveLength(1);
  worker.child.kill("SIGTERM");
  expect(await worker.ended).toBe(0);
});
