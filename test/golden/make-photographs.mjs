// Writes photographs.json: pictures with the spectrum, edges and fine texture of photographs, as JPEG, WebP and PNG, with the
// pixels that Node's reader makes of them at several sizes. A page must give the same, within what docs/images.md says.
//
//   npm run build && node test/golden/make-photographs.mjs
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { decodeImage } from "../../dist/data/node/index.js";
import { randomStream } from "../../dist/tensor/index.js";

const folder = mkdtempSync(join(tmpdir(), "residua-photographs-"));

/**
 * Octaves of noise, each half as strong as the coarser one before it, with ellipses in front, of which every second is striped.
 *
 * @param {number} width
 * @param {number} height
 */
function drawPhotograph(width, height) {
  const random = randomStream(5, "photographs");
  const pixels = new Float32Array(width * height * 3).fill(120);
  for (let step = 64; step >= 1; step /= 2) {
    const across = Math.ceil(width / step) + 2;
    const grid = Float32Array.from(
      { length: across * (Math.ceil(height / step) + 2) * 3 },
      () => random.uniform() - 0.5,
    );
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const [row, column] = [Math.floor(y / step), Math.floor(x / step)];
        const [down, right] = [y / step - row, x / step - column];
        for (let channel = 0; channel < 3; channel++) {
          const at = (/** @type {number} */ dy, /** @type {number} */ dx) =>
            grid[((row + dy) * across + column + dx) * 3 + channel];
          const top = at(0, 0) * (1 - right) + at(0, 1) * right;
          const bottom = at(1, 0) * (1 - right) + at(1, 1) * right;
          pixels[(y * width + x) * 3 + channel] += (top * (1 - down) + bottom * down) * 3 * step ** 0.8;
        }
      }
  }
  for (let shape = 0; shape < 24; shape++) {
    const [cx, cy, rx, ry] = [
      random.uniform() * width,
      random.uniform() * height,
      8 + random.uniform() * 60,
      8 + random.uniform() * 60,
    ];
    const colour = [0, 1, 2].map(() => random.uniform() * 255);
    for (let y = Math.max(0, Math.floor(cy - ry)); y < Math.min(height, cy + ry); y++)
      for (let x = Math.max(0, Math.floor(cx - rx)); x < Math.min(width, cx + rx); x++) {
        if (((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 > 1) continue;
        if (shape % 2 === 1 && (x + y) % 6 < 3) continue;
        for (let channel = 0; channel < 3; channel++)
          pixels[(y * width + x) * 3 + channel] = 0.7 * colour[channel] + 0.3 * pixels[(y * width + x) * 3 + channel];
      }
  }
  return sharp(Uint8ClampedArray.from(pixels), { raw: { width, height, channels: 3 } });
}

const large = drawPhotograph(640, 480);
const small = drawPhotograph(200, 150);
const files = {
  "photograph.jpg": await large.clone().jpeg({ quality: 85 }).toBuffer(),
  "turned.jpg": await large.clone().resize(320, 240).withMetadata({ orientation: 6 }).jpeg({ quality: 85 }).toBuffer(),
  "photograph.webp": await large.clone().webp({ quality: 85 }).toBuffer(),
  "photograph.png": await small.clone().png({ compressionLevel: 9 }).toBuffer(),
};
const wanted = [
  { file: "photograph.jpg", channels: 1, height: 224, width: 224 },
  { file: "photograph.jpg", channels: 3, height: 96, width: 96 },
  { file: "photograph.jpg", channels: 3, height: 32, width: 32 },
  { file: "turned.jpg", channels: 3, height: 80, width: 64 },
  { file: "photograph.webp", channels: 3, height: 90, width: 120 },
  { file: "photograph.png", channels: 3, height: 64, width: 64 },
  { file: "photograph.png", channels: 1, height: 224, width: 224 },
];
const cases = [];
for (const { file, ...format } of wanted) {
  const path = join(folder, file);
  writeFileSync(path, files[/** @type {keyof typeof files} */ (file)]);
  cases.push({ file, ...format, pixels: Buffer.from(await decodeImage(path, format)).toString("base64") });
}
rmSync(folder, { recursive: true });
const about = {
  script: "test/golden/make-photographs.mjs",
  versions: { sharp: sharp.versions.sharp, vips: sharp.versions.vips },
};
const encoded = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, bytes.toString("base64")]));
writeFileSync(new URL("photographs.json", import.meta.url), `${JSON.stringify({ ...about, files: encoded, cases })}\n`);
