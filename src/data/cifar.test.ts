import fc from "fast-check";
import { expect, test } from "vitest";
import { thrownBy } from "../../test/support/thrown-by.ts";
import { FormatError } from "../tensor/errors.ts";
import { decodeCifar } from "./cifar.ts";

const IMAGE = 3072;

/** A record whose pixel p is (p + shift) mod 256. */
function record(labels: readonly number[], shift: number): readonly number[] {
  return [...labels, ...Array.from({ length: IMAGE }, (_, pixel) => (pixel + shift) % 256)];
}

test("CIFAR-10's label byte comes before each image's planes", () => {
  const { images, labels } = decodeCifar(Uint8Array.from([...record([7], 0), ...record([0], 100)]), 1, "batch");
  expect([...labels]).toEqual([7, 0]);
  expect(images).toHaveLength(2 * IMAGE);
  // Red, green and blue planes of 1024 pixels each; 1024 and 2048 are 0 modulo 256.
  expect([images[0], images[1], images[1024], images[3071]]).toEqual([0, 1, 0, 255]);
  expect([images[IMAGE], images[IMAGE + 1], images[2 * IMAGE - 1]]).toEqual([100, 101, 99]);
});

test("of CIFAR-100's two label bytes the second, the fine class, counts", () => {
  const { images, labels } = decodeCifar(Uint8Array.from(record([19, 99], 5)), 2, "train.bin");
  expect([...labels]).toEqual([99]);
  expect(images[0]).toBe(5);
});

test("images do not share memory with the file", () => {
  const file = Uint8Array.from(record([1], 3));
  const { images } = decodeCifar(file, 1, "batch");
  file.fill(0);
  expect(images[0]).toBe(3);
});

test.each([
  ["nothing", new Uint8Array(0), 1, "has 0 bytes, must be a multiple of 3073; it is truncated or no CIFAR file"],
  [
    "a byte too few",
    new Uint8Array(3072),
    1,
    "has 3072 bytes, must be a multiple of 3073; it is truncated or no CIFAR file",
  ],
  [
    "one-label records read as two",
    new Uint8Array(3073),
    2,
    "has 3073 bytes, must be a multiple of 3074; it is truncated or no CIFAR file",
  ],
  [
    "class 10 of 10",
    Uint8Array.from([...record([9], 0), ...record([10], 0)]),
    1,
    "image 1 has class 10, must be below 10",
  ],
  ["class 100 of 100", Uint8Array.from(record([0, 100], 0)), 2, "image 0 has class 100, must be below 100"],
] as const)("a file of %s is refused in one line", (_, bytes, labelBytes, message) => {
  const decode = (): unknown => decodeCifar(bytes, labelBytes, "batch");
  expect(decode).toThrow(FormatError);
  expect(decode).toThrow(new FormatError("batch", message));
});

test("a file cut anywhere but between records is refused", () => {
  const file = Uint8Array.from([...record([1], 0), ...record([2], 0)]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: file.length }), (length) => {
      const decode = (): unknown => decodeCifar(file.subarray(0, length), 1, "batch");
      expect(thrownBy(decode) instanceof FormatError).toBe(length % 3073 !== 0);
    }),
  );
});
