// `residua train --preset fast` beside the same network and recipe in PyTorch (bench/torch_recipe.py). First both take steps in turns,
// from the same weights on the same batches: their losses must agree, and each step's processor time is measured. Then, unless --steps asks
// for no more than that, both train on all training images, one after the other: test accuracy, processor time and wall time, with
// PyTorch in the mode whose steps cost least. The recipe is the preset's own.
// Run: npm run build && node bench/recipe-peer.mjs mnist|fashion-mnist|cifar10 [--steps N]
// [--threads 1] [--seed 0] [--epochs N] [--only ours|torch] [--python PATH]… [--mode contiguous|channels-last|compiled]…
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { catalog, findDatasetName, isInMemory } from "residua/data";
import { openDataset } from "residua/data/node";
import { createNodeRuntime } from "residua/runtime/node";
import { findClassifyPreset } from "residua/tasks";
import { writeRecipeJob } from "../dist/bench/recipe-job.js";
import {
  differenceOf,
  recipeEnvironment,
  startOwnSide,
  startTorchSide,
  summarizeTurns,
  takeRecipeTurns,
  torchRecipe,
} from "../dist/bench/recipe-turns.js";
import { findTorches } from "../dist/bench/torch.js";
import { cacheFolder } from "../dist/front/node/cache.js";

const FIRST_STEPS = 10;
/** How far the losses of the first steps may be apart: Muon amplifies rounding. */
const LOSS_LIMIT = 0.01;
const MODES = /** @type {const} */ (["contiguous", "channels-last", "compiled"]);

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: "string" },
    threads: { type: "string", default: "1" },
    seed: { type: "string", default: "0" },
    epochs: { type: "string" },
    only: { type: "string" },
    python: { type: "string", multiple: true, default: [] },
    mode: { type: "string", multiple: true, default: [] },
  },
});
const data = findDatasetName(positionals[0] ?? "");
if (data === undefined || positionals.length > 1)
  throw new Error(`usage: node bench/recipe-peer.mjs ${Object.keys(catalog).join("|")}`);
if (values.only !== undefined && values.only !== "ours" && values.only !== "torch")
  throw new Error(`--only must be ours or torch, got "${values.only}"`);
const wrong = values.mode.find((mode) => !MODES.some((known) => known === mode));
if (wrong !== undefined) throw new Error(`--mode must be ${MODES.join(", ")}, got "${wrong}"`);

/** @param {"threads" | "seed" | "epochs" | "steps"} name @param {number} least */
function wholeNumber(name, least) {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= least) return value;
  throw new Error(`--${name} must be a whole number of at least ${least}, got "${values[name]}"`);
}

const [threads, seed] = [wholeNumber("threads", 1), wholeNumber("seed", 0)];
const steps = values.steps === undefined ? FIRST_STEPS : wholeNumber("steps", 2);
const preset = findClassifyPreset("fast", data);
const epochs = values.epochs === undefined ? preset.recipe.epochs : wholeNumber("epochs", 1);
const { image, classes, normalization } = catalog[data];
const root = fileURLToPath(new URL("..", import.meta.url));

/** @param {string} command @param {readonly string[]} args @param {NodeJS.ProcessEnv} [env] what it prints, as JSON, and how long it ran */
function run(command, args, env = process.env) {
  const begin = performance.now();
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], env });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (/** @type {string} */ piece) => void (text += piece));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve({ found: JSON.parse(text), wall: (performance.now() - begin) / 1000 });
      else reject(new Error(`${command} ended with ${code}`));
    });
  });
}

/** @param {import("residua/data").Images} set */
function requireInMemory(set) {
  if (isInMemory(set)) return set;
  throw new Error("the images are not in memory");
}

/** Every PyTorch in every mode, or in those that were asked for; one that cannot compile says so. */
async function listTorches() {
  const torches = values.only === "ours" ? [] : await findTorches(values.python);
  if (values.only !== "ours" && torches.length === 0)
    throw new Error("no Python here imports torch; name one with --python, or take --only ours");
  const wanted = MODES.filter((mode) => values.mode.length === 0 || values.mode.includes(mode));
  const all = torches.flatMap((torch) => wanted.map((mode) => ({ torch, mode })));
  const can = all.filter(({ torch, mode }) => mode !== "compiled" || torch.compiles);
  for (const { torch } of all.filter((each) => !can.includes(each)))
    process.stderr.write(`PyTorch ${torch.version} has no torch.compile\n`);
  if (can.length === 0 && values.only !== "ours") throw new Error("no PyTorch here has a mode that was asked for");
  return can;
}

/** @param {string} folder the first steps of all sides, in turns, and the PyTorch that takes least */
async function compareSteps(folder) {
  const torches = await listTorches();
  const sides = [await startOwnSide(folder)];
  try {
    for (const { torch, mode } of torches) sides.push(await startTorchSide(torch, mode, folder));
    const taken = await takeRecipeTurns(sides, steps, {
      // Compiling needs a C++ compiler.
      isOptional: (side) => values.mode.length === 0 && side.name.endsWith("compiled"),
      onLeftOut: (side, reason) => process.stderr.write(`${side.name} is left out: ${reason}\n`),
      onRound: (turns) => {
        const row = turns
          .map(({ side, steps: done }) => `${side.name} ${done.at(-1)?.seconds.toFixed(3)} s`)
          .join(", ");
        process.stderr.write(`step ${turns[0].steps.length}/${steps}: ${row}\n`);
      },
    });
    const [ours, ...peers] = taken;
    const rows = taken.map((turns) => ({
      ...summarizeTurns(turns),
      ...(turns === ours ? {} : { lossesDifferBy: Number(differenceOf(turns, ours).toPrecision(2)) }),
    }));
    for (const peer of peers) {
      const difference = differenceOf(peer, ours);
      if (!(difference < LOSS_LIMIT))
        throw new Error(`${peer.side.name}: the losses of the first steps differ from Residua's by ${difference}`);
    }
    const least = Math.min(...rows.slice(1).map(({ median }) => median));
    const best = peers.findIndex((_, index) => rows[index + 1].median === least);
    return { rows, best: torches[sides.indexOf(peers[best]?.side) - 1] };
  } finally {
    for (const side of sides) await side.stop();
  }
}

async function trainOurs(/** @type {string} */ name, /** @type {string} */ folder) {
  const what = ["train", "--preset", "fast", "--data", name, "--validation", "0", "--epochs", String(epochs)];
  const where = ["--seed", String(seed), "--threads", String(threads), "--no-store", "--out", join(folder, "ours")];
  const { found, wall } = await run(process.execPath, [join(root, "dist/cli/main.js"), ...what, ...where, "--json"]);
  return {
    how: `onnxruntime-node ${createNodeRuntime().version}, ${found.lowering} lowering`,
    epochs: found.epochs.length,
    accuracy: found.test.measures.accuracy,
    processorSeconds: found.processorSeconds,
    wallSeconds: wall,
    lossByEpoch: found.epochs.map((/** @type {any} */ { training }) => training.loss),
  };
}

/** @param {string} folder @param {{ torch: import("../dist/bench/torch.js").Torch, mode: string }} best */
async function trainTorch(folder, { torch, mode }) {
  const { found, wall } = await run(torch.python, [torchRecipe, "train", folder, mode], recipeEnvironment(threads));
  return { how: `PyTorch ${torch.version}, ${mode}`, epochs, ...found, wallSeconds: wall };
}

/** What it took, and under what load. @template T @param {() => Promise<T>} work */
async function underLoad(work) {
  const before = loadavg()[0];
  const found = await work();
  return { ...found, load: [before, loadavg()[0]] };
}

const folder = await mkdtemp(join(tmpdir(), "residua-recipe-peer-"));
process.once("SIGINT", () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit(130);
});
try {
  const dataset = await openDataset(data, cacheFolder(), image);
  const { parameters } = await writeRecipeJob(
    folder,
    {
      model: preset.model,
      modelOptions: { ...preset.modelOptions, channels: image.channels, classes: classes.length },
      recipe: { ...preset.recipe, epochs, seed },
      augmentation: preset.augmentation,
      normalization,
      train: requireInMemory(dataset.train),
      test: requireInMemory(dataset.test),
      threads,
    },
    steps,
  );
  const isWhole = values.steps === undefined;
  const first = isWhole && values.only === "ours" ? undefined : await underLoad(() => compareSteps(folder));
  const best = first?.best;
  const ours = isWhole && values.only !== "torch" ? await underLoad(() => trainOurs(data, folder)) : undefined;
  const torch = isWhole && best !== undefined ? await underLoad(() => trainTorch(folder, best)) : undefined;
  const report = {
    machine: `${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`,
    data,
    seed,
    threads,
    parameters,
    ...(first && { firstSteps: { load: first.load, processorSecondsPerStep: first.rows } }),
    ours,
    torch,
    ...(ours && torch && { processorRatio: Number((torch.processorSeconds / ours.processorSeconds).toFixed(2)) }),
  };
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
} finally {
  await rm(folder, { recursive: true });
}
