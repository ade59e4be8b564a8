import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EnvironmentError, OptionError, TrainingError } from "../../../../tensor/errors.ts";
import type { DrawnRun } from "../../comparison.ts";
import { placeData } from "./data-root.ts";
import { readLastCheckpoint, removeCheckpoints, writeCheckpoint, writeFenced, writtenResult } from "./files.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-queue-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (text: string): readonly Uint8Array[] => [new TextEncoder().encode(text)];
const open = async (work: () => Promise<void>): Promise<boolean> => work().then(() => true);
const closed = async (): Promise<boolean> => false;
const noted: string[] = [];
const note = (text: string): void => void noted.push(text);

test("a writer whose run is another's renames nothing and leaves nothing", async () => {
  const path = join(folder, "result.json");
  await writeFenced(path, ["first"], open);
  await expect(writeFenced(path, ["second"], closed)).rejects.toThrow(TrainingError);
  expect(readFileSync(path, "utf8")).toBe("first");
  expect(readdirSync(folder)).toEqual(["result.json"]);
});

test("the fence is asked when the content is written and before it has its name", async () => {
  const path = join(folder, "result.json");
  writeFileSync(path, "old");
  const seen: string[] = [];
  await writeFenced(path, ["new"], async (rename) => {
    seen.push(readFileSync(path, "utf8"), String(readdirSync(folder).length));
    await rename();
    return true;
  });
  expect([...seen, readFileSync(path, "utf8")]).toEqual(["old", "2", "new"]);
});

test("every attempt has a checkpoint of its own, and the last attempt's is read", async () => {
  expect(await readLastCheckpoint(join(folder, "none"))).toBeUndefined();
  for (const number of [9, 10, 2])
    await writeCheckpoint(folder, { key: "k", number }, bytes(String(number)), { fence: open, note });
  writeFileSync(join(folder, "checkpoint-11.safetensors.tmp"), "half");
  expect(new TextDecoder().decode(await readLastCheckpoint(folder))).toBe("10");
  writeFileSync(join(folder, "result.json"), "");
  for (const name of ["checkpoint-9.safetensors", "result.json"])
    writeFileSync(join(folder, `.${name}.${randomUUID()}.tmp`), "half");
  await removeCheckpoints(folder);
  expect(readdirSync(folder)).toEqual(["checkpoint-11.safetensors.tmp", "result.json"]);
});

test("a checkpoint whose fence cannot be asked is left out with a note; one whose run is another's ends the training", async () => {
  const unreachable = async (): Promise<boolean> => {
    throw new EnvironmentError("postgres://db/lab", "no server answers there; is it running?");
  };
  await writeCheckpoint(folder, { key: "k", number: 1 }, bytes("1"), { fence: unreachable, note });
  expect(noted.at(-1)).toBe(
    "no checkpoint was written: postgres://db/lab: no server answers there; is it running?; the training goes on",
  );
  expect(readdirSync(folder)).toEqual([]);
  const lost = writeCheckpoint(folder, { key: "k", number: 1 }, bytes("1"), { fence: closed, note });
  await expect(lost).rejects.toThrow(/^run: was taken over by another worker; this one stops$/);
});

test("a result holds nothing that depends on time", () => {
  const run: DrawnRun = {
    depth: 8,
    shortcut: "plain",
    seed: 0,
    parameters: 1,
    multiplyAdds: 2,
    testAccuracy: 0.5,
    trainLoss: Number.NaN,
    firstLayerGradientNorm: 0.1,
    imagesPerSecond: 10,
    status: "done",
    goal: { accuracy: 0.9, reached: false, steps: 1, budget: 1, imagesPerStep: 4, seconds: 3, tests: [] },
    curve: [{ step: 1, loss: 2, firstLayerGradientNorm: 0.1, milliseconds: 7 }],
  };
  const slower = {
    ...run,
    imagesPerSecond: 1,
    goal: { ...run.goal!, seconds: 9 },
    curve: [{ ...run.curve[0], milliseconds: 8 }],
  };
  expect(writtenResult(run)).toBe(writtenResult(slower));
  expect(JSON.parse(writtenResult(run))).toMatchObject({ trainLoss: "NaN", goal: { steps: 1 }, curve: [{ loss: 2 }] });
  expect(writtenResult({ ...run, seed: 1 })).not.toBe(writtenResult(run));
});

test("data are a known name, or a folder that is really below the folder of data", () => {
  mkdirSync(join(folder, "root", "birds"), { recursive: true });
  mkdirSync(join(folder, "root-too"));
  symlinkSync(join(folder, "root-too"), join(folder, "root", "away"));
  const root = join(folder, "root");
  expect(placeData("mnist", undefined)).toBe("mnist");
  expect(placeData("birds", root)).toMatch(/root\/birds$/);
  expect(() => placeData("away", root)).toThrow(OptionError);
  for (const [data, place] of [
    ["fish", root],
    ["birds", undefined],
  ] as const)
    expect(() => placeData(data, place)).toThrow(EnvironmentError);
});
