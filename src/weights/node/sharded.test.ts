import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EnvironmentError, FormatError } from "../../tensor/errors.ts";
import { float32 } from "../../tensor/tensor.ts";
import { encodeSafetensors } from "../safetensors/safetensors.ts";
import { readExternalBeside } from "./external.ts";
import { readWeightsFile } from "./weights.ts";

let folder: string;
const at = (name: string): string => join(folder, name);

function writeIndex(name: string, map: unknown): string {
  writeFileSync(at(name), JSON.stringify({ metadata: { total_size: 8 }, weight_map: map }));
  return at(name);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-shards-"));
  writeFileSync(at("one.safetensors"), encodeSafetensors(new Map([["module.b", float32([1], [2])]])));
  writeFileSync(at("two.safetensors"), encodeSafetensors(new Map([["module.a", float32([1], [1])]])));
  writeFileSync(at("large.safetensors"), "");
  truncateSync(at("large.safetensors"), 2 ** 31);
  mkdirSync(at("inner"));
  symlinkSync("/etc/passwd", at("inner/data.bin"));
  writeFileSync(at("inner/near.bin"), "12345678");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("shards are one state dict, in the index's order, without DataParallel's prefix", async () => {
  const path = writeIndex("good.index.json", { "module.a": "two.safetensors", "module.b": "one.safetensors" });
  const { tensors, origin } = await readWeightsFile(path);
  expect([...tensors].map(([name, { data }]) => [name, data[0]])).toEqual([
    ["a", 1],
    ["b", 2],
  ]);
  expect(origin).toMatchObject({ format: "safetensors", prefix: "module." });
});

test.each([
  ["a file above", { a: "../one.safetensors" }, /must be a \.safetensors file in the index's own folder/],
  ["an absolute path", { a: "/etc/passwd" }, /in the index's own folder/],
  ["a path with backslashes", { a: "..\\one.safetensors" }, /in the index's own folder/],
  ["a file of another kind", { a: "index.json" }, /in the index's own folder/],
  ["a name of any length", { a: `${"a".repeat(300)}.safetensors` }, /in the index's own folder$/],
  ["no text for a file", { a: 3 }, /does not name the file of "a"/],
  ["no map", [], /has no weight_map/],
  ["a tensor that is not there", { "module.b": "one.safetensors", c: "one.safetensors" }, /"c" is in .* not there/],
  ["a shard with more than it says", { "module.a": "two.safetensors", b: "one.safetensors" }, /holds "module\.b"/],
])("an index with %s is refused in one line", async (_, map, message) => {
  const path = writeIndex("bad.index.json", map);
  await expect(readWeightsFile(path)).rejects.toThrow(FormatError);
  await expect(readWeightsFile(path)).rejects.toThrow(message);
});

test("a shard that is missing or of 2 GiB is refused before memory is taken", async () => {
  const missing = writeIndex("missing.index.json", { a: "none.safetensors" });
  await expect(readWeightsFile(missing)).rejects.toThrow(EnvironmentError);
  const large = writeIndex("large.index.json", { a: "large.safetensors" });
  await expect(readWeightsFile(large)).rejects.toThrow(/takes 2147483648 bytes, at most 2147483647 are read/);
  await expect(readWeightsFile(at("large.safetensors"))).rejects.toThrow(/at most 2147483647 are read into memory/);
});

test("an index that is no JSON is refused", async () => {
  writeFileSync(at("text.index.json"), "{");
  await expect(readWeightsFile(at("text.index.json"))).rejects.toThrow(/is not JSON/);
});

test("external data comes from the model's folder, and never through a link out of it", () => {
  const read = readExternalBeside(at("inner/model.onnx"));
  expect([...read("near.bin", 2, 3)]).toEqual([...new TextEncoder().encode("345")]);
  expect(() => read("data.bin", 0, 4)).toThrow(/is outside the model's own folder/);
  expect(() => read("near.bin", 6, 3)).toThrow(/which it does not have/);
  expect(() => read("near.bin", 0, 2 ** 40)).toThrow(/which it does not have/);
  expect(() => read("none.bin", 0, 1)).toThrow(EnvironmentError);
});
