import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { type DatabaseServer, startDatabaseServer } from "../../scripts/databases.mjs";
import { parseStoreAddress, type StoreAddress } from "../../src/store/address.ts";
import { connectDatabase, runStatement } from "../../src/store/database.ts";
import type { MetricPoint, Run, RunStart } from "../../src/store/run.ts";
import {
  addMetrics,
  createRunRow,
  findRun,
  openRunStore,
  readMetricPages,
  type RunStore,
  saveRun,
  type StoreOptions,
} from "../../src/store/run-store.ts";
import type { MetricRow, RunRow } from "../../src/store/schema.ts";

export const storeKinds = ["sqlite", "mariadb", "postgres"] as const;
export type StoreKind = (typeof storeKinds)[number];

/** Stores of every kind for the tests of one file. */
export interface TestStores {
  readonly server: (kind: Exclude<StoreKind, "sqlite">) => DatabaseServer;
  readonly folder: () => string;
  /** The address of a store that nobody has used, as text. */
  readonly address: (kind: StoreKind) => Promise<string>;
  /** Opens a store that nobody has used. */
  readonly open: (kind: StoreKind, options?: StoreOptions) => Promise<RunStore>;
}

/** Starts real servers before the tests of a file, and removes them after. */
export function useStores(): TestStores {
  const servers = new Map<StoreKind, DatabaseServer>();
  const opened: RunStore[] = [];
  let folder = "";
  let count = 0;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "residua-stores-"));
    const [mariadb, postgres] = await Promise.all([startDatabaseServer("mariadb"), startDatabaseServer("postgres")]);
    servers.set("mariadb", mariadb).set("postgres", postgres);
  });
  afterAll(async () => {
    for (const store of opened) await store.close().catch(() => undefined);
    for (const server of servers.values()) await server.remove();
    rmSync(folder, { recursive: true, force: true });
  });
  const address = async (kind: StoreKind): Promise<string> => {
    const name = `store_${++count}`;
    if (kind === "sqlite") return join(folder, `${name}.db`);
    const { url } = servers.get(kind)!;
    const database = await connectDatabase(parseStoreAddress(url));
    await runStatement(database, `create database ${name}`);
    await database.kysely.destroy();
    return url.replace(/\/[^/]*$/, `/${name}`);
  };
  return {
    server: (kind) => servers.get(kind)!,
    folder: () => folder,
    address,
    open: async (kind, options) => {
      const store = await openRunStore(parseStoreAddress(await address(kind)), options);
      opened.push(store);
      return store;
    },
  };
}

/** Opens a store by its address as text. */
export function openAddress(address: string, options?: StoreOptions): Promise<RunStore> {
  return openRunStore(parseStoreAddress(address) satisfies StoreAddress, options);
}

/** What a run is made from; with things that databases disagree on. */
export const exampleStart: RunStart = {
  command: "train",
  name: "résumé 😀 'quoted' \\ \"twice\" %",
  config: { recipe: { learningRate: 0.1, seed: 3 }, data: "mnist" },
  seed: 3,
  code: { residua: "0.1.0" },
  environment: { cores: 2 },
  folder: "/some/where",
};

/** A run as it is when it ended; `index` orders runs by time. */
export function exampleRun(index: number, change: Partial<RunRow> = {}): RunRow {
  return { ...createRunRow(exampleStart, Date.UTC(2026, 0, 1) + index), status: "done", ...change };
}

/** All values of a run, or those of one name. */
export async function readMetrics(store: RunStore, id: string, name?: string): Promise<readonly MetricRow[]> {
  const rows: MetricRow[] = [];
  for await (const page of readMetricPages(store, id, name)) rows.push(...page);
  return rows;
}

/** Values of one name at the steps 1, 2, 3 … */
export const points = (name: string, values: readonly number[]): readonly MetricPoint[] =>
  values.map((value, index) => ({ name, step: index + 1, epoch: 1, value }));

/** Adds a run that has ended, with the values of a loss. */
export async function addRun(
  store: RunStore,
  index: number,
  values: readonly number[] = [2, 1.5, Number.NaN],
): Promise<Run> {
  const run = exampleRun(index);
  await saveRun(store, { run, metrics: [], artifacts: [] });
  await addMetrics(store, run.id, points("loss", values));
  return findRun(store, run.id);
}

/** The whole of a text that comes in pieces. */
export async function collect(pieces: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
}
