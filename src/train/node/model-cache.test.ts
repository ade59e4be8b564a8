import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createModelCache } from "./model-cache.ts";

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "residua-cache-"))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const identity = [Uint8Array.of(1, 2), Uint8Array.of(3)];
const model = Uint8Array.from({ length: 5000 }, (_, index) => index % 251);

function counted(): { readonly make: () => Uint8Array; readonly made: () => number } {
  let count = 0;
  return { make: () => (count++, model), made: () => count };
}

test("a model is made once for each identity, by another process's cache too", async () => {
  const { make, made } = counted();
  for (let time = 0; time < 3; time++) {
    expect(await createModelCache(folder).obtain(identity, make)).toEqual(model);
  }
  expect(made()).toBe(1);
  await createModelCache(folder).obtain([Uint8Array.of(1), Uint8Array.of(2, 3)], make);
  expect(made()).toBe(2);
});

test.each(["flipped", "cut", "empty"])("a %s file is made anew", async (damage) => {
  const { make, made } = counted();
  await createModelCache(folder).obtain(identity, make);
  const [name] = await readdir(folder);
  const bytes = await readFile(join(folder, name));
  if (damage === "flipped") bytes[1000] ^= 1;
  await writeFile(join(folder, name), bytes.subarray(0, damage === "cut" ? 1000 : damage === "empty" ? 0 : undefined));
  expect(await createModelCache(folder).obtain(identity, make)).toEqual(model);
  expect(made()).toBe(2);
  await createModelCache(folder).obtain(identity, make);
  expect(made()).toBe(2);
});

test("a folder that cannot be made costs nothing but the time", async () => {
  await writeFile(join(folder, "file"), "");
  const cache = createModelCache(join(folder, "file", "below"));
  expect(await cache.obtain(identity, () => model)).toEqual(model);
});
