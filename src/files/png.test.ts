import sharp from "sharp";
import { expect, test } from "vitest";
import { encodePng } from "./png.ts";

/** Samples of all values, 0 and the largest among them. */
function spread(count: number, bits: 8 | 16): Uint8Array | Uint16Array {
  const most = 2 ** bits - 1;
  const values = Array.from({ length: count }, (_, index) => Math.round((index * most) / (count - 1)));
  return bits === 8 ? Uint8Array.from(values) : Uint16Array.from(values);
}

const cases = ([8, 16] as const).flatMap((bits) => [1, 3, 4].map((channels) => ({ bits, channels })));

test.each(cases)("libpng reads the samples back: $bits bits, $channels channels", async ({ bits, channels }) => {
  const [height, width] = [7, 13];
  const samples = spread(height * width * channels, bits);
  const image = sharp(encodePng({ height, width, channels, samples }));
  const grey = channels < 3;
  expect(await image.metadata()).toMatchObject({
    format: "png",
    height,
    width,
    channels,
    depth: bits === 8 ? "uchar" : "ushort",
  });
  const spaces = { 8: grey ? "b-w" : "srgb", 16: grey ? "grey16" : "rgb16" };
  const raw = await image
    .toColourspace(spaces[bits])
    .raw({ depth: bits === 8 ? "uchar" : "ushort" })
    .toBuffer();
  const read = bits === 8 ? raw : new Uint16Array(raw.buffer, raw.byteOffset, raw.length / 2);
  expect(Array.from(read)).toEqual(Array.from(samples));
});

test("samples that do not fill the picture are refused", () => {
  expect(() => encodePng({ height: 2, width: 2, channels: 3, samples: new Uint8Array(11) })).toThrow(RangeError);
});
