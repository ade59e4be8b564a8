import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { expect, onTestFinished, test } from "vitest";
import { collect } from "../../../test/support/stores.ts";
import { parseStoreAddress } from "../../store/address.ts";
import { exportCsv, exportJson } from "../../store/export.ts";
import { addMetrics, changeTags, createRunRow, findRun, openRunStore, saveRun } from "../../store/run-store.ts";
import { type MetricPoint, type Run, runStatuses as stored } from "../../store/run.ts";
import type { RunStore } from "../../store/run-store.ts";
import { readExportedJson, readExportedRows, resampleCurve, runStatuses } from "./read-export.ts";

/** A store with two runs, as trainings leave them. */
async function fillStore(): Promise<{ readonly store: RunStore; readonly runs: readonly Run[] }> {
  const folder = await mkdtemp(join(tmpdir(), "residua-runs-"));
  const store = await openRunStore(parseStoreAddress(join(folder, "runs.db")));
  onTestFinished(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });
  const runs: Run[] = [];
  for (const [seed, name] of ["resnet20 on mnist", '=1+1 "<b>", 跑'].entries()) {
    const config = { network: { model: "resnet20", shortcut: seed === 0 ? "plain" : "pad" }, recipe: { epochs: 2 } };
    const row = createRunRow(
      { command: "train", name, config, seed, code: { residua: "0.1.0" }, environment: { node: "20" } },
      Date.UTC(2026, 10, 24, 12, seed),
    );
    const values = [2.5, 0.125, seed === 0 ? Number.NaN : 0.1];
    const points: readonly MetricPoint[] = [
      ...values.map((value, index) => ({ name: "loss", step: index + 1, value })),
      { name: "validation/accuracy", step: 3, epoch: 1, value: 0.75 },
    ];
    await saveRun(store, { run: { ...row, status: "done" }, metrics: [], artifacts: [] });
    await addMetrics(store, row.id, points);
    await changeTags(store, row.id, { add: ["paper"] });
    runs.push(await findRun(store, row.id));
  }
  return { store, runs };
}

test("statuses are the store's", () => {
  expect(runStatuses).toEqual(stored);
});

test("what is exported is read back: runs as the store has them, every value, NaN too", async () => {
  const { store, runs } = await fillStore();
  const read = readExportedJson(await collect(exportJson(store, runs)), "runs.json");
  expect(read.map(({ run }) => run)).toEqual(
    runs.map(({ id, name, tags, config, code, environment, command, status, host, startedAt, steps }, index) => ({
      id,
      name,
      tags,
      config,
      code,
      environment,
      command,
      status,
      host,
      startedAt,
      steps,
      seconds: expect.any(Number),
      last: { loss: index === 0 ? Number.NaN : 0.1, "validation/accuracy": 0.75 },
    })),
  );
  expect(read[0].curves.get("loss")).toEqual({
    steps: Float64Array.of(1, 2, 3),
    values: Float64Array.of(2.5, 0.125, Number.NaN),
  });

  const rows: readonly (readonly string[])[] = parse(await collect(exportCsv(store, runs)));
  const table = readExportedRows(rows, "runs.csv");
  expect(table.map(({ curves }) => curves)).toEqual(read.map(({ curves }) => curves));
  expect(table[0].run).toMatchObject({ id: runs[0].id, name: "resnet20 on mnist", steps: 3 });
  expect(table[0].run.status).toBeUndefined();
});

test("the quick check takes no run that the schema refuses, and what only the schema understands is read as well", async () => {
  const { store, runs } = await fillStore();
  const text = await collect(exportJson(store, runs));
  const change = (make: (run: Record<string, unknown>, metrics: Record<string, unknown>) => void): string => {
    const value = JSON.parse(text) as { runs: { run: Record<string, unknown>; metrics: Record<string, unknown> }[] };
    make(value.runs[1].run, value.runs[1].metrics);
    return JSON.stringify(value);
  };
  const faults: readonly (readonly [place: string, make: Parameters<typeof change>[0]])[] = [
    ...["id", "command", "name", "status", "tags", "config", "code", "environment", "host", "startedAt"].map(
      (key) => [`runs.1.run.${key}`, (run: Record<string, unknown>) => void delete run[key]] as const,
    ),
    ...["heartbeatAt", "endedAt", "steps", "reason"].map(
      (key) => [`runs.1.run.${key}`, (run: Record<string, unknown>) => void (run[key] = {})] as const,
    ),
    ["runs.1.run.id", (run) => (run["id"] = "")],
    ["runs.1.run.startedAt", (run) => (run["startedAt"] = "yesterday")],
    ["runs.1.run.steps", (run) => (run["steps"] = -1)],
    ["runs.1.run.tags.0", (run) => (run["tags"] = [1])],
    ["runs.1.metrics.loss.0.2", (_, metrics) => (metrics["loss"] = [[1, null, "much"]])],
    ["runs.1.metrics.loss.0.0", (_, metrics) => (metrics["loss"] = [[1.5, null, 1]])],
    ["runs.1.metrics.loss.0.1", (_, metrics) => (metrics["loss"] = [[1, "x", 1]])],
    ["runs.1.metrics.loss.0.2", (_, metrics) => (metrics["loss"] = [[1, null]])],
  ];
  for (const [place, make] of faults)
    expect(() => readExportedJson(change(make), "a.json"), place).toThrow(`as JSON: ${place} `);
  const longer = change((_, metrics) => (metrics["loss"] = [[1, null, 2, "more"]]));
  expect(readExportedJson(longer, "a.json")[1].run.last["loss"]).toBe(2);
  const escaped = text.replace('"name":"resnet20', String.raw`"name":"\u0072esnet20`);
  expect(readExportedJson(escaped, "a.json")).toEqual(readExportedJson(text, "a.json"));
});

test("what is no export is refused by its first fault", () => {
  const head = "run,run_name,metric,step,epoch,value".split(",");
  expect(() => readExportedJson('{"runs":[', "a.json")).toThrow("a.json: is no whole JSON document");
  expect(() => readExportedJson('{"runs":[{"run":{"id":"x"}}]}', "a.json")).toThrow(
    /^a\.json: is not what residua runs export writes as JSON: runs\.0\.run\.command is missing$/,
  );
  expect(() => readExportedJson('{"runs":[],"__proto__":{}}', "a.json")).toThrow("__proto__ is not known");
  expect(() => readExportedRows([["a", "b"]], "a.csv")).toThrow("the columns must be run,run_name,metric");
  expect(() => readExportedRows([head, ["r", "n", "loss", "1", "", "much"]], "a.csv")).toThrow(
    'a.csv, line 2: must be a number, got "much"',
  );
});

test("a resampled curve has means of its parts, and gaps where there are no values", () => {
  const curve = { steps: Float64Array.of(1, 2, 3, 4, 9), values: Float64Array.of(4, 2, 1, 3, 7) };
  expect(resampleCurve(curve, 1, 4)).toEqual([4, 2, 1, 5]);
  expect(resampleCurve(curve, 2, 5)).toEqual([3, 2, Number.NaN, Number.NaN, 7]);
});
