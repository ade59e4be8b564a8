// What FreezeOut saves: processor time of a step in each of its phases, in turns, on one thread, beside a training without it.
// Run: npm run build && node bench/freeze-out.mjs [resnet20|airbench94] [SHARE]
import { cpus, loadavg } from "node:os";
import process from "node:process";
import { createModel } from "residua/nn";
import { createNodeRuntime } from "residua/runtime/node";
import { findClassifyPreset } from "residua/tasks";
import { float32, int64, randomStream } from "residua/tensor";
import { chooseLowering, defaultRecipe } from "residua/train";
import { openTrainer, planTraining } from "../dist/train/engine.js";

const [name = "resnet20", share = "0.5"] = process.argv.slice(2);
const ROUNDS = 5;
const STEPS = 1000;
const sampleShape = [3, 32, 32];

/** The recipe of `--preset fast --data cifar10`, its first filters kept as whitened ones are. */
const fast = { ...findClassifyPreset("fast", "cifar10").recipe, whiten: false };
/** What differs from the standard recipe. */
/** @type {Readonly<Record<string, Partial<import("residua/train").Recipe>>>} */
const recipes = { resnet20: { batch: 128 }, airbench94: { ...fast, freeze: ["conv1.weight"] } };
if (name !== "resnet20" && name !== "airbench94") throw new Error(`no recipe for ${name}`);
/** @type {import("residua/train").Recipe} */
const recipe = { ...defaultRecipe, ...recipes[name], epochs: 1 };
const { module } = createModel(name, name === "airbench94" ? { shortcut: "pad" } : {});
const runtime = createNodeRuntime();
const { lowering } = await chooseLowering(runtime, "auto");
const host = { runtime, lowering, session: { threads: 1 } };

/** @param {object} own fields of the recipe */
const planOf = (own) =>
  planTraining({
    module,
    sampleShape,
    recipe: { ...recipe, ...own },
    stepsPerEpoch: STEPS,
    validates: false,
  });

const stream = randomStream(0, "benchmark images");
const { batch } = recipe;
const images = float32(
  [batch, ...sampleShape],
  Float32Array.from({ length: batch * 3 * 32 * 32 }, () => stream.normal()),
);
const labels = int64(
  [batch],
  Array.from({ length: batch }, (_, index) => index % 10),
);

/** Processor time of one step in milliseconds. @param {import("residua/train").Trainer} trainer */
async function timeStep(trainer) {
  const before = process.cpuUsage();
  await trainer.step({ images, labels }, 1e-4);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** @param {readonly number[]} values */
const medianOf = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const frozen = planOf({ freezeOut: Number(share) });
const { phaseOf } = frozen.fineTuning;
const starts = Array.from({ length: STEPS }, (_, step) => step).filter(
  (step) => step === 0 || phaseOf(step) !== phaseOf(step - 1),
);
const plain = await openTrainer(planOf({}), host);
const state = await plain.state();
const trainers = [plain];
for (const start of starts) trainers.push(await openTrainer(frozen, host, { state, steps: start + 1 }));
const times = trainers.map(() => /** @type {number[]} */ ([]));
// The first step of each is left out: it allocates.
for (let round = 0; round <= ROUNDS; round++)
  for (const [index, trainer] of trainers.entries()) {
    const time = await timeStep(trainer);
    if (round > 0) times[index].push(time);
  }
for (const trainer of trainers) await trainer.release();
const [whole, ...phases] = times.map(medianOf);
/** @param {readonly number[]} values */
const show = (values) =>
  `${medianOf(values).toFixed(0)} ms (${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)})`;
process.stdout.write(
  `${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}, onnxruntime-node ${runtime.version}, load ${loadavg()[0].toFixed(1)}\n`,
);
process.stdout.write(`${name}, batches of ${batch}: ${show(times[0])} without FreezeOut\n`);
for (const [index, start] of starts.entries())
  process.stdout.write(
    `from ${start / STEPS} of the steps on: ${show(times[index + 1])}, ${(phases[index] / whole).toFixed(3)} of that\n`,
  );
const total = phases.reduce((sum, time, index) => sum + time * ((starts[index + 1] ?? STEPS) - starts[index]), 0);
process.stdout.write(`all steps: ${(total / STEPS / whole).toFixed(3)}\n`);
