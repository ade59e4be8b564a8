// A million metric values from SQLite to MariaDB to PostgreSQL and back to SQLite, by the command line; and how long
// `runs list` and `runs show` take beside them. Run: npm run build && node bench/run-store.mjs [VALUES]
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { addMetrics, createRunRow, listRuns, openRunStore, saveRun, findRun } from "residua/store";
import { startDatabaseServer } from "../scripts/databases.mjs";

const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const values = Number(process.argv[2] ?? 1_000_000);
const RUNS = 20;
const METRICS = ["loss", "accuracy", "gradient-norm", "learning-rate", "images-per-second"];
const PAGE = 20_000;
const REPETITIONS = 11;

/** @param {string} text */
const say = (text) => void process.stdout.write(`${text}\n`);

/** @template T @param {string} what @param {() => T | Promise<T>} work */
async function timed(what, work) {
  const start = performance.now();
  const result = await work();
  say(`${what}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return result;
}

/** Values as a training's, some of which are not finite. @param {number} step */
function valueAt(step) {
  if (step % 1000 === 999) return [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY][step % 3];
  return Math.exp(-step / 1e4) + Math.sin(step * 12.9898) / 7;
}

/** @param {string} path */
async function fill(path) {
  const store = await openRunStore({ kind: "sqlite", path });
  const steps = Math.ceil(values / RUNS / METRICS.length);
  for (let index = 0; index < RUNS; index++) {
    const start = {
      command: "train",
      name: `run ${index}`,
      config: { seed: index },
      seed: index,
      code: {},
      environment: {},
    };
    const run = { ...createRunRow(start, Date.UTC(2026, 0, 1) + index), status: "done" };
    await saveRun(store, { run, metrics: [], artifacts: [] });
    for (const name of METRICS) {
      const points = Array.from({ length: steps }, (_, step) => ({ name, step, value: valueAt(step + index) }));
      for (let at = 0; at < steps; at += PAGE) await addMetrics(store, run.id, points.slice(at, at + PAGE));
    }
  }
  await store.close();
}

/** @param {readonly string[]} options */
function residua(...options) {
  return execFileSync(process.execPath, [main, ...options], {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    stdio: ["ignore", "pipe", "ignore"],
  });
}

/** Median milliseconds. @param {() => Promise<unknown>} work */
async function median(work) {
  const times = [];
  for (let index = 0; index < REPETITIONS; index++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(REPETITIONS / 2)];
}

/** @param {string} url */
async function measureReading(url) {
  const { parseStoreAddress } = await import("residua/store");
  const store = await openRunStore(parseStoreAddress(url));
  const [{ id }] = await listRuns(store);
  const list = await median(() => listRuns(store));
  const show = await median(() => findRun(store, id));
  await store.close();
  say(`  list ${list.toFixed(1)} ms, show ${show.toFixed(1)} ms (median of ${REPETITIONS}, in the process)`);
  for (const command of [
    ["runs", "list"],
    ["runs", "show", id],
  ]) {
    const whole = await median(async () => residua(...command, "--store", url));
    say(`  residua ${command.slice(0, 2).join(" ")}: ${whole.toFixed(0)} ms as a whole, Node's start included`);
  }
}

const folder = mkdtempSync(join(tmpdir(), "residua-run-store-"));
const servers = [await startDatabaseServer("mariadb"), await startDatabaseServer("postgres")];
try {
  say(`${values} values in ${RUNS} runs; ${cpus().length} × ${cpus()[0].model}, Node ${process.version}`);
  const stores = [join(folder, "first.db"), servers[0].url, servers[1].url, join(folder, "last.db")];
  await timed("made in SQLite", () => fill(stores[0]));
  const checksums = [];
  for (const [index, to] of stores.slice(1).entries()) {
    const report = await timed(["SQLite → MariaDB", "MariaDB → PostgreSQL", "PostgreSQL → SQLite"][index], () =>
      JSON.parse(residua("runs", "copy", "--from", stores[index], "--to", to, "--json")),
    );
    checksums.push(report.sha256);
    say(`  ${report.values} values, ${report.written} written, SHA-256 ${report.sha256}`);
  }
  const lists = new Set(stores.map((store) => residua("runs", "list", "--json", "--store", store)));
  say(`checksums equal: ${new Set(checksums).size === 1}; runs list --json equal in all four: ${lists.size === 1}`);
  const exports = new Set([stores[0], stores[3]].map((store) => residua("runs", "export", "--csv", "--store", store)));
  say(`runs export --csv of the first and the last equal: ${exports.size === 1}`);
  for (const [index, store] of stores.slice(0, 3).entries()) {
    say(["SQLite", "MariaDB", "PostgreSQL"][index]);
    await measureReading(store);
  }
} finally {
  for (const server of servers) await server.remove();
  rmSync(folder, { recursive: true, force: true });
}
