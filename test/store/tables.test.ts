import { describe, expect, test } from "vitest";
import { exportTable, importTables, tableToCsv } from "../../src/store/interchange/index.ts";
import { useStores } from "../support/stores.ts";
import { runSql, tableSuite } from "../support/table-suite.ts";

const stores = useStores();

tableSuite("mariadb", () => stores.address("mariadb"));
tableSuite("postgres", () => stores.address("postgres"));

const ones = { headers: { T: ["a"] }, rows: { T: [[1]] } };

describe.each(["mariadb", "postgres"] as const)("in %s", (kind) => {
  test("no error repeats the address's user, password or parameters", async () => {
    const address = new URL(await stores.address(kind));
    [address.username, address.password, address.pathname] = ["somebody", "S3CRET", "/nowhere"];
    const thrown = await importTables(address.href, ones).catch((error: unknown) => String(error));
    expect(thrown).toMatch(/^EnvironmentError: (mysql|postgres):\/\/127\.0\.0\.1:\d+\/nowhere: \S/);
    expect(thrown).not.toContain("S3CRET");
  });
});

test("a server that escapes no backslashes gets the values as they are: they are bound", async () => {
  const address = await stores.address("mariadb");
  await runSql(stores.server("mariadb").url, "set global sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'");
  const text = "\\'); drop table T; -- \\";
  await importTables(address, { headers: { T: ["a"] }, rows: { T: [[text]] } });
  expect((await exportTable(address, "T")).rows).toEqual([[text]]);
});

test("a table that others made comes out of MariaDB and PostgreSQL with the same bytes", async () => {
  const [from, to] = [await stores.address("mariadb"), await stores.address("postgres")];
  await runSql(
    from,
    "create table t (small tinyint, price decimal(6,2), share double, day date, seen datetime(3), kind enum('a','b'), name varchar(20) character set utf8mb4)",
    "insert into t values (-1, 12.5, 0.1, '2026-02-28', '2026-02-28 10:00:00.125', 'b', '王'), (null, null, null, null, null, null, null)",
  );
  const table = await exportTable(from, "t");
  expect([...tableToCsv(table)].join("")).toBe(
    "small,price,share,day,seen,kind,name\n-1,12.50,0.1,2026-02-28,2026-02-28 10:00:00.125,b,王\n,,,,,,\n",
  );
  await runSql(
    to,
    "create table t (small smallint, price numeric(6,2), share float8, day date, seen timestamp(3), kind varchar(1), name text)",
    "insert into t values (-1, 12.5, 0.1, '2026-02-28', '2026-02-28 10:00:00.125', 'b', '王'), (null, null, null, null, null, null, null)",
  );
  expect(await exportTable(to, "t")).toEqual(table);
});

test.each([
  ["mariadb", "create table b (n bigint, data blob)"],
  ["postgres", "create table b (n bigint, data bytea)"],
] as const)("a column of bytes is refused by name in %s", async (kind, statement) => {
  const address = await stores.address(kind);
  await runSql(address, statement);
  await expect(exportTable(address, "b")).rejects.toThrow(/table "b", column "data" holds bytes/);
});
