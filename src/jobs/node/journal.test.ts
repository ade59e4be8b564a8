import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { float32 } from "../../tensor/tensor.ts";
import { encodeSafetensors } from "../../weights/safetensors/safetensors.ts";
import { safetensorsCodec } from "../../weights/safetensors/journal.ts";
import { jsonCodec, type Journal, type JournalCodec, keptNumber } from "../journal.ts";
import { identityOf, openJournal } from "./journal.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-journal-"));
  path = join(folder, "new", "kept");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const state = new Map([["w", float32([2], [0.1, -3e-8])]]);
const notes = [1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

describe.each([
  ["JSON", jsonCodec, new Map()],
  ["safetensors", safetensorsCodec, state],
])("a journal of %s", (_, codec: JournalCodec, kept: typeof state) => {
  const open = (identity = "a", pause = 60_000): Journal<number[]> =>
    openJournal(path, { identity, notes: v.array(keptNumber), codec, pause });

  test("is read as it was kept, NaN and infinities too, and not after it is forgotten", async () => {
    expect(await open().read()).toBeUndefined();
    await open().keep({ state: kept, notes });
    expect(await open().read()).toEqual({ state: kept, notes });
    await open().forget();
    expect(await open().read()).toBeUndefined();
    await open().forget();
  });

  test("of another identity, of other notes, damaged or truncated counts as empty, and is replaced", async () => {
    await open().keep({ state: kept, notes });
    expect(await open("b").read()).toBeUndefined();
    const other = openJournal(path, { identity: "a", notes: v.strictObject({ step: v.number() }), codec });
    expect(await other.read()).toBeUndefined();
    const bytes = readFileSync(path);
    for (const damaged of [bytes.subarray(0, -3), bytes.subarray(0, 4), Buffer.alloc(0), Buffer.from("{}")]) {
      writeFileSync(path, damaged);
      expect(await open().read()).toBeUndefined();
    }
    await open("b").keep({ state: kept, notes: [2] });
    expect(await open("b").read()).toEqual({ state: kept, notes: [2] });
    expect(await open().read()).toBeUndefined();
  });

  test("is due again some time after it was opened or kept", async () => {
    const journal = open("a", 50);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(journal.isDue()).toBe(true);
    expect(open().isDue()).toBe(false);
    await journal.keep({ notes: [] });
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(journal.isDue()).toBe(true);
  });
});

test("a journal of JSON refuses tensors", async () => {
  const journal = openJournal(path, { identity: "a", notes: v.array(keptNumber) });
  await expect(journal.keep({ state, notes })).rejects.toThrow(/^journal: JSON keeps no tensors; [^\n]+$/);
});

test("without a path nothing is kept, and nothing is ever due", async () => {
  const journal = openJournal(undefined, { identity: "a", notes: v.array(keptNumber), pause: 0 });
  await journal.keep({ state, notes });
  expect(await journal.read()).toBeUndefined();
  expect(journal.isDue()).toBe(false);
  await journal.forget();
});

test("a training's file of before there were journals goes on", async () => {
  const before = join(folder, "before.safetensors");
  writeFileSync(before, encodeSafetensors(state, { identity: "a", notes: '[1.5,"NaN","Infinity","-Infinity"]' }));
  const journal = openJournal(before, { identity: "a", notes: v.array(keptNumber), codec: safetensorsCodec });
  expect(await journal.read()).toEqual({ state, notes });
});

test("an identity depends on every fact and byte, not on the order of keys", () => {
  const identity = identityOf({ seed: 1, images: 5 }, [Uint8Array.of(1, 2)]);
  expect(identityOf({ images: 5, seed: 1 }, [Uint8Array.of(1), Uint8Array.of(2)])).toBe(identity);
  expect(identityOf({ seed: 2, images: 5 }, [Uint8Array.of(1, 2)])).not.toBe(identity);
  expect(identityOf({ seed: 1, images: 5 }, [Uint8Array.of(1, 3)])).not.toBe(identity);
});
