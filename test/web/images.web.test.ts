import { expect, test } from "vitest";
import { decodeImageBlob, readImageBlob } from "../../src/data/web/image.ts";
import { goldenImages, largestDifference, refusedImages } from "../support/golden-images.ts";
import { compareImages, fittedPhotographs } from "../support/photographs.ts";

const known = (name: string): boolean => !name.startsWith("gif-frames");

test.each(goldenImages.filter(({ name }) => known(name)))(
  "a page reads $name as tifffile and Pillow do",
  async (wanted) => {
    const image = await readImageBlob(new Blob([wanted.file]));
    const { height, width, channels, pages } = wanted;
    expect(image).toMatchObject({ height, width, channels, pages });
    expect(image.samples.constructor.name).toBe(wanted.samples.constructor.name);
    // A canvas keeps colours multiplied by their opacity.
    const tolerance = wanted.name === "webp-lossless-alpha" ? 2 : wanted.tolerance;
    expect(largestDifference(image.samples, wanted.samples)).toBeLessThanOrEqual(tolerance);
  },
);

test.each(refusedImages)("a page refuses $name by its name", async ({ name, says, file }) => {
  await expect(readImageBlob(new File([file as BlobPart], name))).rejects.toThrow(
    `${name}: is ${says}, which is not supported; `,
  );
});

test("a page reads the first frame of an animation, says so, and refuses others", async () => {
  const frames = new File([goldenImages.find(({ name }) => name === "gif-frames")!.file], "frames.gif");
  const notes: string[] = [];
  const { samples } = await readImageBlob(frames, { onNote: (text) => notes.push(text) });
  expect({ first: samples[0], notes }).toEqual({
    first: 40,
    notes: ["frames.gif: has 3 pages; the first was read, `page` chooses another"],
  });
  await expect(readImageBlob(frames, { page: 2 })).rejects.toThrow(
    "page: is 2 of frames.gif: browsers read only the first frame of a GIF",
  );
});

test.each(fittedPhotographs)(
  "a page fits $file to $channels × $height × $width as Node does",
  async ({ file, bytes, channels, height, width, pixels }) => {
    const seen = await decodeImageBlob(new File([bytes], file), { channels, height, width });
    const { mean, largest } = compareImages(seen, pixels);
    // On photographs a mean of 0.6 and a largest difference of 12 were seen: docs/images.md states more.
    expect(mean).toBeLessThanOrEqual(0.5);
    expect(largest).toBeLessThanOrEqual(4);
  },
);
