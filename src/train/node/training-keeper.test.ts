import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { afterEach, beforeEach, expect, test } from "vitest";
import { float32 } from "../../tensor/tensor.ts";
import { createTrainingKeeper, keptNumber } from "./training-keeper.ts";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "residua-keeper-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (identity = "a") =>
  createTrainingKeeper({ path: join(folder, "new", "kept.safetensors"), identity, notes: v.array(keptNumber) });
const training = { state: new Map([["w", float32([2], [0.1, -3e-8])]]), notes: [1.5, NaN, Infinity, -Infinity] };

test("a training is read as it was kept, NaN and infinities too, and not after it is forgotten", async () => {
  expect(await open().read()).toBeUndefined();
  await open().keep(training);
  const { state, notes } = (await open().read())!;
  expect(state.get("w")).toEqual(training.state.get("w"));
  expect(notes).toEqual(training.notes);
  open().forget();
  expect(await open().read()).toBeUndefined();
});

test("another training's file, one with other notes and a damaged one count as nothing", async () => {
  await open().keep(training);
  expect(await open("b").read()).toBeUndefined();
  const path = join(folder, "new", "kept.safetensors");
  const other = createTrainingKeeper({ path, identity: "a", notes: v.strictObject({ step: v.number() }) });
  expect(await other.read()).toBeUndefined();
  writeFileSync(path, readFileSync(path).subarray(0, -3));
  expect(await open().read()).toBeUndefined();
});

test("without a path nothing is kept", async () => {
  const keeper = createTrainingKeeper({ path: undefined, identity: "a", notes: v.array(keptNumber) });
  await keeper.keep(training);
  expect(await keeper.read()).toBeUndefined();
  expect(keeper.isDue()).toBe(false);
});
