import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { listParts, type Parts } from "./parts.ts";

/** Crops of 40 plates: one to three pictures of each. */
async function cropsOf(names: (plate: string, picture: number) => string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "crops-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (let plate = 0; plate < 40; plate++)
    for (let picture = 0; picture <= plate % 3; picture++) {
      const path = join(folder, names(`京A${10_000 + plate}`, picture));
      await mkdir(join(path, ".."), { recursive: true });
      await writeFile(path, "");
    }
  return folder;
}

const textsOf = (files: Parts["train"]): ReadonlySet<string> =>
  new Set(files.flatMap(({ plates }) => plates.map(({ text }) => text!)));

test("a share of the plates is held out with all their pictures, the same for the same seed", async () => {
  const folder = await cropsOf((plate, picture) => `${plate}_${picture}.jpg`);
  const how = { part: "read", share: 0.25, seed: 3 } as const;
  const { train, validation, test: tested } = await listParts(folder, how);
  const [kept, held] = [textsOf(train), textsOf(validation)];
  expect([kept.size, held.size, tested.length]).toEqual([30, 10, 0]);
  expect([...held].filter((text) => kept.has(text))).toEqual([]);
  // Pictures are another count: their share would hold out other plates.
  expect(validation.length / (train.length + validation.length)).not.toBe(0.25);
  expect(await listParts(folder, how)).toEqual({ train, validation, test: tested });
  expect(textsOf((await listParts(folder, { ...how, seed: 4 })).validation)).not.toEqual(held);
});

test("a plate both in train/ and in test/ is refused by its text", async () => {
  const folder = await cropsOf((plate, picture) => `${picture === 2 ? "test" : "train"}/${plate}_${picture}.jpg`);
  await expect(listParts(folder, { part: "read", share: 0, seed: 0 })).rejects.toThrow(
    "data: has the plate 京A10002 both in train and in test; a plate must be in one part alone",
  );
});

test.each([-0.1, 1, Number.NaN])("a share of %s is refused", async (share) => {
  const folder = await cropsOf((plate, picture) => `${plate}_${picture}.jpg`);
  await expect(listParts(folder, { part: "read", share, seed: 0 })).rejects.toThrow(
    `validation: must be in [0, 1), got ${share}`,
  );
});
