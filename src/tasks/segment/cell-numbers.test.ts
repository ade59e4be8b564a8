import { expect, test } from "vitest";
import { paintNumbers } from "./cell-numbers.ts";

const blank = (height: number, width: number, shade = 128) => ({
  height,
  width,
  pixels: new Uint8Array(3 * height * width).fill(shade),
});

/** White as "#", black as ".", and all else as a space. */
function show({ width, pixels }: ReturnType<typeof blank>): readonly string[] {
  const shades = Array.from({ length: pixels.length / 3 }, (_, at) => pixels[3 * at]);
  const text = shades.map((shade) => (shade === 255 ? "#" : shade === 0 ? "." : " ")).join("");
  return Array.from({ length: text.length / width }, (_, row) => text.slice(row * width, (row + 1) * width));
}

/** A square of one label. */
function square(size: { readonly height: number; readonly width: number }, id: number, [top, left, side]: number[]) {
  return Int32Array.from({ length: size.height * size.width }, (_, at) => {
    const [row, column] = [Math.floor(at / size.width), at % size.width];
    return row >= top && row < top + side && column >= left && column < left + side ? id : 0;
  });
}

test("a cell's number stands in its middle, white with a black rim", () => {
  const picture = blank(9, 13);
  paintNumbers(picture, square(picture, 42, [0, 2, 9]));
  expect(show(picture)).toEqual([
    "             ",
    "  .........  ",
    "  .#.#.###.  ",
    "  .#.#...#.  ",
    "  .###.###.  ",
    "  ...#.#...  ",
    "    .#.###.  ",
    "    .......  ",
    "             ",
  ]);
});

test("numbers of cells at the picture's edge stay whole, and digits grow with the cells", () => {
  const edge = blank(20, 30);
  paintNumbers(edge, square(edge, 7, [15, 25, 5]));
  const lines = show(edge);
  // A 7 has 7 dots.
  expect(lines.join("").match(/#/g)).toHaveLength(7);
  expect(lines[18]).toBe("                           .#. ".slice(0, 30));
  const large = blank(60, 60);
  paintNumbers(large, square(large, 7, [10, 10, 40]));
  // A square of 40 pixels is as large as a disc of 45: three pixels per dot.
  expect(show(large).join("").match(/#/g)).toHaveLength(7 * 9);
});

test("the number of a crescent lies on it, not in the middle of what it encloses", () => {
  const [height, width] = [60, 60];
  const labels = Int32Array.from({ length: height * width }, (_, at) => {
    const [y, x] = [Math.floor(at / width) - 30, (at % width) - 30];
    const distance = Math.hypot(y, x);
    return distance < 26 && distance > 22 && x < 10 ? 1 : 0;
  });
  const picture = blank(height, width);
  paintNumbers(picture, labels);
  const inked = show(picture).join("");
  const columns = Array.from(inked).flatMap((mark, at) => (mark === "#" ? [at % width] : []));
  expect(Math.max(...columns)).toBeLessThan(16);
});

test("a picture without cells stays as it is", () => {
  const picture = blank(4, 4, 0);
  paintNumbers(picture, new Int32Array(16));
  expect(picture.pixels.every((shade) => shade === 0)).toBe(true);
});
