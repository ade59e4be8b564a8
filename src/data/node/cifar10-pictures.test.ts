import sharp from "sharp";
import { expect, test } from "vitest";
import { FormatError } from "../../tensor/errors.ts";
import { decodeCifar } from "../cifar.ts";
import { picturesToRecords } from "./cifar10-pictures.ts";

/** A picture of two images whose red, green and blue at pixel p are p mod 251, 1 and 2, all 100 more in the second. */
function makePicture(width: number): Promise<Buffer> {
  const pixels = Array.from({ length: 2 * width }, (_, at) => {
    const base = at < width ? 0 : 100;
    return [((at % width) % 100) + base, 1 + base, 2 + base];
  });
  const raw = { width, height: 2, channels: 3 } as const;
  return sharp(Uint8Array.from(pixels.flat()), { raw }).png().toBuffer();
}

test("rows of a picture become records that CIFAR's own reader takes: label, then red, green and blue planes", async () => {
  const { images, labels } = decodeCifar(await picturesToRecords(await makePicture(1024), [3, 9], "batch.png"), 1, "");
  expect([...labels]).toEqual([3, 9]);
  expect([images[0], images[1], images[1023], images[1024], images[2047], images[2048]]).toEqual([0, 1, 23, 1, 1, 2]);
  expect([images[3072], images[3072 + 99], images[3072 + 1024], images[3072 + 3071]]).toEqual([100, 199, 101, 102]);
});

test("a picture of another size than its labels ask for is refused", async () => {
  const narrow = picturesToRecords(await makePicture(1000), [3, 9], "batch.png");
  await expect(narrow).rejects.toThrow(
    new FormatError("batch.png", "is 1000×2 in 3 colours, must be 1024×2 in 3 colours"),
  );
  await expect(picturesToRecords(await makePicture(1024), [3], "batch.png")).rejects.toThrow(/must be 1024×1/);
});

test("a cut picture is refused by its name in one line", async () => {
  const whole = await makePicture(1024);
  for (const length of [0, 20, whole.length >> 1]) {
    const cut = picturesToRecords(whole.subarray(0, length), [3, 9], "batch.png");
    await expect(cut, `${length} of ${whole.length} bytes`).rejects.toThrow(FormatError);
    await expect(cut).rejects.toThrow(/^batch\.png: is not a readable image: [^\n]+$/);
  }
});
