// What the locator takes for plates is kept if it is legible enough. How much is enough, and how low the locator's own threshold may
// be, is chosen on drawn plates in scenes of a folder: for each pair of thresholds, the share of the drawn plates that is kept, and how
// many false ones are. The general defaults have the largest F1; `--write` puts another legibility into the reader's card.
// Run: npm run build && node scripts/plates-legibility.mjs LOCATOR READER SCENES [GLYPHS] [COUNT] [--write LEGIBILITY]
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { CARD_KEY } from "../dist/networks/notes.js";
import { openTrainedNetwork } from "../dist/networks/node/open.js";
import { decodeModel } from "../dist/onnx/decode.js";
import { encodeModel } from "../dist/onnx/encode.js";
import { matchPlates } from "../dist/tasks/plates/evaluate.js";
import { canonicalJson } from "../dist/tensor/canonical-json.js";
import { findPlates } from "../dist/tasks/plates/find-plates.js";
import { cornersIn, listPlates, readPixels } from "../dist/tasks/plates/node/folder.js";
import { drawFontGlyphs } from "../dist/tasks/plates/node/fonts.js";
import { readGlyphFolder } from "../dist/tasks/plates/node/glyph-folder.js";
import { collectGlyphs } from "../dist/tasks/plates/render/glyphs.js";
import { renderScene } from "../dist/tasks/plates/render/scene.js";
import { resizePixels } from "../dist/tasks/plates/resize.js";

const { positionals, values } = parseArgs({ allowPositionals: true, options: { write: { type: "string" } } });
const [locatorPath, readerPath, folder, glyphFolder, count = "200"] = positionals;
if (locatorPath === undefined || readerPath === undefined || folder === undefined)
  throw new Error(
    "usage: node scripts/plates-legibility.mjs LOCATOR READER SCENES [GLYPHS] [COUNT] [--write LEGIBILITY]",
  );

/** An epoch that no training draws, and pixels of a scene's side. */
const [EPOCH, SIDE] = [0xfffffffd, 480];
const thresholds = [0.3, 0.4, 0.5];
const legibilities = [0, 0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];

const own = glyphFolder === undefined ? [] : await readGlyphFolder(glyphFolder);
const glyphs = collectGlyphs([...own, ...(await drawFontGlyphs())], glyphFolder ?? "the built-in fonts");
const scenes = [];
for (const file of await listPlates(folder)) {
  if (file.isCrop) continue;
  const image = await readPixels(file.path);
  const half = resizePixels(image, Math.ceil(image.width / 2), Math.ceil(image.height / 2));
  const plates = file.plates.map((plate) => ({ corners: cornersIn(plate, image), rows: plate.rows }));
  scenes.push({ levels: [image, half], plates });
}
const [locator, reader] = [
  await openTrainedNetwork(locatorPath, { threads: 1 }),
  await openTrainedNetwork(readerPath, { threads: 1 }),
];
/** @type {{ readonly score: number, readonly legibility: number, readonly isTrue: boolean }[]} */
const candidates = [];
let drawn = 0;
for (let index = 0; index < Number(count); index++) {
  const { image, plates } = renderScene(
    { glyphs, scenes, crop: SIDE, drawnShare: 1 },
    { seed: 0, epoch: EPOCH, index },
  );
  const found = await findPlates(image, { locator, reader }, { threshold: thresholds[0], legibility: 0 });
  const matched = matchPlates(String(index), plates, found);
  const right = new Set(matched.plates.flatMap((plate) => plate.found ?? []));
  drawn += plates.length;
  for (const plate of found) candidates.push({ ...plate, isTrue: right.has(plate) });
}
process.stdout.write(`${drawn} plates drawn in ${count} scenes; threshold, legibility: share kept, false, F1\n`);
for (const threshold of thresholds)
  for (const legibility of legibilities) {
    const kept = candidates.filter((one) => one.score >= threshold && one.legibility >= legibility);
    const right = kept.filter(({ isTrue }) => isTrue).length;
    const share = (right / drawn).toFixed(3);
    const f1 = ((2 * right) / (drawn + kept.length)).toFixed(3);
    process.stdout.write(
      `${threshold.toFixed(2)}  ${legibility.toFixed(2)}  ${share}  ${kept.length - right}  ${f1}\n`,
    );
  }
await locator.session.release();
await reader.session.release();

if (values.write !== undefined) {
  const model = decodeModel(readFileSync(readerPath), readerPath);
  const card = JSON.parse(model.metadata.get(CARD_KEY) ?? "");
  const task = { ...card.task, legibility: Number(values.write) };
  const metadata = new Map([...model.metadata, [CARD_KEY, canonicalJson({ ...card, task })]]);
  writeFileSync(readerPath, encodeModel({ ...model, metadata }));
}
