import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { parseStoreAddress } from "../../src/store/address.ts";
import { EnvironmentError } from "../../src/tensor/errors.ts";
import { connectDatabase, runStatement } from "../../src/store/database.ts";
import {
  columnsToJson,
  exportTable,
  importTables,
  parseCsvTable,
  parseTableCase,
  type Table,
  type TableCase,
  tableToColumns,
  tableToCsv,
  tableToJson,
} from "../../src/store/interchange/index.ts";

/** Runs statements on a database as they are. */
export async function runSql(address: string, ...statements: readonly string[]): Promise<readonly object[]> {
  const database = await connectDatabase(parseStoreAddress(address), { foreign: true });
  try {
    let rows: readonly object[] = [];
    for (const statement of statements) rows = await runStatement(database, statement);
    return rows;
  } finally {
    await database.kysely.destroy();
  }
}

const whole = (pieces: Iterable<string>): string => [...pieces].join("");

/** One table with everything that databases disagree on. */
const everything = `{"headers": {"员工": ["id", "薪水", "long", "born", "seen", "exact", "name", "none", "a?b $1.c%"]},
"rows": {"员工": [
[9223372036854775807, 1.50, 12345678901234567890.0000000001, "2000-02-29", "2026-01-31 23:59:59", "2026-01-31T08:00:00.25", "王小明 “引号” 😀", null, "x"],
[-9223372036854775808, -0.05, 0.30000000000000004, "1000-01-01", "1999-12-31 00:00:00", "2026-01-31 08:00:00", "O'Brien \\"twice\\" \\\\ \`tick\` %s ? $1 :a", null, ""],
[0, 1e2, -1, "9999-12-31", null, null, "'); drop table \\"员工\\"; --", null, " two\\nlines\\r\\n\\ttab "],
[null, null, null, null, "2026-06-01 12:00:00", null, "", null, null],
[7, 0, 1e-10, "2026-11-29", "2026-06-01 12:00:01", null, null, null, "NULL"]
]}}`;

const everythingRows: Table["rows"] = [
  [
    "9223372036854775807",
    "1.50",
    "12345678901234567890.00000000010000000",
    "2000-02-29",
    "2026-01-31 23:59:59",
    "2026-01-31 08:00:00.25",
    "王小明 “引号” 😀",
    null,
    "x",
  ],
  [
    "-9223372036854775808",
    "-0.05",
    "0.30000000000000004",
    "1000-01-01",
    "1999-12-31 00:00:00",
    "2026-01-31 08:00:00.00",
    'O\'Brien "twice" \\ `tick` %s ? $1 :a',
    null,
    "",
  ],
  [
    "0",
    "100.00",
    "-1.00000000000000000",
    "9999-12-31",
    null,
    null,
    '\'); drop table "员工"; --',
    null,
    " two\nlines\r\n\ttab ",
  ],
  [null, null, null, null, "2026-06-01 12:00:00", null, "", null, null],
  ["7", "0.00", "0.00000000010000000", "2026-11-29", "2026-06-01 12:00:01", null, null, null, "NULL"],
];

/** Equal numbers have equal digits without the zeros at the end. */
const trim = (digits: string): string =>
  (digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits).replace(/^-0$/, "0");

const texts = fc.string({ unit: fc.constantFrom(...Array.from("ab01 '\"`\\%?$;,\n\r\t=-—王é😀")), maxLength: 12 });
const digits = (most: number) =>
  fc.string({ unit: fc.constantFrom(...Array.from("0123456789")), minLength: 1, maxLength: most });
const decimals = fc
  .tuple(fc.boolean(), digits(25), digits(20))
  .map(([isNegative, before, after]) => `${isNegative ? "-" : ""}${before.replace(/^0+(?=\d)/, "")}.${after}`);
const days = fc
  .integer({ min: -300_000, max: 2_900_000 })
  .map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10));
const moments = fc
  .integer({ min: -2e9, max: 2e11 })
  .map((second) => new Date(second * 1000).toISOString().slice(0, 19).replace("T", " "));
const names = fc.uniqueArray(
  fc
    .string({ unit: fc.constantFrom(...Array.from("abXYz 01?$%.;-_()王é")), minLength: 1, maxLength: 12 })
    .filter((name) => name === name.trim()),
  { minLength: 1, maxLength: 5, selector: (name) => name.toLowerCase().normalize("NFD").replaceAll(/\p{M}/gu, "") },
);
type Cell = string | bigint | { readonly digits: string } | null;
const cellsOf: readonly fc.Arbitrary<Cell>[] = [
  texts,
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  decimals.map((text) => ({ digits: text })),
  days,
  moments,
];
const tables = names.chain((columns) =>
  fc
    .tuple(...columns.map(() => fc.nat(cellsOf.length - 1)))
    .chain((kinds) =>
      fc.array(fc.tuple(...kinds.map((kind) => fc.option(cellsOf[kind], { freq: 4 }))), { maxLength: 12 }),
    )
    .map((rows) => ({ columns, rows })),
);
const shown = (cell: Cell): string | null =>
  cell === null ? null : typeof cell === "object" ? trim(cell.digits) : String(cell);

/** What every database must do with tables. @param address of an empty database */
export function tableSuite(kind: string, getAddress: () => Promise<string>): void {
  describe(`tables in ${kind}`, () => {
    let address: string;
    beforeAll(async () => void (address = await getAddress()));

    test("come out as they went in: numbers to the last digit, dates, nulls, Chinese, quotes", async () => {
      const [imported] = await importTables(address, await parseTableCase(everything, "cases.json"));
      expect(imported.columns.map((column) => column.kind)).toEqual([
        "integer",
        "decimal",
        "decimal",
        "date",
        "timestamp",
        "timestamp",
        "text",
        "text",
        "text",
      ]);
      expect(imported).toMatchObject({ name: "员工", rows: 5, replaced: false });
      const table = await exportTable(address, "员工");
      expect(table.rows).toEqual(everythingRows);
      expect(table.columns).toEqual(imported.columns);

      const json = await parseTableCase(whole(tableToJson(table)), "again.json");
      await importTables(address, json, { replace: true });
      expect((await exportTable(address, "员工")).rows).toEqual(everythingRows);
      const columns = tableToColumns(table);
      expect(columns.get("id")).toEqual([2n ** 63n - 1n, -(2n ** 63n), 0n, null, 7n]);
      expect(columns.get("薪水")).toEqual([1.5, -0.05, 100, null, 0]);
      expect(columns.get("long")![1]).toBe("0.30000000000000004");
      expect(JSON.parse(whole(columnsToJson(table)))["薪水"]).toEqual([1.5, -0.05, 100, null, 0]);
    });

    test("have columns that the database computes with", async () => {
      await importTables(address, {
        headers: { sums: ["n", "p", "d"] },
        rows: {
          sums: [
            [1, "", "2026-01-31"],
            [2, "", "2026-03-01"],
          ],
        },
      });
      await importTables(
        address,
        await parseCsvTable("price,seen\n0.10,2026-01-31 10:00:00\n0.20,2026-02-28 09:00:00.5\n", "prices", "p.csv"),
      );
      const [sums] = await runSql(address, "select sum(n) as n, max(d) as d from sums where n < 10");
      expect(Number((sums as { n: unknown }).n)).toBe(3);
      const [found] = await runSql(
        address,
        "select count(*) as n from prices where price < 0.15 and seen < '2026-02-01 00:00:00'",
      );
      expect(Number((found as { n: unknown }).n)).toBe(1);
    });

    test("come out of CSV with the same bytes", async () => {
      const csv =
        'id,price,code,日期,note\n1,12.50,007,2026-01-31,"a,b"\n2,3.00,1E5,,\n-3,0.25,+1,2024-02-29,""\n4,,,2026-03-01,"""quoted"" ""\n"\n5,1.00,=1+1,2026-03-02,王\n';
      await importTables(address, await parseCsvTable(csv, "goods", "goods.csv"));
      const table = await exportTable(address, "goods");
      expect(table.columns.map((column) => column.kind)).toEqual(["integer", "decimal", "text", "date", "text"]);
      expect(whole(tableToCsv(table))).toBe(csv);
    });

    test("that exist are refused, and replaced if asked for: all or none", async () => {
      const make = (value: number, list = ["kept", "other"]): TableCase => ({
        headers: Object.fromEntries(list.map((name) => [name, ["a"]])),
        rows: Object.fromEntries(list.map((name) => [name, [[value]]])),
      });
      await importTables(address, make(1, ["kept"]));
      await expect(importTables(address, make(2, ["first", "kept"]))).rejects.toThrow(
        /^replace: must be given: .* has a table "kept" already; replace it/,
      );
      await expect(exportTable(address, "first")).rejects.toThrow(/there is no "first" in/);
      expect((await exportTable(address, "kept")).rows).toEqual([["1"]]);

      const replaced = await importTables(address, make(3), { replace: true });
      expect(replaced.map((table) => table.replaced)).toEqual([true, false]);
      expect((await exportTable(address, "kept")).rows).toEqual([["3"]]);

      await runSql(address, "create view seen as select a from kept");
      await expect(importTables(address, make(4, ["before", "other", "seen"]), { replace: true })).rejects.toThrow(
        /^replace: replaces tables, but "seen" is none/,
      );
      expect((await exportTable(address, "seen")).rows).toEqual([["3"]]);
      await runSql(address, "drop view seen");
    });

    test("that the database refuses to fill or to replace leave everything as it was", async () => {
      await runSql(
        address,
        "create table parent (a bigint primary key)",
        "insert into parent values (1)",
        "create table child (a bigint, foreign key (a) references parent (a) on delete cascade)",
        "insert into child values (1)",
      );
      const given = { headers: { fresh: ["a"], parent: ["b"] }, rows: { fresh: [[1]], parent: [[2]] } };
      await expect(importTables(address, given, { replace: true })).rejects.toThrow(EnvironmentError);
      // More columns than any database takes.
      const columns = Array.from({ length: 5000 }, (_, index) => `c${index}`);
      const wide = { ...given, headers: { ...given.headers, fresh: columns }, rows: { fresh: [], parent: [[2]] } };
      await expect(importTables(address, wide, { replace: true })).rejects.toThrow(EnvironmentError);
      await expect(exportTable(address, "fresh")).rejects.toThrow(/there is no "fresh"/);
      const catalogue =
        kind === "sqlite"
          ? "select name from sqlite_master"
          : "select table_name as name from information_schema.tables";
      expect(
        await runSql(address, `${catalogue} where ${kind === "sqlite" ? "name" : "table_name"} like 'residua%'`),
      ).toEqual([]);
      const parent = await exportTable(address, "parent");
      expect([parent.columns.map(({ name }) => name), parent.rows]).toEqual([["a"], [["1"]]]);
      expect((await exportTable(address, "child")).rows).toEqual([["1"]]);
      await runSql(address, "insert into parent values (2)", "insert into child values (2)");
    });

    test("come out whole when they are larger than one statement", async () => {
      const rows = Array.from({ length: 1700 }, (_, index) => [index, `${"long ".repeat(index % 300)}.`]);
      await importTables(address, { headers: { large: ["n", "text"] }, rows: { large: rows } });
      const { rows: found } = await exportTable(address, "large");
      // PostgreSQL fills gaps that earlier rows left at the end of a page.
      expect(found.toSorted(([a], [b]) => Number(a) - Number(b))).toEqual(rows.map(([n, text]) => [String(n), text]));
    });

    test("without rows have columns of texts", async () => {
      await importTables(address, { headers: { Empty: ["a", "B"] }, rows: { Empty: [] } });
      expect(whole(tableToJson(await exportTable(address, "Empty")))).toBe(
        '{"headers": {"Empty": ["a","B"]}, "rows": {"Empty": [\n]}}\n',
      );
    });

    test("of any names and values come out as they went in", { timeout: 300_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(tables, async ({ columns, rows }) => {
          await importTables(address, { headers: { any: columns }, rows: { any: rows } }, { replace: true });
          const table = await exportTable(address, "any");
          expect(table.columns.map(({ name }) => name)).toEqual(columns);
          const isDecimal = table.columns.map((column) => column.kind === "decimal");
          const found = table.rows.map((row) =>
            row.map((cell, index) => (cell !== null && isDecimal[index] ? trim(cell) : cell)),
          );
          expect(found).toEqual(rows.map((row) => row.map(shown)));
        }),
        { seed: 27, numRuns: kind === "sqlite" ? 60 : 25 },
      );
    });
  });
}
