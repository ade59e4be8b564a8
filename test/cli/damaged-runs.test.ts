import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
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
