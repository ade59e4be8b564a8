import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { formatTable, toLine } from "../src/cli/output.ts";
import { runStatement } from "../src/store/database.ts";
import { createRunRow, openRunStore, type RunStore, saveRun } from "../src/store/run-store.ts";
import { runCommand } from "./cli/run.ts";

/** A name that clears the screen, sets the window's title, turns the reading direction and begins a line of its own. */
const EVIL = "a\u001b[2J\u001b]0;title\u0007\u009b31m\u202eb\u2028c\r\nresidua: all is well";
// oxlint-disable-next-line no-control-regex
const active = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

let folder: string;
let store: RunStore;
const ids: string[] = [];

async function addRun(name: string, parent?: string): Promise<string> {
  const start = {
    command: "train",
    name,
    config: { [EVIL]: EVIL },
    code: { [EVIL]: EVIL },
    environment: {},
    folder: EVIL,
  };
  const row = createRunRow(parent === undefined ? start : { ...start, parentId: parent }, Date.now());
  const run = { ...row, status: "done", host: EVIL, reason: EVIL, result: JSON.stringify({ [EVIL]: EVIL }) };
  const metrics = [{ run_id: row.id, name: "loss", step: 1, epoch: null, value: 1 }];
  const summary = JSON.stringify({ [EVIL]: { count: 1, step: 1, last: 1, least: 1, greatest: 1 } });
  const artifact = { run_id: row.id, name: "x", sha256: "ab", bytes: 1, step: 1, path: EVIL, created_at: 1 };
  await saveRun(store, { run: { ...run, summary }, metrics, artifacts: [artifact] });
  // The store writes no such keys itself.
  for (const [table, column] of [
    ["residua_runs", "command"],
    ["residua_metrics", "name"],
    ["residua_artifacts", "name"],
  ]) {
    const key = table === "residua_runs" ? "id" : "run_id";
    await runStatement(store.database, `update ${table} set ${column} = ? where ${key} = ?`, [EVIL, row.id]);
  }
  await runStatement(store.database, "insert into residua_tags (run_id, tag) values (?, ?)", [row.id, EVIL]);
  return row.id;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "residua-terminal-"));
  mkdirSync(join(folder, ".residua"));
  store = await openRunStore({ kind: "sqlite", path: join(folder, ".residua", "runs.db") });
  ids.push(await addRun(EVIL));
  ids.push(await addRun(EVIL, ids[0]));
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

test.each([
  [["list"]],
  [["list", "--json"]],
  [["show", "0"]],
  [["show", "0", "--json"]],
  [["tree"]],
  [["tree", "--json"]],
  [["compare", "0", "1"]],
  [["compare", "0", "1", "--json"]],
  [["tag", "0", "good"]],
  [["rm", "1"]],
])("runs %j prints names from a store as text, in lines of its own", async (args) => {
  const id = (word: string): string => (/^\d$/.test(word) ? ids[Number(word)] : word);
  const { code, stdout, stderr } = await runCommand(["runs", ...args.map(id)], folder);
  expect(code, stderr).toBe(0);
  expect(stdout).toContain("title");
  expect(stdout + stderr).not.toMatch(active);
  expect(stdout).not.toMatch(/^residua:/m);
  // JSON holds the name as it is.
  const names = args.includes("--json") ? JSON.stringify(JSON.parse(stdout)) : JSON.stringify(EVIL);
  expect(names).toContain(JSON.stringify(EVIL).slice(1, -1));
});

test("a damaged row is said in one line that names its run and column; the list goes on", async () => {
  const id = await addRun("broken");
  const damages: readonly (readonly [string, string | number])[] = [
    ["summary", "{"],
    ["summary", "null"],
    ["summary", '{"loss":{"count":"x"}}'],
    ["config", "\u001b[31m"],
    ["code", ""],
    ["result", "[1"],
    ["status", "\u001b[2J"],
    ["started_at", "abc"],
    ["started_at", 1e17],
    ["ended_at", "soon"],
    ["steps", "many"],
  ];
  for (const [column, value] of damages) {
    const [before] = await runStatement(store.database, `select ${column} as x from residua_runs where id = ?`, [id]);
    await runStatement(store.database, `update residua_runs set ${column} = ? where id = ?`, [value, id]);
    const shown = await runCommand(["runs", "show", id], folder);
    expect(shown.code, column).toBe(1);
    expect(shown.stderr, column).toMatch(new RegExp(`^residua: run ${id}: .*column ${column} must be [^\\n]*\\n$`));
    expect(shown.stderr, column).not.toMatch(active);
    const list = await runCommand(["runs", "list"], folder);
    expect([list.code, list.stderr], column).toEqual([0, expect.stringContaining(`run ${id}: `)]);
    expect(list.stdout, column).toContain(ids[0].slice(0, 8));
    const json = await runCommand(["runs", "list", "--json"], folder);
    expect(JSON.parse(json.stdout), column).toMatchObject({ damaged: [{ id }] });
    await runStatement(store.database, `update residua_runs set ${column} = ? where id = ?`, [before["x"], id]);
  }
  expect((await runCommand(["runs", "show", id], folder)).code).toBe(0);
});

const texts = fc.string({ unit: "binary" });
test("a line is one line, and a table has a line for each row, whatever they hold", () => {
  fc.assert(
    fc.property(texts, fc.array(texts), (title, cells) => {
      expect(toLine(title)).not.toMatch(active);
      expect(toLine(title)).not.toContain("\n");
      const table = formatTable([{ title, value: (cell: string) => cell }], cells);
      expect(table.split("\n")).toHaveLength(cells.length + 1);
    }),
    { seed: 1, numRuns: 300 },
  );
});
