import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runStatement } from "../../src/store/database.ts";
import { createRunRow, openRunStore, saveRun } from "../../src/store/run-store.ts";
import { runCommand } from "./run.ts";

let folder: string;
let ids: readonly string[];
/** A store of two runs, the second of which has a broken column. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "residua-damaged-"));
  const store = await openRunStore({ kind: "sqlite", path: join(folder, "runs.db") });
  const runs = ["good", "bad"].map((name, index) => ({
    ...createRunRow({ command: "train", name, config: {}, code: {}, environment: {} }, 1.7e12 + index),
    status: "done" as const,
    ended_at: 1.7e12 + 5,
    ...(name === "bad" ? { config: "{" } : {}),
  }));
  for (const run of runs) await saveRun(store, { run, metrics: [], artifacts: [] });
  await store.close();
  ids = runs.map(({ id }) => id);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const runs = (...args: readonly string[]) => runCommand(["runs", ...args, "--store", "runs.db"], folder);

test.each([
  ["tree", "--json"],
  ["export", "--json"],
  ["list", "--json"],
])("runs %s leaves out a damaged row, and names it", async (...args) => {
  const { code, stdout, stderr } = await runs(...args);
  const [good, bad] = ids;
  expect(code).toBe(0);
  expect(stdout).toContain(good);
  expect(stderr).toContain(`run ${bad}: its row in the store is damaged: column config must be JSON`);
  expect(stderr).toContain("remove it with residua runs rm");
});

test("runs rm removes a damaged row", async () => {
  const [good, bad] = ids;
  expect(await runs("rm", bad)).toMatchObject({ code: 0, stdout: `Removed ${bad}, bad.\n` });
  const { stdout, stderr } = await runs("list", "--json");
  expect((JSON.parse(stdout) as { runs: { id: string }[] }).runs.map(({ id }) => id)).toEqual([good]);
  expect(stderr).toBe("");
});

// Beyond ASCII, within a character, and hidden behind a NUL.
test.each(["ff", "22c3", "610080"])(
  "a text that is not UTF-8, %s, is refused in one line that names its run, which can be removed",
  async (bytes) => {
    const [good, bad] = ids;
    const store = await openRunStore({ kind: "sqlite", path: join(folder, "runs.db") });
    await runStatement(
      store.database,
      `update residua_runs set config = cast(x'${bytes}' as text) where id = '${bad}'`,
    );
    await store.close();
    expect(await runs("list")).toEqual({
      code: 1,
      stdout: "",
      stderr: `residua: run ${bad}: its text in column config is not UTF-8; remove it with residua runs rm\n`,
    });
    expect(await runs("rm", bad)).toMatchObject({ code: 0 });
    expect((await runs("list", "--json")).stdout).toContain(good);
  },
);

test("texts in any script come back as they were written", async () => {
  const store = await openRunStore({ kind: "sqlite", path: join(folder, "runs.db") });
  const run = createRunRow({ command: "train", name: "残差 ü 🙂", config: {}, code: {}, environment: {} }, 1.7e12);
  await saveRun(store, { run: { ...run, status: "done", ended_at: 1.7e12 }, metrics: [], artifacts: [] });
  await store.close();
  expect(await runs("show", run.id, "--json")).toMatchObject({ code: 0, stdout: expect.stringContaining(run.name) });
});

test.each([
  ["list"],
  ["tree"],
  ["show", "abc"],
  ["export", "--csv"],
  ["tag", "abc", "good"],
  ["rm", "abc"],
  ["copy", "--to", "copy.db"],
])("runs %s of a store that is not there ends in one line, and makes none", async (...args) => {
  const named = args[0] === "copy" ? "--from" : "--store";
  const { code, stdout, stderr } = await runCommand(["runs", ...args, named, "other.db"], folder);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(
    /^residua: \S*other\.db: cannot read: there is no such run store; train and compare make one\n$/,
  );
  expect(readdirSync(folder).filter((name) => name.endsWith(".db"))).toEqual(["runs.db"]);
});

test("a project without a store has no runs, and gets no store", async () => {
  const [list, tree] = [
    await runCommand(["runs", "list", "--json"], folder),
    await runCommand(["runs", "list"], folder),
  ];
  expect(JSON.parse(list.stdout)).toEqual({ runs: [] });
  expect(tree).toMatchObject({ code: 0, stdout: expect.stringMatching(/^No runs in .*\n$/) });
  expect(readdirSync(folder)).not.toContain(".residua");
});
