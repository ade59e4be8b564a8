import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { identifySource } from "./identify-source.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-identify-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const plan = { batch: 2, seed: 0, indices: Uint32Array.of(0, 1), shuffle: true };

function identify(data: object, mostBytes?: number): Promise<string> {
  const source = { plan, data: { plan, ...data }, shapes: { image: [1], labels: [] }, writer: "" };
  return identifySource({ ...source, normalization: { mean: [0], deviation: [1] } }, mostBytes);
}

test("data are told apart by every byte and field, not by the order of fields", async () => {
  const first = { images: Uint8Array.of(1, 2), labels: Int32Array.of(0, 1), crop: 3 };
  const { images, labels, crop } = first;
  const known = await identify(first);
  expect(await identify({ crop, labels, images: images.slice() })).toBe(known);
  for (const changed of [
    { images: Uint8Array.of(1, 3) },
    { labels: Int32Array.of(1, 1) },
    { crop: 4 },
    { plan: { ...plan, indices: Uint32Array.of(0) } },
    { more: null },
  ])
    expect(await identify({ ...first, ...changed })).not.toBe(known);
});

test("files are told apart by their names below the common folder and their bytes, wherever the folder lies", async () => {
  const write = (place: string, name: string, text: string): string => {
    mkdirSync(join(folder, place, "cats"), { recursive: true });
    mkdirSync(join(folder, place, "dogs"), { recursive: true });
    writeFileSync(join(folder, place, name), text);
    return join(folder, place, name);
  };
  const filesIn = (place: string, size = 3, letter = "x") => ({
    files: [write(place, "cats/1.png", "abc"), write(place, "dogs/2.png", letter.repeat(size))],
  });
  const known = await identify(filesIn("one"));
  expect(await identify(filesIn("elsewhere/below"))).toBe(known);
  expect(await identify(filesIn("two", 4))).not.toBe(known);
  expect(await identify(filesIn("three", 3, "y"))).not.toBe(known);
  const { files } = filesIn("one");
  expect(await identify({ files: files.toReversed() })).not.toBe(known);
  expect(await identify({ files: [files[0], write("one", "dogs/3.png", "xxx")] })).not.toBe(known);
});

test("of files that are too large to read whole, beginning, middle and end are compared", async () => {
  const size = 30_000;
  const file = join(folder, "large.png");
  const withByte = async (at?: number): Promise<string> => {
    const bytes = Buffer.alloc(size);
    if (at !== undefined) bytes[at] = 1;
    writeFileSync(file, bytes);
    return identify({ files: [file] }, 1);
  };
  const known = await withByte();
  for (const at of [0, 1023, size / 2, size - 1]) expect(await withByte(at)).not.toBe(known);
  expect(await withByte(2000)).toBe(known);
  expect(await identify({ files: [file] })).not.toBe(known);
});
