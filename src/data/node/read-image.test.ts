import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { goldenImages, largestDifference } from "../../../test/support/golden-images.ts";
import { tiffOf } from "../../../test/support/tiff-files.ts";
import { FormatError, OptionError } from "../../tensor/errors.ts";
import type { ReadOptions } from "../image/read.ts";
import { decodeImage, readImage } from "./image.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-read-image-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let count = 0;
async function write(bytes: Uint8Array | string): Promise<string> {
  const path = join(folder, `${count++}.png`);
  await writeFile(path, bytes);
  return path;
}
const golden = (name: string) => goldenImages.find((image) => image.name === name)!;

/** Reads a golden image, and what was noted of it. */
async function read(name: string, options: ReadOptions = {}) {
  const path = await write(golden(name).file);
  const notes: string[] = [];
  const image = await readImage(path, { ...options, onNote: (text) => notes.push(text.replace(path, "FILE")) });
  return { ...image, notes };
}

test("a stack's other pages are read when asked for, and the first is said to have been read otherwise", async () => {
  const { samples: first } = golden("tiff-pages");
  expect((await read("tiff-pages")).notes).toEqual(["FILE: has 3 pages; the first was read, `page` chooses another"]);
  const third = await read("tiff-pages", { page: 3 });
  expect({ notes: third.notes, page: third.page, pages: third.pages }).toEqual({ notes: [], page: 3, pages: 3 });
  // The generator's third page is 255 − the first.
  expect([...third.samples]).toEqual(Array.from(first, (value) => 255 - value));
  await expect(read("tiff-pages", { page: 4 })).rejects.toThrow(/^page: is 4, \S+ has 3 pages$/);
  await expect(read("tiff-pages", { page: 0 })).rejects.toThrow("page: is 0, must be a whole number from 1");
});

test("frames of a GIF are pages", async () => {
  expect((await read("gif-frames")).notes).toEqual(["FILE: has 3 pages; the first was read, `page` chooses another"]);
  const { samples } = await read("gif-frames", { page: 2 });
  expect(new Set(samples)).toEqual(new Set([80]));
});

test.each(["tiff-ome", "tiff-imagej"])("channels that %s keeps as pages are chosen as channels", async (name) => {
  const { samples: first } = golden(name);
  expect((await read(name)).notes[0]).toMatch(
    /^FILE: has 2 pages \(channels .+\); the first was read, `page` or `channel` chooses another$/,
  );
  const second = await read(name, { channel: 2 });
  expect(second).toMatchObject({ notes: [], page: 2, channels: 1 });
  expect([...second.samples]).toEqual(Array.from(first, (value) => value >> 1));
  await expect(read(name, { channel: 3 })).rejects.toThrow(/^channel: is 3, \S+ has 2 channels$/);
});

test("one channel of several is taken, and a second channel without a word in the file is no opacity", async () => {
  const { samples } = golden("tiff-five-channels");
  const fourth = await read("tiff-five-channels", { channel: 4 });
  expect([...fourth.samples]).toEqual(Array.from({ length: samples.length / 5 }, (_, at) => samples[5 * at + 3]));
  await expect(read("tiff-five-channels", { channel: 6 })).rejects.toThrow(/^channel: is 6, \S+ has 5 channels$/);
  expect((await read("tiff-two-channels")).channels).toBe(2);
  expect((await read("tiff-grey-alpha")).channels).toBe(1);
});

test("grey images under one directory, as ImageJ writes large stacks, are pages", async () => {
  const values = Uint16Array.from({ length: 3 * 6 }, (_, at) => 100 * at);
  const path = await write(
    tiffOf({
      width: 3,
      height: 2,
      bits: 16,
      data: new Uint8Array(values.buffer),
      text: "ImageJ=1.53\nimages=3\nslices=3\n",
    }),
  );
  const { samples, pages } = await readImage(path, { page: 3 });
  expect({ pages, samples: [...samples] }).toEqual({ pages: 3, samples: [...values.subarray(12)] });
});

test("a page's smaller copies and masks are no pages", async () => {
  const base = { width: 2, height: 2, bits: 8, data: Uint8Array.of(1, 2, 3, 4) };
  const path = await write(tiffOf(base, { ...base, subfile: 1 }, { ...base, subfile: 4 }));
  expect(await readImage(path)).toMatchObject({ pages: 1 });
});

test.each([
  [
    "a width that is not a number",
    { width: Number.NaN },
    /has a width of NaN and a height of 2, must be whole numbers above 0$/,
  ],
  ["no width", { width: undefined }, /has a width of NaN and a height of 2/],
  ["a width in text", { textWidth: true }, /has a width of NaN and a height of 2/],
  ["a width of 0", { width: 0 }, /has a width of 0 and a height of 2/],
  [
    "65,537 tiles",
    { width: 65_537, height: 1, tile: 1 },
    /has 65537 tiles or strips, must have at most 65536; save it with larger ones$/,
  ],
  [
    "too large tiles",
    { width: 16, height: 16, tile: 2 ** 20 },
    /has tiles of 1048576 × 1048576 pixels, which are too large; save it with smaller ones$/,
  ],
  [
    "too many bytes",
    { width: 30_000, height: 30_000 },
    /takes 859 MiB decoded \(30000 × 30000 pixels, 1 channel of 8 bits\), must take at most 512 MiB; cut it into parts$/,
  ],
  ["fewer bytes than pixels", { width: 3 }, /is damaged or truncated, must be a whole TIFF; save or copy it again$/],
  [
    "a circle of directories",
    { circle: true },
    /is damaged or truncated, must be a whole TIFF; save or copy it again$/,
  ],
] as const)("a TIFF with %s is refused at once, in one line", async (_, change, says) => {
  const path = await write(tiffOf({ width: 2, height: 2, bits: 8, data: Uint8Array.of(1, 2, 3, 4), ...change }));
  const start = performance.now();
  const error: unknown = await readImage(path).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(FormatError);
  expect((error as FormatError).message).toMatch(says);
  expect(performance.now() - start).toBeLessThan(2000);
});

test("what a strip inflates to beyond its size is not unpacked", async () => {
  // 256 MB of zeros deflate to 250 kB.
  const { zlibSync } = await import("fflate");
  const data = zlibSync(new Uint8Array(2 ** 28));
  const path = await write(tiffOf({ width: 2, height: 2, bits: 8, data, compression: 8 }));
  const before = process.memoryUsage().arrayBuffers;
  expect([...(await readImage(path)).samples]).toEqual([0, 0, 0, 0]);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 26);
});

test.each([
  ["an SVG drawing", "<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"],
  ["an SVG drawing", "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"],
  ["an HTML page", "<!DOCTYPE html><html></html>"],
  ["a PDF", "%PDF-1.7"],
])("%s is refused by its name, whatever the file is called", async (name, content) => {
  await expect(readImage(await write(content))).rejects.toThrow(
    `: is ${name}, which is not supported; supported are PNG, JPEG, TIFF, WebP, GIF, BMP, PNM and AVIF`,
  );
});

test("what is no image at all is told which kinds are read", async () => {
  await expect(readImage(await write("no image\nat all"))).rejects.toThrow(
    ": is not an image of a known kind; supported are PNG, JPEG, TIFF, WebP, GIF, BMP, PNM and AVIF",
  );
});

test.each(goldenImages.map(({ name }) => name).filter((name) => !name.startsWith("webp") && !name.startsWith("gif")))(
  "%s, truncated anywhere, is read or refused in one line",
  async (name) => {
    const { file } = golden(name);
    for (const share of [0.02, 0.2, 0.5, 0.8, 0.95]) {
      const path = await write(file.subarray(0, Math.floor(share * file.length)));
      const error: unknown = await readImage(path).catch((cause: unknown) => cause);
      expect(error instanceof Error ? error.constructor : FormatError, `${share} of it`).toBe(FormatError);
    }
  },
);

const whole = { height: 17, width: 18 };
/** What a classifier sees of a golden image, unscaled. */
async function see(name: string, channels = 1) {
  const notes: string[] = [];
  const path = await write(golden(name).file);
  const pixels = await decodeImage(path, {
    channels,
    ...whole,
    onNote: (text) => notes.push(text.replace(path, "FILE")),
  });
  return { pixels, notes };
}

test("a classifier sees deep images by their range", async () => {
  const grey = golden("png-grey-8").samples;
  // 251 times the grey of 8 bits, of 65,535.
  const { pixels } = await see("png-grey-16");
  expect([...pixels]).toEqual(Array.from(grey, (value) => Math.round((value * 251) / 257)));
  const [lowest, highest] = [Math.min(...grey), Math.max(...grey)];
  const stretched = Array.from(grey, (value) => Math.round((255 * (value - lowest)) / (highest - lowest)));
  for (const name of ["tiff-int16", "tiff-int32", "tiff-uint32", "tiff-int8", "tiff-float32", "tiff-float64"]) {
    const seen = await see(name);
    expect([...seen.pixels], name).toEqual(stretched);
    expect(seen.notes[0], name).toMatch(
      /^FILE: its .+ were mapped to 0 … 255 from its lowest, [-\d.]+, to its highest, [-\d.]+$/,
    );
  }
  const floats = await see("tiff-rgbf-planar", 3);
  expect(floats.notes).toEqual([]);
  const colours = golden("png-rgb-8").samples;
  expect(floats.pixels[1]).toBe(colours[3]);
});

test("what is no number is dark to a classifier, and what is infinite bright", async () => {
  const { pixels } = await see("tiff-float32-nan");
  expect([pixels[3 * 18 + 3], pixels[4 * 18 + 4]]).toEqual([0, 255]);
});

test("opacity darkens what a classifier sees, in files of 8 and of 16 bits and where it is multiplied in already", async () => {
  const { samples } = golden("png-rgba-8");
  const expected = Array.from({ length: 17 * 18 }, (_, at) =>
    Math.round((samples[3 * at] * (at % 3 === 0 ? 90 : 255)) / 255),
  );
  expect([...(await see("png-rgba-8", 3)).pixels.subarray(0, 17 * 18)]).toEqual(expected);
  expect([...(await see("tiff-rgba", 3)).pixels.subarray(0, 17 * 18)]).toEqual(expected);
  expect([...(await see("png-grey-alpha-8")).pixels]).toEqual(expected);
  expect((await see("tiff-rgba-associated", 3)).pixels[0]).toBe(samples[0]);
});

test("channels that fit no network of classes are refused by name", async () => {
  await expect(see("tiff-five-channels", 3)).rejects.toThrow(
    /^channels: are 5 in \S+, the network takes 3; `channel` chooses one$/,
  );
  await expect(see("tiff-five-channels", 3)).rejects.toThrow(OptionError);
});

test("an embedded colour profile changes no values", async () => {
  const raw = { width: 2, height: 1, channels: 3 } as const;
  const values = Uint8Array.of(200, 30, 40, 10, 220, 30);
  const file = await sharp(values, { raw })
    .png()
    .withMetadata()
    .keepIccProfile()
    .withIccProfile("p3", { attach: true })
    .toBuffer();
  const stored = await sharp(file, { ignoreIcc: true }).raw().toBuffer();
  expect((await sharp(file).metadata()).icc).toBeDefined();
  expect(largestDifference((await readImage(await write(file))).samples, new Uint8Array(stored))).toBe(0);
});
