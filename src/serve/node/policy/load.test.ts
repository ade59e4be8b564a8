import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { EnvironmentError } from "../../../tensor/errors.ts";
import { createAccessMemory } from "./access.ts";
import { loadPolicy } from "./load.ts";

test("what only a start opens is looked for at a start alone", async () => {
  const folder = await mkdtemp(join(tmpdir(), "residua-policy-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "policy.json");
  const log = join(folder, "log");
  await mkdir(log);
  await writeFile(path, JSON.stringify({ audit: { file: join(log, "audit.jsonl") } }));
  const load = (use?: "reload"): Promise<unknown> =>
    loadPolicy(
      path,
      createAccessMemory(() => 0),
      use,
    );
  await load();
  await rm(log, { recursive: true });
  await expect(load()).rejects.toThrow(EnvironmentError);
  await expect(load()).rejects.toThrow(/log: cannot be written to: there is no such file or folder/);
  await expect(load("reload")).resolves.toBeDefined();
});
