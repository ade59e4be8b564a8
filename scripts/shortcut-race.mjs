import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { root } from "./run-residua.mjs";

const help = `Measures the race of the studio's page "What is a shortcut?": how often a deep network learns with shortcuts, and without.

  npm run build && node scripts/shortcut-race.mjs

Trains what the page trains, by the page's own code and on its digits, in ONNX Runtime's native build with one thread: depths 56,
32 and 20, with option A and without shortcuts, seeds 0 to 4; depth 56 in both orders. It writes docs/results/shortcut-race.json
after every network, and goes on where it was interrupted. The settings were fixed before the first run: 80 steps of 16 digits,
one cycle up to a rate of 0.05. The picture of a pair holds if the mean loss of the last 10 steps is at least 2.2 without shortcuts
(ln 10 = 2.303 is guessing) and at most 1.5 with them.
`;

const settings = { steps: 80, batch: 16, rate: 0.05, data: "digits" };
const bar = { lastSteps: 10, plain: 2.2, residual: 1.5 };
const seeds = [0, 1, 2, 3, 4];
/** Steps after whose gradients the norms of all blocks are kept, of seed 0. */
const normSteps = [1, 2, 3, 5, 10, 20, 40, 60, 80];
const file = join(root, "docs/results/shortcut-race.json");

/** @typedef {{ depth: number, shortcut: "plain" | "pad", seed: number, order: "plain first" | "residual first" }} Place */

/** @returns {readonly Place[]} */
function places() {
  /** @type {Place[]} */
  const all = [];
  for (const [depth, order] of /** @type {[number, Place["order"]][]} */ ([
    [56, "plain first"],
    [20, "plain first"],
    [32, "plain first"],
    [56, "residual first"],
  ]))
    for (const seed of seeds) {
      /** @type {("plain" | "pad")[]} */
      const pair = order === "plain first" ? ["plain", "pad"] : ["pad", "plain"];
      for (const shortcut of pair) all.push({ depth, shortcut, seed, order });
    }
  return all;
}

const load = (/** @type {string} */ path) => import(new URL(`../dist/${path}`, import.meta.url).href);
const digits = (/** @type {number} */ value) => Number(value.toPrecision(5));

/**
 * Trains one network as the page does.
 *
 * @param {Place} place
 * @param {unknown} images
 * @param {any} host
 */
async function train({ depth, shortcut, seed }, images, host) {
  const { trainLane } = await load("studio/train-lane.js");
  /** @type {{ step: number, loss: number, blockNorms: number[] }[]} */
  const steps = [];
  const report = (/** @type {any} */ event) => void (event.kind === "step" && steps.push(event.step));
  const job = { depth, shortcut, seed, ...settings };
  const result = await trainLane(job, images, host, { report, shouldStop: () => false });
  if (result.status !== "done") throw new Error(`depth ${depth}, ${shortcut}, seed ${seed}: ${result.reason}`);
  const last = steps.slice(-bar.lastSteps);
  const norms = steps.filter(({ step }) => seed === 0 && normSteps.includes(step));
  return {
    lastLoss: digits(last.reduce((sum, { loss }) => sum + loss, 0) / last.length),
    test: { correct: result.test.correct, count: result.test.count },
    losses: steps.map(({ loss }) => digits(loss)),
    ...(norms.length === 0
      ? {}
      : { norms: norms.map(({ step, blockNorms }) => ({ step, blocks: blockNorms.map(digits) })) }),
  };
}

/** Pairs of depth 56, and those in which the picture holds, by order. */
function count(/** @type {any[]} */ runs) {
  const holds = (/** @type {any} */ { shortcut, lastLoss }) =>
    shortcut === "plain" ? lastLoss >= bar.plain : lastLoss <= bar.residual;
  return ["plain first", "residual first"].map((order) => {
    const pairs = seeds
      .map((seed) => runs.filter((run) => run.depth === 56 && run.order === order && run.seed === seed))
      .filter(({ length }) => length === 2);
    return { order, of: pairs.length, held: pairs.filter((pair) => pair.every(holds)).length };
  });
}

async function main() {
  const [{ createNodeRuntime }, { decodePng }, { cutDigits }, { createPortableLowering }, { portableChoices }] =
    await Promise.all(
      [
        "runtime/node.js",
        "data/image/png.js",
        "studio/digits.js",
        "compile/portable/lowering.js",
        "compile/portable/choices.js",
      ].map(load),
    );
  const sheet = join(root, "studio/public/digits.png");
  const images = cutDigits(await decodePng(new Uint8Array(readFileSync(sheet))), sheet);
  const runtime = createNodeRuntime();
  // As the page computes them, but natively.
  const host = { runtime, lowering: createPortableLowering(portableChoices.wasm), session: { threads: 1 } };
  /** @type {any[]} */
  const runs = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).runs : [];
  const isSame = (/** @type {Place} */ a) => (/** @type {any} */ b) =>
    a.depth === b.depth && a.shortcut === b.shortcut && a.seed === b.seed && a.order === b.order;
  for (const place of places()) {
    if (runs.some(isSame(place))) continue;
    const run = { ...place, ...(await train(place, images, host)) };
    runs.push(run);
    process.stderr.write(`depth ${run.depth}, ${run.shortcut}, seed ${run.seed}, ${run.order}: ${run.lastLoss}\n`);
    const record = {
      name: "shortcut-race",
      command: "node scripts/shortcut-race.mjs",
      machine: `${cpus().length} cores, ${cpus()[0]?.model ?? "unknown"}`,
      node: process.versions.node,
      onnxruntime: runtime.version,
      date: new Date().toISOString().slice(0, 10),
      settings,
      bar,
      picture: count(runs),
      runs,
    };
    writeFileSync(`${file}.part`, `${JSON.stringify(record, undefined, 1)}\n`);
    renameSync(`${file}.part`, file);
  }
}

if (process.argv.includes("--help")) process.stdout.write(help);
else await main();
