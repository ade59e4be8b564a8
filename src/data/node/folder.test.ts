import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import sharp from "sharp";
import { expect, onTestFinished, test } from "vitest";
import { EnvironmentError, FormatError } from "../../tensor/errors.ts";
import { type Images, isInMemory } from "../image-set.ts";
import { measureNormalization } from "../normalization.ts";
import { loadFolder } from "./folder.ts";

const format = { channels: 1, height: 2, width: 2 };

/** A folder of one-coloured PNGs by path; a null makes a folder. */
async function makeFolder(greys: Readonly<Record<string, number | null>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "residua-folder-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [path, grey] of Object.entries(greys)) {
    await mkdir(join(folder, grey === null ? path : dirname(path)), { recursive: true });
    if (grey === null) continue;
    const raw = { width: 4, height: 4, channels: 1 } as const;
    await sharp(new Uint8Array(16).fill(grey), { raw }).png().toFile(join(folder, path));
  }
  return folder;
}

/** Ten images for each of two classes: cats are 0 to 9, dogs 100 to 109. */
function catsAndDogs(): Record<string, number> {
  const names = Array.from({ length: 10 }, (_, index) => index);
  return Object.fromEntries(
    names.flatMap(
      (n) =>
        [
          [`dog/${n}.png`, 100 + n],
          [`cat/${n}.png`, n],
        ] as const,
    ),
  );
}

/** What an image set in memory holds: label and grey of every image. */
function contents(set: Images): readonly string[] {
  if (!isInMemory(set)) throw new TypeError("the images must be in memory");
  return Array.from(set.labels, (label, index) => `${label} ${set.images[index * 4]}`);
}

test("subfolders are the classes, in alphabetical order, and a fifth of the images is the test", async () => {
  const { classes, train, test: held } = await loadFolder(await makeFolder(catsAndDogs()), format);
  expect(classes).toEqual(["cat", "dog"]);
  expect([train.count, held.count]).toEqual([16, 4]);
  const all = [...contents(train), ...contents(held)].toSorted();
  const wanted = Object.values(catsAndDogs()).map((grey) => `${grey < 100 ? 0 : 1} ${grey}`);
  expect(all).toEqual(wanted.toSorted());
});

test("the same images are held back every time", async () => {
  const [first, second] = [await makeFolder(catsAndDogs()), await makeFolder(catsAndDogs())];
  expect(contents((await loadFolder(first, format)).test)).toEqual(contents((await loadFolder(second, format)).test));
});

test("the first few images are not all of the first class", async () => {
  const { train } = await loadFolder(await makeFolder(catsAndDogs()), format);
  expect(new Set(train.labels.subarray(0, 5)).size).toBe(2);
});

test("a folder of train and test keeps them apart", async () => {
  const folder = await makeFolder({ "train/a/1.png": 1, "train/b/2.png": 2, "test/a/3.png": 3, "test/b/4.png": 4 });
  const { classes, train, test: held } = await loadFolder(folder, format);
  expect(classes).toEqual(["a", "b"]);
  expect(contents(train).toSorted()).toEqual(["0 1", "1 2"]);
  expect(contents(held).toSorted()).toEqual(["0 3", "1 4"]);
});

test("hidden files and what is no image are passed over", async () => {
  const folder = await makeFolder({ ...catsAndDogs(), ".cache": null });
  await writeFile(join(folder, "cat", "notes.txt"), "meow");
  await writeFile(join(folder, "cat", ".hidden.png"), "no image");
  const { classes, train, test: held } = await loadFolder(folder, format);
  expect(classes).toEqual(["cat", "dog"]);
  expect(train.count + held.count).toBe(20);
});

test("even two images leave one for the test", async () => {
  const { train, test: held } = await loadFolder(await makeFolder({ "a/1.png": 1, "b/2.png": 2 }), format);
  expect([train.count, held.count]).toEqual([1, 1]);
});

test("the normalization is that of the training images", async () => {
  const folder = await makeFolder({ "train/a/1.png": 0, "train/b/2.png": 255, "test/a/3.png": 9, "test/b/4.png": 9 });
  const { normalization } = await loadFolder(folder, format);
  expect(normalization).toEqual({ mean: [0.5], deviation: [0.5] });
});

test("mean and deviation are measured by channel, and a channel of one value does not divide by zero", () => {
  const set = { images: Uint8Array.of(0, 102, 51, 51, 204, 102, 51, 51), labels: new Int32Array(2), count: 2 };
  const { mean, deviation } = measureNormalization({ ...set, channels: 2, height: 1, width: 2 });
  // 0, 102, 204, 102: mean 102, variance (102² + 102²) / 4.
  expect(mean[0]).toBeCloseTo(0.4, 12);
  expect(deviation[0]).toBeCloseTo(0.4 / Math.SQRT2, 12);
  expect([mean[1], deviation[1]]).toEqual([0.2, 0.001]);
});

test("a truncated image is refused by its path in one line", async () => {
  const folder = await makeFolder(catsAndDogs());
  const path = join(folder, "dog", "3.png");
  await writeFile(path, (await readFile(path)).subarray(0, 50));
  const error: unknown = await loadFolder(folder, format).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(FormatError);
  expect((error as FormatError).where).toBe(path);
  expect((error as FormatError).message).not.toContain("\n");
});

test.each([
  ["no class", { "cat.png": 1 }, "", "has 0 subfolder(s), must have one for each of two or more classes"],
  ["one class", { "cat/1.png": 1 }, "", "has 1 subfolder(s), must have one for each of two or more classes"],
  [
    "an empty class",
    { "cat/1.png": 1, dog: null },
    "dog",
    "has no images (png, jpg, jpeg, tif, tiff, webp, gif, bmp, pbm, pgm, ppm, avif)",
  ],
  [
    "an empty class in its training part",
    { "train/a/1.png": 1, "train/b": null, "test/a/1.png": 1 },
    "train/b",
    "has no images (png, jpg, jpeg, tif, tiff, webp, gif, bmp, pbm, pgm, ppm, avif)",
  ],
  [
    "a test part without images",
    { "train/a/1.png": 1, "train/b/1.png": 1, "test/a": null, "test/b": null },
    "test",
    "has no images (png, jpg, jpeg, tif, tiff, webp, gif, bmp, pbm, pgm, ppm, avif)",
  ],
] as const)("a folder with %s is refused", async (_, files, where, message) => {
  const folder = await makeFolder(files);
  await expect(loadFolder(folder, format)).rejects.toThrow(new FormatError(join(folder, where), message));
});

test("a class of the test part that is not among those of the training part is refused", async () => {
  const folder = await makeFolder({ "train/a/1.png": 1, "train/b/1.png": 1, "test/a/1.png": 1, "test/c/1.png": 1 });
  await expect(loadFolder(folder, format)).rejects.toThrow(
    new FormatError(join(folder, "test", "c"), "is not a class of the training part; its classes are a, b"),
  );
});

test("a class may have no test images", async () => {
  const folder = await makeFolder({ "train/a/1.png": 1, "train/b/1.png": 1, "test/a/7.png": 7 });
  expect(contents((await loadFolder(folder, format)).test)).toEqual(["0 7"]);
});

test("a folder that is not there, or a file, is refused", async () => {
  const folder = await makeFolder({ "cat.png": 1 });
  for (const path of [join(folder, "none"), join(folder, "cat.png")]) {
    await expect(loadFolder(path, format)).rejects.toThrow(EnvironmentError);
    await expect(loadFolder(path, format)).rejects.toThrow("cannot be read as a folder of images");
  }
});

test("images that take more memory than they may are left in their files, in the same parts and order", async () => {
  const folder = await makeFolder(catsAndDogs());
  // 20 images of 2×2 take 80 bytes.
  const inMemory = await loadFolder(folder, format, { memoryLimit: 80 });
  const inFiles = await loadFolder(folder, format, { memoryLimit: 79 });
  expect(inFiles.normalization).toEqual(inMemory.normalization);
  for (const part of ["train", "test"] as const) {
    const set = inFiles[part];
    if (isInMemory(set)) throw new TypeError("the images must be in files");
    const greys = set.files.map((path) => Number(basename(path, ".png")) + (path.includes("/dog/") ? 100 : 0));
    expect(greys.map((grey, index) => `${set.labels[index]} ${grey}`)).toEqual(contents(inMemory[part]));
    expect([set.count, set.channels, set.height, set.width]).toEqual([greys.length, 1, 2, 2]);
  }
});
