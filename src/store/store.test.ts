import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addRun,
  collect,
  exampleRun,
  exampleStart,
  openAddress,
  points,
  readMetrics,
  storeKinds,
  useStores,
} from "../../test/support/stores.ts";
import { EnvironmentError, FormatError, OptionError } from "../tensor/errors.ts";
import { runStatement } from "./database.ts";
import { exportCsv, exportJson } from "./export.ts";
import { encodeJson } from "./json.ts";
import { migrate, type Migration, migrations } from "./migrations.ts";
import { currentProcess } from "../files/node/process.ts";
import { nameStoredMeasures } from "./named-measures.ts";
import { extendSummary, toMetricRow } from "./run.ts";
import {
  addMetrics,
  changeTags,
  findArtifact,
  findRun,
  listRuns,
  readArtifacts,
  removeRun,
  type RunStore,
  saveRun,
} from "./run-store.ts";
import type { ArtifactRow } from "./schema.ts";
import { createTable, readColumns, readRows, writeRows } from "./tables.ts";
import { keepUnsent, sendUnsent } from "./unsent.ts";

const stores = useStores();

/** The runs of a backup: a file beside the file, or tables beside the tables. */
async function readBackup({ database }: RunStore, backup: string): Promise<readonly unknown[]> {
  const suffix = /^tables ending in (\w+)$/.exec(backup)?.[1];
  const place = suffix === undefined ? await openAddress(backup) : undefined;
  const rows = await runStatement(place?.database ?? database, `select id from residua_runs${suffix ?? ""}`);
  await place?.close();
  return rows.map(({ id }) => id);
}

describe.each(storeKinds)("a store in %s", (kind) => {
  test("gives back a run as it was, whatever characters it holds", async () => {
    const store = await stores.open(kind);
    const { id } = await addRun(store, 0);
    expect(await findRun(store, id.slice(0, 6))).toMatchObject({
      id,
      command: "train",
      name: exampleStart.name,
      status: "done",
      seed: 3,
      steps: 3,
      parentId: null,
      config: exampleStart.config,
      code: exampleStart.code,
      environment: exampleStart.environment,
      startedAt: "2026-01-01T00:00:00.000Z",
      endedAt: null,
      result: null,
      summary: { loss: { count: 3, step: 3, last: Number.NaN, least: 1.5, greatest: 2 } },
    });
  });

  test("gives back every float64, NaN and the infinities", async () => {
    const store = await stores.open(kind);
    const { id } = await addRun(store, 0, []);
    const special = [Number.NaN, Infinity, -Infinity, 5e-324, -1.7976931348623157e308, 2 ** 53 + 2, 0.1, 1 / 3, 1e21];
    await addMetrics(store, id, points("special", special));
    expect((await readMetrics(store, id, "special")).map(({ value }) => value)).toEqual(special);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double(), { minLength: 1, maxLength: 50 }),
        fc.integer({ min: 0 }),
        async (values, name) => {
          await addMetrics(store, id, points(`drawn ${name}`.slice(0, 100), values));
          const back = (await readMetrics(store, id, `drawn ${name}`.slice(0, 100))).map(({ value }) => value);
          expect(back.slice(0, values.length)).toEqual(values.map((value) => value + 0));
        },
      ),
      { numRuns: 20, seed: 1 },
    );
  });

  test("orders names by their bytes and tells upper from lower case", async () => {
    const store = await stores.open(kind);
    const { id } = await addRun(store, 0, []);
    const names = ["z", "Z", "é", "loss", "Loss", "a b", "a-b", "😀"];
    for (const name of names) await addMetrics(store, id, points(name, [1, 2]));
    const bytewise = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect([...new Set((await readMetrics(store, id)).map(({ name }) => name))]).toEqual(bytewise);
  });

  test("has a value once, however often it is written; the last counts", async () => {
    const store = await stores.open(kind);
    const { id } = await addRun(store, 0, [3, 2, 1]);
    await addMetrics(store, id, [...points("loss", [7, 8]), { name: "loss", step: 2, value: 9 }]);
    expect((await readMetrics(store, id)).map(({ step, value }) => [step, value])).toEqual([
      [1, 7],
      [2, 9],
      [3, 1],
    ]);
    expect((await findRun(store, id)).summary.loss).toEqual({ count: 3, step: 3, last: 1, least: 1, greatest: 9 });
    await addMetrics(store, id, [{ name: "loss", step: 4, value: 0.5 }]);
    expect((await findRun(store, id)).summary.loss).toEqual({ count: 4, step: 4, last: 0.5, least: 0.5, greatest: 9 });
  });

  test("reads more rows than a page holds, in order", async () => {
    const store = await stores.open(kind);
    const run = exampleRun(0);
    const rows = ["a", "b"].flatMap((name) =>
      Array.from({ length: 10_007 }, (_, step) => toMetricRow(run.id, { name, step, value: step / 3 })),
    );
    await saveRun(store, { run, metrics: rows.toReversed(), artifacts: [] });
    expect(await readMetrics(store, run.id)).toEqual(rows);
    expect(await readMetrics(store, run.id, "b")).toEqual(rows.slice(10_007));
  });

  test("lists the latest run first, by status, command, configuration and tag", async () => {
    const store = await stores.open(kind);
    const first = await addRun(store, 1);
    const second = await addRun(store, 2);
    await saveRun(store, {
      run: exampleRun(3, { status: "diverged", command: "compare", config_hash: "other" }),
      metrics: [],
      artifacts: [],
    });
    await changeTags(store, first.id, { add: ["paper", "figure 3"] });
    await changeTags(store, first.id, { add: ["paper"], remove: ["unknown"] });
    const ids = async (filter: Parameters<typeof listRuns>[1]): Promise<readonly string[]> =>
      (await listRuns(store, filter)).map(({ id }) => id);
    expect((await ids({})).slice(1)).toEqual([second.id, first.id]);
    expect(await ids({ status: "done" })).toEqual([second.id, first.id]);
    expect(await ids({ configHash: first.configHash, limit: 1 })).toEqual([second.id]);
    expect(await ids({ command: "compare" })).toHaveLength(1);
    expect(await ids({ tag: "paper" })).toEqual([first.id]);
    expect((await findRun(store, first.id)).tags).toEqual(["figure 3", "paper"]);
    await changeTags(store, first.id, { remove: ["paper"] });
    expect(await ids({ tag: "paper" })).toEqual([]);
  });

  test("list and show read no metric: they work where the table is gone", async () => {
    const store = await stores.open(kind);
    const { id } = await addRun(store, 0, [3, 1, 2]);
    await runStatement(store.database, "drop table residua_metrics");
    expect((await listRuns(store))[0].summary["loss"]).toEqual({ count: 3, step: 3, last: 2, least: 1, greatest: 3 });
    expect((await findRun(store, id)).id).toBe(id);
  });

  test("finds a run by what it wrote, and removes a run with all that is its own", async () => {
    const store = await stores.open(kind);
    const [kept, gone] = [exampleRun(0), exampleRun(1)];
    const artifact = (run_id: string, sha256: string): ArtifactRow => ({
      run_id,
      name: "model.onnx",
      sha256,
      bytes: 2 ** 40,
      step: null,
      path: "/a/model.onnx",
      created_at: 5,
    });
    for (const run of [kept, gone]) {
      const artifacts = [artifact(run.id, "shared"), artifact(run.id, run.id)];
      await saveRun(store, { run, metrics: [toMetricRow(run.id, { name: "loss", step: 1, value: 1 })], artifacts });
    }
    expect((await findArtifact(store, gone.id)).map(({ run_id }) => run_id)).toEqual([gone.id]);
    await removeRun(store, gone.id);
    expect((await listRuns(store)).map(({ id }) => id)).toEqual([kept.id]);
    expect(await readMetrics(store, gone.id)).toEqual([]);
    expect(await readArtifacts(store, gone.id)).toEqual([]);
    expect((await findArtifact(store, "shared")).map(({ run_id, bytes }) => [run_id, bytes])).toEqual([
      [kept.id, 2 ** 40],
    ]);
    await expect(findRun(store, gone.id)).rejects.toThrow(/^run: there is none whose id begins with/);
  });

  test("holds a running run for crashed once its process is gone, and lets a living one be", async () => {
    const store = await stores.open(kind);
    const { host, process: self } = currentProcess();
    const [space, , begin] = self.split(" ");
    const living = exampleRun(0, { status: "running" });
    // The number lives, but was given to another process; process 2^22 + 1 cannot be on Linux.
    const reused = exampleRun(1, { status: "running", process: `${space} ${process.pid} ${Number(begin) - 1}` });
    const gone = exampleRun(2, { status: "running", process: `${space} ${2 ** 22 + 1} 5` });
    const elsewhere = { host: `${host}-other`, status: "running" } as const;
    const silent = exampleRun(3, { ...elsewhere, heartbeat_at: Date.now() - 11 * 60_000 });
    const talking = exampleRun(4, { ...elsewhere, heartbeat_at: Date.now() });
    for (const run of [living, reused, gone, silent, talking])
      await saveRun(store, { run, metrics: [], artifacts: [] });
    const found = (await listRuns(store)).map(({ status }) => status);
    expect(found).toEqual(["running", "crashed", "crashed", "crashed", "running"]);
    expect(await findRun(store, silent.id)).toMatchObject({ endedAt: new Date(silent.heartbeat_at).toISOString() });
  });

  test.each(["", " a", "a ", "a\nb", "x".repeat(191)])(
    "refuses the tag %j, which databases disagree on",
    async (tag) => {
      const store = await stores.open(kind);
      const { id } = await addRun(store, 0);
      await expect(changeTags(store, id, { add: [tag] })).rejects.toThrow(OptionError);
    },
  );

  test("is opened by several at once: one makes the tables", async () => {
    const address = await stores.address(kind);
    const opened = await Promise.all(Array.from({ length: 6 }, () => openAddress(address)));
    expect(await listRuns(opened[5])).toEqual([]);
    const [{ versions }] = await runStatement(opened[0].database, "select count(*) as versions from residua_schema");
    expect(Number(versions)).toBe(migrations.length);
    for (const store of opened) await store.close();
  });

  test("of an older schema is backed up and brought up to date, with all that was in it", async () => {
    const address = await stores.address(kind);
    const old = await openAddress(address);
    const run = await addRun(old, 0);
    await old.close();
    const change: Migration = {
      describe: "notes",
      up: async (database) => {
        await runStatement(database, "alter table residua_runs add column notes varchar(20) default 'none'");
      },
    };
    const store = await openAddress(address, { migrations: [...migrations, change] });
    const { from, to, backup } = store.migration;
    expect([from, to]).toEqual([migrations.length, migrations.length + 1]);
    expect(await findRun(store, run.id)).toEqual(run);
    const [{ notes }] = await runStatement(store.database, "select notes from residua_runs");
    expect(notes).toBe("none");
    expect(await readBackup(store, backup!)).toEqual([run.id]);
    await store.close();
  });

  test("of version 1 gets its measures' names by the runs' tasks, with all their values", async () => {
    const address = await stores.address(kind);
    const old = await openAddress(address, { migrations: migrations.slice(0, 1) });
    const targets = [undefined, "instances", "classes"] as const;
    const epoch = { epoch: 1, trainLoss: 2, trainAccuracy: 0.5, validation: { loss: 1, accuracy: 0.25 } };
    const tested = { count: 9, loss: 1, accuracy: 0.125, figures: { f1At50: 0.5, "dice nucleus": 0.75 } };
    for (const [index, target] of targets.entries()) {
      const config = { network: { model: "x", ...(target && { task: { name: "any", target } }) } };
      const metrics = ["accuracy", "epoch/accuracy", "epoch/loss", "validation/accuracy", "test/accuracy"].flatMap(
        (name) => points(name, [0.25, Number.NaN]),
      );
      const change = {
        config: JSON.stringify(config),
        summary: encodeJson(extendSummary({}, metrics)),
        result: JSON.stringify({ best: epoch, test: tested, steps: 2 }),
      };
      const run = exampleRun(index, change);
      await saveRun(old, { run, metrics: metrics.map((point) => toMetricRow(run.id, point)), artifacts: [] });
    }
    await old.close();
    const store = await openAddress(address);
    const runs = (await listRuns(store)).toReversed();
    const names = [
      ["accuracy", "accuracy"],
      ["pointAccuracy", "meanAp"],
      ["pointAccuracy", "meanIou"],
    ] as const;
    for (const [index, [training, main]] of names.entries()) {
      const { id, summary, result } = runs[index];
      const wanted = [training, `epoch/${training}`, "epoch/loss", `validation/${main}`, `test/${main}`].toSorted();
      expect(Object.keys(summary).toSorted()).toEqual(wanted);
      expect(summary[`test/${main}`]).toEqual({ count: 2, step: 2, last: Number.NaN, least: 0.25, greatest: 0.25 });
      const kept = await readMetrics(store, id);
      expect(kept.map(({ name, step, value }) => [name, step, value])).toEqual(
        wanted.flatMap((name) => [
          [name, 1, 0.25],
          [name, 2, Number.NaN],
        ]),
      );
      expect(result).toEqual({
        steps: 2,
        best: {
          epoch: 1,
          training: { loss: 2, measures: { [training]: 0.5 } },
          validation: { loss: 1, measures: { [main]: 0.25 } },
        },
        test: { count: 9, loss: 1, measures: { [main]: 0.125, f1At50: 0.5 }, dice: { nucleus: 0.75 } },
      });
    }
    // Once more, as after a change that was truncated.
    await nameStoredMeasures(store.database);
    expect((await listRuns(store)).toReversed()).toEqual(runs);
    await store.close();
  });

  test("takes what an older release has kept for it under the measures' names", async () => {
    const store = await stores.open(kind);
    const folder = join(stores.folder(), `unsent-${kind}`);
    const config = { network: { task: { name: "any", target: "instances" } } };
    const metrics = points("validation/accuracy", [0.5, Number.NaN]);
    const run = exampleRun(0, { config: JSON.stringify(config), summary: encodeJson(extendSummary({}, metrics)) });
    const change = { run, metrics: metrics.map((point) => toMetricRow(run.id, point)), artifacts: [] };
    keepUnsent(folder, store.description, change);
    expect(await sendUnsent(folder, store)).toBe(1);
    expect(Object.keys((await findRun(store, run.id)).summary)).toEqual(["validation/meanAp"]);
    expect((await readMetrics(store, run.id)).map(({ name, value }) => [name, value])).toEqual([
      ["validation/meanAp", 0.5],
      ["validation/meanAp", Number.NaN],
    ]);
  });

  test("takes what is kept for it while it is sent, from several at once", async () => {
    const store = await stores.open(kind);
    const folder = join(stores.folder(), `growing-${kind}`);
    const begun = exampleRun(0);
    const keepStep = (step: number): void => {
      const metrics = [{ name: "loss", step, value: -step }];
      const run = { ...begun, steps: step, summary: encodeJson(extendSummary({}, metrics)) };
      const change = { run, metrics: metrics.map((point) => toMetricRow(run.id, point)), artifacts: [] };
      keepUnsent(folder, store.description, change);
    };
    for (let step = 1; step <= 20; step++) keepStep(step);
    const first = sendUnsent(folder, store);
    await new Promise(setImmediate);
    // Its file is being sent by now.
    keepStep(21);
    const second = sendUnsent(folder, store);
    expect((await first) + (await second)).toBeGreaterThan(0);
    expect(await sendUnsent(folder, store)).toBe(0);
    expect((await readMetrics(store, begun.id)).map(({ value }) => -value)).toEqual(
      Array.from({ length: 21 }, (_, index) => index + 1),
    );
    expect((await findRun(store, begun.id)).steps).toBe(21);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("whose change of the schema fails is as it was", async () => {
    const address = await stores.address(kind);
    const old = await openAddress(address);
    const run = await addRun(old, 0);
    await old.close();
    const change: Migration = { describe: "broken", up: () => Promise.reject(new Error("cannot be done")) };
    await expect(openAddress(address, { migrations: [...migrations, change] })).rejects.toThrow("cannot be done");
    const store = await openAddress(address);
    expect(await listRuns(store)).toEqual([run]);
    await store.close();
  });

  test("is left alone while another process changes its schema", async () => {
    const { database, close } = await stores.open(kind);
    const lockSchema = { lock: "select 0 as granted", unlock: "select broken" };
    const change: Migration = { describe: "never", up: () => Promise.reject(new Error("must wait")) };
    const changing = migrate({ ...database, backend: { ...database.backend, lockSchema } }, [...migrations, change]);
    await expect(changing).rejects.toThrow(EnvironmentError);
    await expect(changing).rejects.toThrow(
      /is being brought up to date by another process for over a minute; try again/,
    );
    await close();
  });

  test("of a newer schema is refused and left alone", async () => {
    const address = await stores.address(kind);
    const newer = await openAddress(address);
    await runStatement(newer.database, `insert into residua_schema (version) values (${migrations.length + 1})`);
    await newer.close();
    const opening = openAddress(address);
    await expect(opening).rejects.toThrow(FormatError);
    await expect(opening).rejects.toThrow(
      /is a run store of version 3, this Residua knows up to 2; use a newer Residua$/,
    );
    expect(readdirSync(stores.folder()).filter((name) => name.startsWith(`${basename(address)}.v`))).toEqual([]);
  });

  test("keeps a table of one's own as typed rows and columns", async () => {
    const { database } = await stores.open(kind);
    const schema = {
      columns: { image: "key", label: "integer", score: "real", note: "text?", weight: "real?" },
      primaryKey: ["image"],
    } as const;
    await createTable(database, "predictions", schema);
    const rows = [
      { image: "a.png", label: 3, score: 0.25, note: null, weight: null },
      { image: "b.png", label: -1, score: Number.NaN, note: "größer", weight: -Infinity },
    ];
    await writeRows(database, "predictions", schema, rows.toReversed());
    await writeRows(database, "predictions", schema, rows);
    expect(await readRows(database, "predictions", schema)).toEqual(rows);
    expect(await readRows(database, "predictions", schema, { where: { label: 3 } })).toEqual([rows[0]]);
    const read = await readColumns(database, "predictions", schema);
    expect(read.score).toEqual(Float64Array.of(0.25, Number.NaN));
    expect(read.weight).toEqual(Float64Array.of(Number.NaN, -Infinity));
    expect(read.note).toEqual([null, "größer"]);
    await expect(writeRows(database, "predictions", schema, [{ ...rows[0], label: 0.5 }])).rejects.toThrow(
      /^predictions\.label: must be integer, got 0\.5$/,
    );
    await expect(createTable(database, "a; drop table runs", schema)).rejects.toThrow(OptionError);
  });

  test("exports all values as CSV and as JSON", async () => {
    const store = await stores.open(kind);
    const run = await addRun(store, 0, [1.5, Number.NaN]);
    await addMetrics(store, run.id, [{ name: "a,b", step: 4, value: -Infinity }]);
    const name = exampleStart.name.replaceAll('"', '""');
    const whole = await findRun(store, run.id);
    expect((await collect(exportCsv(store, [whole]))).split("\n")).toEqual([
      "run,run_name,metric,step,epoch,value",
      `${run.id},"${name}","a,b",4,,-Infinity`,
      `${run.id},"${name}",loss,1,1,1.5`,
      `${run.id},"${name}",loss,2,1,NaN`,
      "",
    ]);
    const { runs } = JSON.parse(await collect(exportJson(store, [whole, whole]))) as { runs: unknown[] };
    expect(runs).toHaveLength(2);
    expect(runs[0]).toMatchObject({
      run: { id: run.id, config: exampleStart.config },
      metrics: {
        "a,b": [[4, null, "-Infinity"]],
        loss: [
          [1, 1, 1.5],
          [2, 1, "NaN"],
        ],
      },
    });
  });
});

test("pages of metrics are read along the primary key of SQLite, without sorting", async () => {
  const { database } = await stores.open("sqlite");
  const plans = await runStatement(
    database,
    "explain query plan select * from residua_metrics where run_id = 'a' and name >= 'b' and ((name > 'b') or (name = 'b' and step > 3)) order by run_id, name, step limit 10000",
  );
  const text = plans.map(({ detail }) => String(detail)).join("\n");
  expect(text).toMatch(/^SEARCH residua_metrics USING (PRIMARY KEY|INDEX \S+) \(run_id=\? AND name>\?\)$/);
});

test("a file that is no database is refused and left as it was", async () => {
  const { writeFileSync, readFileSync } = await import("node:fs");
  const path = `${stores.folder()}/text.db`;
  writeFileSync(path, "this is a text, long enough to be looked at as a database file, but it is none. ".repeat(40));
  const before = readFileSync(path);
  await expect(openAddress(path)).rejects.toThrow(FormatError);
  expect(readFileSync(path)).toEqual(before);
  expect(existsSync(`${path}-wal`)).toBe(false);
});
