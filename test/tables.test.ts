import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import {
  exportTable,
  importTables,
  parseCsvTable,
  parseTableCase,
  type TableCase,
  tableToColumns,
} from "../src/store/interchange/index.ts";
import { runSql, tableSuite } from "./support/table-suite.ts";

const folder = mkdtempSync(join(tmpdir(), "residua-tables-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const newFile = (name: string): string => join(folder, name);

tableSuite("sqlite", () => Promise.resolve(newFile("suite.db")));

test("SQLite keeps decimals that a float64 holds as numbers, longer ones as texts, and says so in the column's type", async () => {
  const csv = "short,long\n0.1,12345678901234567890.5\n0.30000000000000004,0.5\n";
  await importTables(newFile("kept.db"), await parseCsvTable(csv, "t", "t.csv"));
  const types = await runSql(newFile("kept.db"), "select type from pragma_table_info('t')");
  expect(types).toEqual([{ type: "decimal(17,17)" }, { type: "decimal_text(21,1)" }]);
  expect(await runSql(newFile("kept.db"), "select typeof(short) as s, typeof(long) as l from t limit 1")).toEqual([
    { s: "real", l: "text" },
  ]);
  expect((await exportTable(newFile("kept.db"), "t")).rows).toEqual([
    ["0.10000000000000000", "12345678901234567890.5"],
    ["0.30000000000000004", "0.5"],
  ]);
});

test("an SQLite file of others is read as it is, whatever its columns say, and not changed", async () => {
  const path = newFile("others.db");
  await runSql(
    path,
    "create table t (a integer, b real, c, d blob)",
    "insert into t values ('seven', 0.1, 9007199254740993, null), (9223372036854775807, 1e300, 'text', null)",
  );
  const before = readFileSync(path);
  const table = await exportTable(path, "T");
  expect(table.rows).toEqual([
    ["seven", "0.1", "9007199254740993", null],
    ["9223372036854775807", "1e+300", "text", null],
  ]);
  expect(tableToColumns(table).get("b")).toEqual([0.1, 1e300]);
  expect(readFileSync(path)).toEqual(before);
  await runSql(path, "update t set d = x'00ff'");
  await expect(exportTable(path, "t")).rejects.toThrow(/others\.db: table "t", column "d" holds bytes/);
});

test("a file that is not there is not made by reading it", async () => {
  await expect(exportTable(newFile("none.db"), "t")).rejects.toThrow(/none\.db: cannot read: there is no such file/);
  expect(existsSync(newFile("none.db"))).toBe(false);
});

test.each([
  ["", "is empty; must be {"],
  ["[1]", "is not an object; must be {"],
  ['{"headers": {"T": ["a"]}', "is not JSON at character 24"],
  ["[".repeat(100_000), "is not JSON"],
  ['{"headers": {"T": ["a"]}, "rows": {"T": []}, "sql": ""}', 'has "sql", may have "headers" and "rows" only'],
  ['{"headers": {"T": ["a"]}}', 'its "rows" must be an object'],
  ['{"headers": {"T": "a"}, "rows": {"T": []}}', 'the headers of "T" must be a list of texts'],
  ['{"headers": {"T": ["a"], "T": ["b"]}, "rows": {"T": []}}', "names a table twice"],
  ['{"headers": {"T": ["a"]}, "rows": {"T": {}}}', 'the rows of "T" must be a list of lists'],
  ['{"headers": {"T": ["a"]}, "rows": {"T": [1]}}', 'table "T", row 1: must be a list of values'],
  [
    '{"headers": {"T": ["a", "b"]}, "rows": {"T": [[1, true]]}}',
    "row 1: value 2 is true, must be a text, a number or null",
  ],
  ['{"headers": {"T": ["a"]}, "rows": {"T": [[{"digits": "1"}]]}}', "value 1 is an object"],
  ['{"headers": {"T": ["a", "b"]}, "rows": {"T": [[1, 2], [1]]}}', 'table "T", row 2: has 1 values, must have 2'],
  ['{"headers": {"T": ["a", "A"]}, "rows": {"T": []}}', 'two columns of table "T" are called "a" and "A"'],
  ['{"headers": {"T": ["a"], "t": ["a"]}, "rows": {"T": [], "t": []}}', 'two tables are called "T" and "t"'],
  ['{"headers": {"T": []}, "rows": {"T": []}}', 'table "T" has no columns'],
  ['{"headers": {}, "rows": {}}', "has no tables"],
  ['{"headers": {"T": ["a"]}, "rows": {}}', 'has headers of "T", but no rows of it'],
  ['{"headers": {"T": ["a"]}, "rows": {"T": [], "U": []}}', 'has rows of "U", but no headers of it'],
  [`{"headers": {"T'": ["a"]}, "rows": {"T'": []}}`, `the name "T'" of a table has a quote`],
  ['{"headers": {"T": ["a`"]}, "rows": {"T": []}}', 'the name "a`" of a column of table "T" has a quote'],
  ['{"headers": {"T": [""]}, "rows": {"T": []}}', "is empty"],
  [`{"headers": {"T": ["${"王".repeat(22)}"]}, "rows": {"T": []}}`, "has 66 bytes, may have 63"],
  ['{"headers": {"residua_runs": ["a"]}, "rows": {"residua_runs": []}}', "would be one of the run store's"],
  ['{"headers": {"T": ["a"]}, "rows": {"T": [[1e400]]}}', "the number 1e400 is too large, may have 65 digits"],
  ['{"headers": {"T": ["a"]}, "rows": {"T": [[1e999999999]]}}', "is too large"],
  [`{"headers": {"T": ["a"]}, "rows": {"T": [[1], [${"9".repeat(66)}]]}}`, 'row 2, column "a": the number 9999'],
  ['{"headers": {"T": ["a"]}, "rows": {"T": [[1e-31]]}}', "has 31 digits after the point, may have 30"],
  [`{"headers": {"T": ["a"]}, "rows": {"T": [[1e-30], [1e40]]}}`, "the column needs 71 digits, 41 before and 30 after"],
  [String.raw`{"headers": {"T": ["a"]}, "rows": {"T": [["\u0000"]]}}`, "has a NUL character"],
  [String.raw`{"headers": {"T": ["a"]}, "rows": {"T": [["\ud800"]]}}`, "has half of a character"],
])("bad JSON is refused in one line: %s", async (text, problem) => {
  const file = newFile("refused.db");
  const refused = parseTableCase(text, "cases.json").then((found) => importTables(file, found));
  const message = await refused.then(
    () => "nothing",
    (error: Error) => `${error.name}: ${error.message}`,
  );
  expect(message).toMatch(/^FormatError: cases\.json: [^\n]*$/);
  expect(message).toContain(problem);
  expect(existsSync(file)).toBe(false);
});

test.each([
  ["", "is empty; its first line must name the columns"],
  ["a,b\n1\n", 'table "t", row 1: has 1 values, must have 2'],
  ["a,b\n1,2,3\n", "has 3 values, must have 2"],
  ['a\n"x', "is not CSV near line 2, a quoted value does not end"],
  ['a\n"x"y\n', "goes on after its closing quote"],
  ['a\nx"y\n', "a quote stands within a value"],
  ["a,,c\n", 'the name "" of a column'],
  ["a,b,a\n", 'are called "a" and "a"'],
])("bad CSV is refused in one line: %j", async (text, problem) => {
  const refused = parseCsvTable(text, "t", "t.csv").then((found) => importTables(newFile("refused.db"), found));
  await expect(refused).rejects.toThrow(/^t\.csv: [^\n]*$/);
  await expect(refused).rejects.toThrow(problem);
});

test.each([
  ["1e-05\n1.5e3\n2", "decimal", ["0.00001", "1500.00000", "2.00000"]],
  ["1E5\n2E5", "text", ["1E5", "2E5"]],
  ["007\n8", "text", ["007", "8"]],
  ["-0\n1", "text", ["-0", "1"]],
  [`${"9".repeat(40)}\n1e-29`, "text", ["9".repeat(40), "1e-29"]],
  [`${"9".repeat(70)}\n1`, "text", ["9".repeat(70), "1"]],
  ["18446744073709551615\n1", "decimal", ["18446744073709551615", "1"]],
  ["2026-02-28\n2026-02-29", "text", ["2026-02-28", "2026-02-29"]],
  ["2026-02-28 24:00:00", "text", ["2026-02-28 24:00:00"]],
  ["2026-02-28T10:00:00Z", "text", ["2026-02-28T10:00:00Z"]],
  ["\n1", "integer", [null, "1"]],
] as const)("a CSV column of %j is typed by all of its values", async (lines, kind, values) => {
  const file = newFile(`typed-${kind}-${values.length}.db`);
  await importTables(file, await parseCsvTable(`a\n${lines}\n`, "t", "t.csv"), { replace: true });
  const table = await exportTable(file, "t");
  expect([table.columns[0].kind, table.rows.flat()]).toEqual([kind, values]);
});

test("numbers of a program come out as they went in; NaN is refused, and a column of both kinds is one of texts", async () => {
  const file = newFile("program.db");
  const given: TableCase = {
    headers: { t: ["a", "b"] },
    rows: {
      t: [
        [0.1, 1],
        [2n ** 63n - 1n, "x"],
        [1e21, null],
      ],
    },
  };
  await importTables(file, given);
  expect((await exportTable(file, "t")).rows).toEqual([
    ["0.1", "1"],
    ["9223372036854775807.0", "x"],
    ["1000000000000000000000.0", null],
  ]);
  const wrong = importTables(file, { headers: { u: ["a"] }, rows: { u: [[Number.NaN]] } });
  await expect(wrong).rejects.toThrow(
    'cases: table "u", row 1, column "a": NaN is no number that a table holds; give null',
  );
});

test("lines of a CSV file may end in several ways", async () => {
  const { rows } = await parseCsvTable("a,b\n1,x\r\n2,y\r3,z\n", "t", "t.csv");
  expect(rows["t"].map((row) => row[1])).toEqual(["x", "y", "z"]);
});

test("importing says how many rows are in", async () => {
  const seen: (readonly [number, number])[] = [];
  const rows = Array.from({ length: 1200 }, (_, index) => [index]);
  const onRows = (done: number, all: number): void => void seen.push([done, all]);
  await importTables(newFile("rows.db"), { headers: { t: ["n"] }, rows: { t: rows } }, { onRows });
  expect(seen).toEqual([
    [500, 1200],
    [1000, 1200],
    [1200, 1200],
  ]);
});
