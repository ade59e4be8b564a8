import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createRunRow, openRunStore, saveRun } from "../../src/store/run-store.ts";
import { runCommand } from "./run.ts";

let folder: string;
let id: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "residua-tags-"));
  const store = await openRunStore({ kind: "sqlite", path: join(folder, "runs.db") });
  const run = createRunRow({ command: "train", name: "one", config: {}, code: {}, environment: {} }, 1.7e12);
  id = run.id;
  await saveRun(store, { run: { ...run, status: "done", ended_at: 1.7e12 }, metrics: [], artifacts: [] });
  await store.close();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a tag that a run does not have is not removed without a word, nor are those beside it", async () => {
  const tag = (...args: readonly string[]) =>
    runCommand(["runs", "tag", id, ...args, "--store", "runs.db"], folder, { LC_ALL: "C" });
  expect((await tag("paper")).stdout).toBe(`${id}: paper\n`);
  const line = `residua: ${id}: has no tag "nope"\n`;
  expect(await tag("paper", "nope", "--remove")).toEqual({ code: 2, stdout: "", stderr: line });
  expect(await tag("paper", "--remove")).toMatchObject({ code: 0, stdout: `${id}: no tags\n` });
}, 60_000);
