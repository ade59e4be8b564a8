import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FormatError } from "../../tensor/errors.ts";
import { goldenImages, largestDifference, refusedImages } from "../../../test/support/golden-images.ts";
import { compareImages, fittedPhotographs } from "../../../test/support/photographs.ts";
import { decodeImage, readImage } from "./image.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-golden-images-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each(goldenImages)("$name is read as tifffile and Pillow read it", async (wanted) => {
  const path = join(folder, wanted.name);
  await writeFile(path, wanted.file);
  const image = await readImage(path);
  const { height, width, channels } = wanted;
  expect(image).toMatchObject({ height, width, channels, pages: wanted.pages });
  expect(image.samples.constructor.name).toBe(wanted.samples.constructor.name);
  expect(largestDifference(image.samples, wanted.samples)).toBeLessThanOrEqual(wanted.tolerance);
  // A billionth of a micrometre.
  const size = image.pixelSize === undefined ? undefined : Math.round(1e9 * image.pixelSize.x) / 1e9;
  expect(size).toBe(wanted.pixelSize);
  expect(image.channelNames).toEqual(wanted.imageChannels);
});

test.each(goldenImages)(
  "$name is read from a Buffer amid others' bytes, which stay as they are",
  async ({ name, file }) => {
    const path = join(folder, name);
    await writeFile(path, file);
    const pool = Buffer.concat([Buffer.alloc(3, 255), file, Buffer.alloc(5, 255)]);
    const before = Buffer.from(pool);
    const image = await readImage({ bytes: pool.subarray(3, 3 + file.length), where: name });
    expect(image.samples).toEqual((await readImage(path)).samples);
    expect(pool.equals(before)).toBe(true);
  },
);

test.each(refusedImages)("$name is refused by its name", async ({ name, says, file }) => {
  const path = join(folder, name);
  await writeFile(path, file);
  const error: unknown = await readImage(path).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(FormatError);
  expect((error as FormatError).message).toBe(`${path}: ${(error as FormatError).detail}`);
  expect((error as FormatError).detail).toMatch(
    new RegExp(`^is ${says}, which is not supported; (supported|save) [^\\n]+$`),
  );
});

// The pixels are those that pages are compared with: test/web/images.web.test.ts.
test.each(fittedPhotographs)(
  "$file is fitted to $channels × $height × $width as it was",
  async ({ file, bytes, channels, height, width, pixels }) => {
    const path = join(folder, file);
    await writeFile(path, bytes);
    // Another libvips may round some pixels otherwise.
    const { mean, largest } = compareImages(await decodeImage(path, { channels, height, width }), pixels);
    expect({ mean: mean < 0.1, largest: largest <= 2 }).toEqual({ mean: true, largest: true });
  },
);
