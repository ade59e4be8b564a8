import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EnvironmentError, FormatError } from "../../tensor/errors.ts";
import { crc32 } from "../../weights/zip/crc32.ts";
import { decodeImage } from "./image.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-image-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Writes a PNG of these pixels, row by row, and returns its path. */
async function png(name: string, pixels: readonly number[], channels: 1 | 2 | 3 | 4, width: number): Promise<string> {
  const path = join(folder, name);
  const height = pixels.length / channels / width;
  await sharp(Uint8Array.from(pixels), { raw: { width, height, channels } }).png().toFile(path);
  return path;
}

const twoByTwo = { height: 2, width: 2 };
const colours = [255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30];

test("a colour image becomes a red, a green and a blue plane", async () => {
  const planes = await decodeImage(await png("colour.png", colours, 3, 2), { channels: 3, ...twoByTwo });
  expect([...planes]).toEqual([255, 0, 0, 10, 0, 255, 0, 20, 0, 0, 255, 30]);
});

test("a grey image is repeated in every plane that is wanted", async () => {
  const path = await png("grey.png", [0, 85, 170, 255], 1, 2);
  expect([...(await decodeImage(path, { channels: 1, ...twoByTwo }))]).toEqual([0, 85, 170, 255]);
  expect([...(await decodeImage(path, { channels: 3, ...twoByTwo }))]).toEqual([
    0, 85, 170, 255, 0, 85, 170, 255, 0, 85, 170, 255,
  ]);
});

test("greys of a colour image stay the same greys in one plane", async () => {
  const path = await png(
    "grey-colour.png",
    [0, 85, 170, 255].flatMap((grey) => [grey, grey, grey]),
    3,
    2,
  );
  expect([...(await decodeImage(path, { channels: 1, ...twoByTwo }))]).toEqual([0, 85, 170, 255]);
});

test("what is transparent lies on black, in colour and in grey", async () => {
  const alphas = [255, 0, 128, 255];
  const colour = await png(
    "alpha.png",
    alphas.flatMap((alpha) => [255, 100, 0, alpha]),
    4,
    2,
  );
  const planes = await decodeImage(colour, { channels: 3, ...twoByTwo });
  expect([...planes]).toEqual([255, 0, 128, 255, 100, 0, 50, 100, 0, 0, 0, 0]);
  const grey = await png(
    "grey-alpha.png",
    alphas.flatMap((alpha) => [200, alpha]),
    2,
    2,
  );
  expect([...(await decodeImage(grey, { channels: 1, ...twoByTwo }))]).toEqual([200, 0, 100, 200]);
});

test("16 bits a pixel become their upper 8", async () => {
  const path = join(folder, "deep.png");
  const pixels = Uint16Array.of(0, 0x4040, 0x8080, 0xffff);
  await sharp(pixels, { raw: { width: 2, height: 2, channels: 1 } })
    .toColourspace("grey16")
    .png()
    .toFile(path);
  expect((await sharp(path).metadata()).depth).toBe("ushort");
  expect([...(await decodeImage(path, { channels: 1, ...twoByTwo }))]).toEqual([0, 0x40, 0x80, 0xff]);
  expect([...(await decodeImage(path, { channels: 3, ...twoByTwo }))].slice(0, 4)).toEqual([0, 0x40, 0x80, 0xff]);
});

test("an image of another size and shape is scaled to what is wanted", async () => {
  const path = await png(
    "wide.png",
    Array.from({ length: 8 * 4 }, () => 77),
    1,
    8,
  );
  const planes = await decodeImage(path, { channels: 1, height: 3, width: 5 });
  expect([...planes]).toEqual(Array.from({ length: 15 }, () => 77));
});

test.each(["cut.png", "cut.jpg"])("%s, truncated, is refused by its name in one line", async (name) => {
  const stream = Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) => (at * 7919) % 251);
  const path = join(folder, name);
  await sharp(stream, { raw: { width: 64, height: 64, channels: 3 } }).toFile(path);
  const whole = await readFile(path);
  for (const length of [0, 8, whole.length >> 1, whole.length - 200]) {
    await writeFile(path, whole.subarray(0, length));
    const error: unknown = await decodeImage(path, { channels: 3, height: 8, width: 8 }).catch(
      (cause: unknown) => cause,
    );
    expect(error, `${length} of ${whole.length} bytes`).toBeInstanceOf(FormatError);
    expect((error as FormatError).message).toMatch(
      /^[^\n]+: is (empty, must be an image|damaged or truncated, must be a whole|not an image of a known kind)[^\n]+$/,
    );
    expect((error as FormatError).where).toBe(path);
  }
});

test("what is no image is refused by its name", async () => {
  const path = join(folder, "text.png");
  await writeFile(path, "no image\nat all");
  await expect(decodeImage(path, { channels: 1, ...twoByTwo })).rejects.toThrow(FormatError);
});

test("a file that is not there, or a folder, is told in the system's words", async () => {
  const path = join(folder, "none.png");
  const missing = new EnvironmentError(path, "cannot read: there is no such file or folder");
  await expect(decodeImage(path, { channels: 1, ...twoByTwo })).rejects.toThrow(missing);
  await expect(decodeImage(folder, { channels: 1, ...twoByTwo })).rejects.toThrow(/is a folder, must be a file$/);
});

test("a photograph that its camera noted as turned is set upright", async () => {
  const path = join(folder, "turned.png");
  const raw = { width: 2, height: 2, channels: 1 } as const;
  // EXIF orientation 6: the first row is the right side, so that upright the left column is the last row.
  await sharp(Uint8Array.of(1, 2, 3, 4), { raw })
    .withMetadata({ orientation: 6 })
    .png()
    .toFile(path);
  expect([...(await decodeImage(path, { channels: 1, ...twoByTwo }))]).toEqual([3, 1, 4, 2]);
});

test("a file that changed under its name is read anew", async () => {
  const path = await png("changed.png", [1, 1, 1, 1], 1, 2);
  expect([...(await decodeImage(path, { channels: 1, ...twoByTwo }))]).toEqual([1, 1, 1, 1]);
  await png("changed.png", [2, 2, 2, 2], 1, 2);
  expect([...(await decodeImage(path, { channels: 1, ...twoByTwo }))]).toEqual([2, 2, 2, 2]);
});

test("a header that claims 30000 by 30000 pixels is refused before they are decoded", async () => {
  const path = await png("small.png", [0], 1, 1);
  const bytes = await readFile(path);
  // IHDR: width and height at 16 and 20; its checksum at 29 is that of the changed chunk.
  bytes.writeUInt32BE(30_000, 16);
  bytes.writeUInt32BE(30_000, 20);
  bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
  await writeFile(path, bytes);
  await expect(decodeImage(path, { channels: 1, ...twoByTwo })).rejects.toThrow(
    /takes \d+ MiB decoded \(30000 × 30000 pixels, .* of 8 bits\), must take at most 512 MiB; cut it into parts$/,
  );
});
