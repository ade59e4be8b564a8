import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { createTar } from "nanotar";
import { expect, test } from "vitest";
import { FormatError } from "../../tensor/errors.ts";
import { requireHash, unpackArchive, unzip } from "./archive.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const md5 = (bytes: Uint8Array) => ({ algorithm: "md5", hex: createHash("md5").update(bytes).digest("hex") }) as const;

test("an archive's files are known by their names without folders", async () => {
  const tar = createTar([
    { name: "package/data", attrs: { mode: "755" } },
    { name: "package/data/one.bin", data: "first" },
    { name: "./two.json", data: "[1]" },
  ]);
  const archive = gzipSync(tar);
  const files = await unpackArchive(archive, md5(archive), "a.tgz");
  expect(Object.keys(files)).toEqual(["one.bin", "two.json"]);
  expect([text(files["one.bin"]), text(files["two.json"])]).toEqual(["first", "[1]"]);
});

test("an archive that lies in the middle of a buffer is read the same", async () => {
  const archive = gzipSync(createTar([{ name: "one.bin", data: "first" }]));
  const within = new Uint8Array([9, 9, 9, ...archive, 7, 7]).subarray(3, 3 + archive.length);
  expect(text((await unpackArchive(within, md5(archive), "a.tgz"))["one.bin"])).toBe("first");
});

test("another archive than the published one is refused before anything reads it", async () => {
  const archive = gzipSync(createTar([{ name: "one.bin", data: "first" }]));
  const hex = "0".repeat(32);
  await expect(unpackArchive(archive, { algorithm: "md5", hex }, "a.tgz")).rejects.toThrow(
    new FormatError("a.tgz", `has MD5 ${md5(archive).hex}, must be ${hex}; nothing was kept`),
  );
});

test("a cut gzip file and what is none are refused by their name", async () => {
  const packed = gzipSync(new Uint8Array(10_000).map((_, index) => index * index));
  for (const bytes of [packed.subarray(0, 100), packed.subarray(0, packed.length - 4), Uint8Array.of(1, 2, 3)]) {
    await expect(unzip(bytes, "t10k.gz")).rejects.toThrow(FormatError);
    await expect(unzip(bytes, "t10k.gz")).rejects.toThrow(/^t10k\.gz: cannot be unpacked: [^\n]+$/);
  }
});

test("hashes are those of FIPS 180-4 for the message abc, and of RFC 1321 for MD5", () => {
  const abc = new TextEncoder().encode("abc");
  const sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  const sha512 =
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
  expect(() => requireHash(abc, { algorithm: "md5", hex: "900150983cd24fb0d6963f7d28e17f72" }, "abc")).not.toThrow();
  expect(() => requireHash(abc, { algorithm: "sha256", hex: sha256 }, "abc")).not.toThrow();
  expect(() => requireHash(abc, { algorithm: "sha512", hex: sha512 }, "abc")).not.toThrow();
  expect(() => requireHash(abc, { algorithm: "sha256", hex: "ab" }, "abc")).toThrow(
    new FormatError("abc", `has SHA-256 ${sha256}, must be ab; nothing was kept`),
  );
});
