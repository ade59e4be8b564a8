// The picture of the guide to plates: drawn plates, found and read by the ready networks, and where each character was seen; and
// the drawn plates alone, the studio's example.
// Run: npm run build && node scripts/plates-picture.mjs [LOCATOR READER]
import process from "node:process";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { open } from "../dist/node.js";
import { paintPlates, toCanvas } from "../dist/tasks/plates/mark.js";
import { drawFontGlyphs } from "../dist/tasks/plates/node/fonts.js";
import { drawPlaces } from "../dist/tasks/plates/places.js";
import { projectPlate } from "../dist/tasks/plates/render/camera.js";
import { toBytes } from "../dist/tasks/plates/render/degrade.js";
import { createCanvas, drawFlatPlate } from "../dist/tasks/plates/render/flat.js";
import { collectGlyphs } from "../dist/tasks/plates/render/glyphs.js";
import { randomStream } from "../dist/tensor/random.js";

const [locator, reader] = process.argv.slice(2);
const target = fileURLToPath(new URL("../docs/pictures/plates.png", import.meta.url));
const example = fileURLToPath(new URL("../studio/public/plates-example.jpg", import.meta.url));

/** Pixels of the scene, of the width of a place's picture, and between them. */
const [WIDTH, HEIGHT, PLACE, GAP] = [440, 452, 420, 10];

/** @type {readonly { readonly plate: import("../dist/tasks/plates/render/text.js").PlateText, readonly corners: import("../dist/tasks/plates/geometry.js").Corners }[]} */
const drawn = [
  {
    plate: { text: "京A87F32", colour: "blue", rows: 1 },
    corners: [
      [46, 44],
      [206, 66],
      [204, 118],
      [44, 94],
    ],
  },
  {
    plate: { text: "苏E06358D", colour: "green", rows: 1 },
    corners: [
      [236, 212],
      [396, 190],
      [398, 236],
      [238, 260],
    ],
  },
  {
    plate: { text: "川R35779", colour: "yellow", rows: 1 },
    corners: [
      [70, 342],
      [214, 340],
      [216, 386],
      [72, 390],
    ],
  },
];

const glyphs = collectGlyphs(await drawFontGlyphs(), "the built-in fonts");
const random = randomStream(1, "draw plate");
const canvas = createCanvas(WIDTH, HEIGHT);
for (let y = 0, at = 0; y < HEIGHT; y++)
  for (let x = 0; x < WIDTH; x++)
    for (const tint of [4, 0, -4])
      canvas.data[at++] = 105 + 25 * Math.sin(x / 110) + 25 * Math.cos(y / 90) + tint + 4 * random.normal();
for (const { plate, corners } of drawn)
  projectPlate(canvas, drawFlatPlate(plate, glyphs, 0, random), corners, {
    outside: 4,
    inside: 0,
    paint: [40, 40, 44],
  });
const image = { width: WIDTH, height: HEIGHT, data: toBytes(canvas) };

await sharp(image.data, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
  .jpeg({ quality: 88 })
  .toFile(example);

const network = await open(locator === undefined || reader === undefined ? "plates" : { locator, reader }, {
  task: "plates",
  threads: 1,
});
const found = await network.predict(image);
await network.release();
if (found.part !== "both") throw new Error("give a locator and a reader");
const plates = found.plates.toSorted((a, b) => a.corners[0][1] - b.corners[0][1]);
console.log(plates.map(({ text, colour, confidence }) => `${text} ${colour} ${confidence.toFixed(3)}`).join("\n"));

const scene = toCanvas(image);
paintPlates(scene, plates);
/** @param {import("../dist/tasks/plates/mark.js").Canvas} painted */
const toSharp = ({ width, height, data }) => sharp(Buffer.from(data), { raw: { width, height, channels: 3 } }).png();
const parts = [{ input: await toSharp(scene).toBuffer(), left: 0, top: 0 }];
let top = 0;
for (const plate of plates) {
  const { data, info } = await toSharp(drawPlaces(plate))
    .resize({ width: PLACE })
    .toBuffer({ resolveWithObject: true });
  parts.push({ input: data, left: WIDTH + GAP, top });
  top += info.height + GAP;
}
const size = { width: WIDTH + GAP + PLACE, height: Math.max(HEIGHT, top - GAP) };
await sharp({ create: { ...size, channels: 3, background: "white" } })
  .composite(parts)
  .png({ palette: true, quality: 92 })
  .toFile(target);
