import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCommand } from "./run.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-queue-"));
  mkdirSync(join(folder, ".residua"));
  writeFileSync(join(folder, "empty"), "\n");
  writeFileSync(join(folder, "address"), "mysql://me:topsecret@127.0.0.1:1/lab\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Nobody listens there. */
const nowhere = "postgres://me:topsecret@127.0.0.1:1/lab";
const compare = "compare --depth 8 --shortcut plain --limit 96 --test-limit 20".split(" ");

test.each([
  ["compare --queue sqlite:runs.db", 2, /^residua: --queue: must be the address of a PostgreSQL database, which holds/],
  ["compare --queue mysql://me:topsecret@db/lab", 2, /^residua: --queue: must be the address of a PostgreSQL database/],
  ["compare --queue @address", 2, /^residua: --queue: must be the address of a PostgreSQL database/],
  ["compare --queue @empty", 2, /^residua: --queue: names "empty", which is empty; it must hold an address/],
  ["compare --queue @none", 1, /^residua: none: cannot read: there is no such file or folder/],
  ["compare --queue", 2, /^residua: --queue: must be the address of a PostgreSQL database/],
  [`compare --queue ${nowhere} --store x.db`, 2, /^residua: --store: cannot be combined with --queue: the runs are/],
  [`compare --queue ${nowhere} --no-store`, 2, /^residua: --store: cannot be combined with --queue/],
  [`compare --queue ${nowhere} --fresh`, 2, /^residua: --fresh: cannot be combined with --queue/],
  [`compare --queue ${nowhere} --budget 1m`, 2, /^residua: --budget: cannot be combined with --queue/],
  [`compare --queue ${nowhere} --part 0/2`, 2, /^residua: --part: cannot be combined with --queue/],
  [`compare --queue ${nowhere} --threads 2`, 2, /^residua: --threads: cannot be combined with --queue/],
  [`compare --queue ${nowhere} --lease 5s`, 2, /^residua: --lease: must be whole seconds, at least 10s, got 5s/],
  ["compare --lease 20s", 2, /^residua: --lease: applies only with --queue; leave it out/],
  [
    `compare --queue ${nowhere}?sslmode=prefer`,
    2,
    /--queue: has an sslmode that cannot be followed; must be one of disa/,
  ],
  [`compare --queue ${nowhere}?sslmode=of`, 2, /--queue: has an sslmode that cannot be followed/],
  [`compare --queue ${nowhere}?ssl=no`, 2, /--queue: has an ssl that cannot be followed; must be true or 0/],
  [`compare --queue ${nowhere}`, 1, /residua: postgres:\/\/127.0.0.1:1\/lab: no server answers there; is it running\?/],
  [`worker --shared s --store ${nowhere}`, 1, /^residua: postgres:\/\/127.0.0.1:1\/lab: no server answers there/],
  ["worker --shared s --store @address", 2, /^residua: --store: must be the address of a PostgreSQL database/],
  ["worker --shared s", 2, /^residua: --store: must be the address of a PostgreSQL database/],
  [`worker --store ${nowhere}`, 2, /required option '--shared <dir>' not specified/],
  [`worker --shared s --data-root none --store ${nowhere}`, 1, /^residua: none: is not a folder; give the one below/],
])("refuses %s", async (line, code, message) => {
  const [name, ...rest] = line.split(" ");
  const args = name === "compare" ? [...compare, ...rest] : [name, ...rest];
  const result = await runCommand(args, folder, { RESIDUA_STORE: undefined });
  expect([result.code, result.stdout]).toEqual([code, ""]);
  expect(result.stderr).toMatch(message);
  expect(result.stderr).not.toContain("topsecret");
  expect(result.stderr).not.toMatch(/^ +at /m);
});

test("a folder of data that only this machine could find is refused before anything is sent", async () => {
  const result = await runCommand([...compare, "--data", "/photos", "--queue", nowhere], folder);
  expect(result.code).toBe(2);
  expect(result.stderr).toMatch(/^residua: --data: must be one of mnist, .* below the workers' folder of data/);
});

test("nothing was written", () => {
  expect(readdirSync(folder).toSorted()).toEqual([".residua", "address", "empty"]);
});
