import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCommand } from "./run.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-queue-"));
  mkdirSync(join(folder, ".residua"));
  writeFileSync(join(folder, "address"), "mysql://me:topsecret@127.0.0.1:1/lab\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Nobody listens there. */
const nowhere = "postgres://me:topsecret@127.0.0.1:1/lab";

test.each([
  [`compare --queue ${nowhere} --part 0/2`, 2, /^residua: --part: cannot be combined with --queue: the queue divides/],
  [
    `compare --queue ${nowhere}`,
    1,
    /^residua: postgres:\/\/127.0.0.1:1\/lab: no server answers there; is it running\?/,
  ],
  [
    `compare --data photos/birds --queue ${nowhere}`,
    2,
    /^residua: --data: "photos\/birds" must be here too, not only below the workers' folder of data/,
  ],
  [`worker --shared s --store ${nowhere}`, 1, /^residua: postgres:\/\/127.0.0.1:1\/lab: no server answers there/],
  ["worker --shared s --store @address", 2, /^residua: --store: must be the address of a PostgreSQL database/],
  [`worker --store ${nowhere}`, 2, /^residua: required option '--shared <dir>' not specified/],
  [`worker --shared s --data-root none --store ${nowhere}`, 1, /^residua: none: is not a folder; give the one below/],
])("%s is refused in one line", async (line, code, message) => {
  const result = await runCommand(line.split(" "), folder, { RESIDUA_STORE: undefined });
  expect([result.code, result.stdout]).toEqual([code, ""]);
  expect(result.stderr).toMatch(message);
  expect(result.stderr.trim().split("\n")).toHaveLength(1);
  expect(result.stderr).not.toContain("topsecret");
});

test.each([`compare --queue ${nowhere}`, `worker --shared s --store ${nowhere}`])(
  "%s says what to install if pg-boss is not there, before it asks the database",
  async (line) => {
    const hook = `export const resolve = (name, context, next) => {
      if (name === "pg-boss") throw new Error("Cannot find package 'pg-boss' imported from here");
      return next(name, context);
    };`;
    const url = (text: string): string => `data:text/javascript,${encodeURIComponent(text)}`;
    const start = `import { register } from "node:module"; register(${JSON.stringify(url(hook))});`;
    const result = await runCommand(line.split(" "), folder, { NODE_OPTIONS: `--import ${url(start)}` });
    expect([result.code, result.stdout]).toEqual([1, ""]);
    expect(result.stderr).toBe("residua: pg-boss: is needed for this and not installed; run npm install pg-boss\n");
  },
);

test("nothing was written", () => {
  expect(readdirSync(folder).toSorted()).toEqual([".residua", "address"]);
});
