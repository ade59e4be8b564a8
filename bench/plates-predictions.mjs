// Our plates beside those that other systems found in the same pictures, as they wrote them down, and McNemar's exact test on the
// pairs: of plates found, and of plates read whole.
//
//   residua evaluate --task plates --data FOLDER --json > ours.json
//   node bench/plates-predictions.mjs ours.json PREDICTIONS… [--centre PREDICTIONS]
//
// PREDICTIONS is JSON, {"picture.jpg": [[[left, top, right, bottom], "京A12345", …], …]}, or tab-separated lines: "IMG  path  …", then
// "PL  left  top  width  height  text  …" for each plate in it; a text may begin with its colour and a colon. A plate is found if its
// box and that of the label overlap by half (IoU); of files after --centre, whose boxes are padded on purpose, if its box holds the
// middle of the label.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { binomial } from "residua/statistics";
import { boxOf, boxOverlap, LEAST_OVERLAP, normalizePlateText } from "residua/tasks";

/** @typedef {{ readonly box: import("residua/tasks").Box, readonly text: string }} Predicted */
/** @typedef {{ readonly found: boolean, readonly whole: boolean }} Outcome */
/** @typedef {{ readonly text?: string, readonly corners: import("residua/tasks").Corners }} Plate */
/** @typedef {{ readonly name: string, readonly plates: readonly { readonly truth: Plate, readonly found?: Plate }[] }} Picture */

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { centre: { type: "string", multiple: true, default: [] } },
});
const [ownPath, ...byOverlap] = positionals;
const peers = [
  ...byOverlap.map((path) => ({ path, isPadded: false })),
  ...values.centre.map((path) => ({ path, isPadded: true })),
];
if (ownPath === undefined || peers.length === 0)
  throw new Error("usage: node bench/plates-predictions.mjs OURS.json PREDICTIONS… [--centre PREDICTIONS]");

/** What a system says is what it says: a text that no plate can have is wrong, not refused. @param {string} text */
function toText(text) {
  const bare = text.replace(/^[^:]*:/, "");
  try {
    return normalizePlateText(bare, "prediction");
  } catch {
    return bare;
  }
}

/**
 * @param {string} path
 * @returns {Promise<ReadonlyMap<string, readonly Predicted[]>>}
 */
async function readPredictions(path) {
  const content = await readFile(path, "utf8");
  /** @type {Map<string, Predicted[]>} */
  const found = new Map();
  if (path.endsWith(".json")) {
    for (const [picture, plates] of Object.entries(JSON.parse(content)))
      found.set(
        picture,
        plates.map((/** @type {any[]} */ [box, text]) => ({ box, text: toText(text) })),
      );
    return found;
  }
  /** @type {Predicted[]} */
  let current = [];
  for (const line of content.split("\n")) {
    const [kind, ...fields] = line.split("\t");
    if (kind === "IMG") found.set(basename(fields[0]), (current = []));
    if (kind !== "PL") continue;
    const [left, top, width, height] = fields.slice(0, 4).map(Number);
    current.push({ box: [left, top, left + width, top + height], text: toText(fields[4] ?? "") });
  }
  return found;
}

/**
 * @param {Predicted["box"]} label
 * @param {Predicted["box"]} box
 * @param {boolean} isPadded
 */
function isFound(label, box, isPadded) {
  if (!isPadded) return boxOverlap(label, box) >= LEAST_OVERLAP;
  const [x, y] = [(label[0] + label[2]) / 2, (label[1] + label[3]) / 2];
  return x > box[0] && x < box[2] && y > box[1] && y < box[3];
}

/**
 * @param {Picture} picture
 * @param {readonly Predicted[]} predicted
 * @param {boolean} isPadded
 * @returns {readonly Outcome[]}
 */
function judge({ plates }, predicted, isPadded) {
  const free = [...predicted];
  return plates.map(({ truth }) => {
    const label = boxOf(truth.corners);
    const fitting = free.filter(({ box }) => isFound(label, box, isPadded));
    // A padded box may hold two plates: the one that reads it counts.
    const best = fitting.find(({ text }) => text === truth.text) ?? fitting[0];
    if (best === undefined) return { found: false, whole: false };
    free.splice(free.indexOf(best), 1);
    return { found: true, whole: best.text === truth.text };
  });
}

/**
 * McNemar's exact test: of the plates that one alone has right, either is as likely if the two are equally good.
 *
 * @param {readonly (readonly [ours: boolean, theirs: boolean])[]} pairs
 */
function compare(pairs) {
  const count = (/** @type {(pair: readonly [boolean, boolean]) => boolean} */ has) => pairs.filter(has).length;
  const [ours, theirs] = [count(([a, b]) => a && !b), count(([a, b]) => b && !a)];
  const share = (/** @type {number} */ part) => Number((part / pairs.length).toFixed(4));
  const p = Math.min(1, 2 * binomial(ours + theirs, 0.5).cumulative(Math.min(ours, theirs)));
  return {
    ours: share(count(([a]) => a)),
    theirs: share(count(([, b]) => b)),
    oursAlone: ours,
    theirsAlone: theirs,
    p: Number(p.toPrecision(3)),
  };
}

/** @type {readonly Picture[]} */
const pictures = JSON.parse(await readFile(ownPath, "utf8")).images;
const report = [];
for (const { path, isPadded } of peers) {
  const predicted = await readPredictions(path);
  const missing = pictures.filter(({ name }) => !predicted.has(basename(name)));
  const common = pictures.filter((picture) => !missing.includes(picture));
  const pairs = common.flatMap((picture) => {
    const theirs = judge(picture, predicted.get(basename(picture.name)) ?? [], isPadded);
    return picture.plates.map(({ truth, found }, index) => ({
      found: /** @type {const} */ ([found !== undefined, theirs[index].found]),
      whole: /** @type {const} */ ([found?.text !== undefined && found.text === truth.text, theirs[index].whole]),
    }));
  });
  report.push({
    peer: basename(path),
    plates: pairs.length,
    picturesWithoutPredictions: missing.length,
    found: compare(pairs.map((pair) => pair.found)),
    whole: compare(pairs.map((pair) => pair.whole)),
  });
}
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
