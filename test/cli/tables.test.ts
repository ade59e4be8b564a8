import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { runCommand } from "./run.ts";

const folder = mkdtempSync(join(tmpdir(), "residua-tables-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (...args: readonly string[]) => runCommand(["tables", ...args], folder, { RESIDUA_STORE: "lab.db" });

test("tables go in from JSON and CSV, are refused a second time, and come out in three forms", async () => {
  const csv = 'id,price,note\n1,12.50,"a ""b"""\n2,,王\n';
  writeFileSync(join(folder, "goods.csv"), csv);
  writeFileSync(join(folder, "cases.json"), '{"headers": {"T": ["a"]}, "rows": {"T": [["2026-01-31"], [null]]}}');
  const made = await run("import", "cases.json", "goods.csv");
  expect([made.code, made.stderr]).toEqual([0, ""]);
  expect(made.stdout).toMatch(/T +2 +a date +new\n *goods +2 +id integer, price decimal\(4,2\), note text +new/);

  const again = await run("import", "cases.json");
  expect(again).toMatchObject({ code: 2, stdout: "" });
  expect(again.stderr).toMatch(/^residua: --replace: must be given: lab\.db has a table "T" already;.*\n$/);
  expect((await run("import", "cases.json", "--replace")).stdout).toMatch(/replaced/);

  expect((await run("export", "goods", "--csv")).stdout).toBe(csv);
  expect(JSON.parse((await run("export", "T", "--json")).stdout)).toEqual({
    headers: { T: ["a"] },
    rows: { T: [["2026-01-31"], [null]] },
  });
  expect(JSON.parse((await run("export", "goods", "--columns")).stdout)).toEqual({
    id: [1, 2],
    price: [12.5, null],
    note: ['a "b"', "王"],
  });
});

test.each([
  [["import", "notes.txt"], 2, /^residua: <file>: "notes\.txt" must end in \.json or \.csv/],
  [["import", "latin.csv"], 1, /^residua: latin\.csv: is not UTF-8/],
  [
    ["export", "T", "--csv", "--store", "mysql://me:S3CRET@127.0.0.1:9/lab"],
    1,
    /^residua: mysql:\/\/127\.0\.0\.1:9\/lab: /,
  ],
] as const)("tables %j is refused in one line", async (args, code, line) => {
  writeFileSync(join(folder, "latin.csv"), Buffer.from([0x61, 0x0a, 0xff, 0x0a]));
  const result = await run(...args);
  expect([result.code, result.stdout]).toEqual([code, ""]);
  expect(result.stderr).toMatch(line);
  expect(result.stderr.trimEnd()).not.toMatch(/\n|S3CRET/);
});
