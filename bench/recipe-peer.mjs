// `residua train --preset fast` beside the same network and recipe in PyTorch (bench/torch_recipe.py), one after the other, on all
// training images: test accuracy, processor time and wall time. The recipe is the preset's own. Beforehand, both take the first steps
// from the same weights on the same batches, and their losses must agree. Run: npm run build && node bench/recipe-peer.mjs mnist
// [--threads 1] [--seed 0] [--epochs N] [--only ours|torch] [--python PATH] [--mode contiguous|channels-last|compiled]
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  catalog,
  createBatchWriter,
  findDatasetName,
  isInMemory,
  labelledShapes,
  makeBatch,
  stepsPerEpoch,
} from "residua/data";
import { openDataset } from "residua/data/node";
import { createModel, initializeState, parametersOf } from "residua/nn";
import { createNodeRuntime } from "residua/runtime/node";
import { findClassifyPreset } from "residua/tasks";
import { sizeOf } from "residua/tensor";
import { chooseLowering, createRecipeSchedule, createTrainer, stepOptionsOf, variationOf } from "residua/train";
import { findTorches } from "../dist/bench/torch.js";
import { cacheFolder } from "../dist/front/node/cache.js";

const FIRST_STEPS = 10;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: "string", default: "1" },
    seed: { type: "string", default: "0" },
    epochs: { type: "string" },
    only: { type: "string" },
    python: { type: "string", multiple: true, default: [] },
    mode: { type: "string", multiple: true },
  },
});
const data = findDatasetName(positionals[0] ?? "");
if (data === undefined || positionals.length > 1)
  throw new Error(`usage: node bench/recipe-peer.mjs ${Object.keys(catalog).join("|")}`);
if (values.only !== undefined && values.only !== "ours" && values.only !== "torch")
  throw new Error(`--only must be ours or torch, got "${values.only}"`);

/** @param {"threads" | "seed" | "epochs"} name @param {number} least */
function wholeNumber(name, least) {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= least) return value;
  throw new Error(`--${name} must be a whole number of at least ${least}, got "${values[name]}"`);
}

const [threads, seed] = [wholeNumber("threads", 1), wholeNumber("seed", 0)];
const preset = findClassifyPreset("fast", data);
const epochs = values.epochs === undefined ? preset.recipe.epochs : wholeNumber("epochs", 1);
const recipe = { ...preset.recipe, epochs, seed };
const { image, classes, normalization } = catalog[data];
const model = createModel(preset.model, { ...preset.modelOptions, channels: image.channels, classes: classes.length });
const imageShape = [image.channels, image.height, image.width];
const root = fileURLToPath(new URL("..", import.meta.url));

/** @param {string} command @param {readonly string[]} args @param {NodeJS.ProcessEnv} [env] what it prints, as JSON, and how long it ran */
function run(command, args, env = {}) {
  const begin = performance.now();
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, ...env } });
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

const dataset = await openDataset(data, cacheFolder(), image);
const [train, test] = [dataset.train, dataset.test].map(requireInMemory);
const plan = {
  batch: recipe.batch,
  seed,
  shuffle: true,
  indices: Uint32Array.from({ length: train.count }, (_, index) => index),
};
const steps = epochs * stepsPerEpoch(plan);
const start = initializeState(model.module, seed);
const parameters = Array.from(parametersOf(model.module).values(), ({ shape }) => sizeOf(shape)).reduce(
  (a, b) => a + b,
);

/** Residua's first batches, as its training has them, and the losses of its steps on them. */
async function takeFirstSteps() {
  const augmentation = { ...preset.augmentation, ...variationOf(recipe) };
  const write = createBatchWriter({ set: train, normalization, augmentation, plan });
  const runtime = createNodeRuntime();
  const { lowering } = await chooseLowering(runtime, "auto");
  const options = {
    ...stepOptionsOf(recipe),
    module: model.module,
    imageShape,
    runtime,
    lowering,
    session: { threads },
  };
  const trainer = await createTrainer(options);
  const rateAt = createRecipeSchedule(recipe, steps);
  const taken = [];
  for (let step = 0; step < FIRST_STEPS; step++) {
    const batch = makeBatch(labelledShapes(image), recipe.batch, (images, labels) => write(step, images, labels));
    const { loss } = await trainer.step(batch, rateAt(step));
    taken.push({ images: batch.images.data, labels: Uint8Array.from(batch.labels.data, Number), loss });
  }
  await trainer.release();
  return taken;
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

async function trainTorch(/** @type {string} */ folder) {
  const [torch] = await findTorches(values.python);
  if (torch === undefined) throw new Error("no Python here imports torch; name one with --python, or take --only ours");
  const first = await takeFirstSteps();
  const files = {
    "train-images": train.images,
    "train-labels": Uint8Array.from(train.labels),
    "test-images": test.images,
    "test-labels": Uint8Array.from(test.labels),
    ...Object.fromEntries(Array.from(start, ([name, { data: value }]) => [`start-${name}`, value])),
    ...Object.fromEntries(
      first.flatMap(({ images, labels }, step) => [
        [`batch-${step}-images`, images],
        [`batch-${step}-labels`, labels],
      ]),
    ),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  const job = {
    recipe,
    augmentation: preset.augmentation,
    network: { model: preset.model, ...preset.modelOptions, channels: image.channels, classes: classes.length },
    normalization,
    imageShape,
    counts: { train: train.count, test: test.count },
    start: Object.fromEntries(Array.from(start, ([name, { shape }]) => [name, shape])),
    parameters,
    firstLosses: first.map(({ loss }) => loss),
    steps,
    threads,
    modes: values.mode,
  };
  await writeFile(join(folder, "job.json"), JSON.stringify(job));
  const count = String(threads);
  const { found } = await run(torch.python, [join(root, "bench/torch_recipe.py"), folder], {
    OMP_NUM_THREADS: count,
    OPENBLAS_NUM_THREADS: count,
    MKL_NUM_THREADS: count,
    // As `residua train` sets it for itself: large allocations in huge pages.
    GLIBC_TUNABLES: "glibc.malloc.hugetlb=1",
  });
  return {
    how: `PyTorch ${found.version}, ${found.mode}, matrix products by ${found.blas}`,
    epochs: found.lossByEpoch.length,
    accuracy: found.accuracy,
    processorSeconds: found.processorSeconds,
    wallSeconds: found.wallSeconds,
    lossByEpoch: found.lossByEpoch,
    processorSecondsOfTest: found.processorSecondsOfTest,
    processorSecondsPerStep: found.processorSecondsPerStep,
    firstLossesDifferBy: found.firstLossesDifferBy,
  };
}

/** What it took, and under what load. @template T @param {() => Promise<T>} work */
async function underLoad(work) {
  const before = loadavg()[0];
  const found = await work();
  return { ...found, load: [before, loadavg()[0]] };
}

const folder = await mkdtemp(join(tmpdir(), "residua-recipe-peer-"));
try {
  const ours = values.only === "torch" ? undefined : await underLoad(() => trainOurs(data, folder));
  const torch = values.only === "ours" ? undefined : await underLoad(() => trainTorch(folder));
  const report = {
    machine: `${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`,
    data,
    seed,
    threads,
    parameters,
    ours,
    torch,
    ...(ours && torch && { processorRatio: Number((torch.processorSeconds / ours.processorSeconds).toFixed(2)) }),
  };
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
} finally {
  await rm(folder, { recursive: true });
}
