import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { drawFigure } from "residua/lab/node";
import { describeAblation, drawAblation } from "./ablation-page.mjs";
import { root, runResidua } from "./run-residua.mjs";
import { stampTranslation } from "./translations.mjs";

const help = `What residual shortcuts and attention bring to cell segmentation: one network with and without each, the same steps and
seeds for all. Writes docs/ablation.md and its Chinese twin. Finished runs are not repeated; interrupted ones resume.

  node scripts/ablation.mjs --data DIR [--minutes N] [--seeds N] [--arms NAME,…] [--epochs N] [--threads N]
  node scripts/ablation.mjs --tiny     two arms on a few drawn images, in .residua-results/ablation-tiny
  node scripts/ablation.mjs --page     only the page, from the existing records

  --minutes N  how long a run of the slowest network should take (10): all train for as many epochs as it has time for
  --epochs N   this many epochs instead, without measuring
  --seeds N    seeds 0 to N − 1 (3)
  --arms …     only some of the networks
`;

/** @typedef {"en" | "zh"} Language the page's, which is written in both */
/** @typedef {{ readonly name: string, readonly title: Readonly<Record<Language, string>>, readonly args: readonly string[] }} Arm */

/** @param {string} model @param {readonly string[]} options */
const network = (model, ...options) => ["--model", model, ...options];
const se = ["--option", "attention=se"];
const cbam = ["--option", "attention=cbam"];

/** Each is the network of `--preset cells` with or without its parts. @type {readonly Arm[]} */
export const arms = [
  {
    name: "plain",
    title: { en: "no shortcuts, no attention", zh: "没有快捷连接，没有注意力" },
    args: network("resunet", "--shortcut", "plain"),
  },
  { name: "residual", title: { en: "shortcuts", zh: "快捷连接" }, args: network("resunet") },
  {
    name: "plain-gates",
    title: { en: "attention gates", zh: "注意力门" },
    args: network("attention-resunet", "--shortcut", "plain"),
  },
  {
    name: "residual-gates",
    title: { en: "shortcuts, attention gates", zh: "快捷连接、注意力门" },
    args: network("attention-resunet"),
  },
  {
    name: "residual-se",
    title: { en: "shortcuts, squeeze-excitation", zh: "快捷连接、squeeze-excitation" },
    args: network("resunet", ...se),
  },
  {
    name: "residual-gates-se",
    title: { en: "shortcuts, gates, squeeze-excitation", zh: "快捷连接、注意力门、squeeze-excitation" },
    args: network("attention-resunet", ...se),
  },
  {
    name: "residual-gates-cbam",
    title: { en: "shortcuts, gates, CBAM", zh: "快捷连接、注意力门、CBAM" },
    args: network("attention-resunet", ...cbam),
  },
];
/** The one with the most to compute. */
const slowest = "residual-gates-cbam";

/** @typedef {{ readonly data: string, readonly epochs: number, readonly seeds: number, readonly more: readonly string[] }} Plan */

/** Images a step, that of the preset. */
const BATCH = 16;

/** @param {Arm} arm @param {Plan} plan @param {number} seed */
function trainingOf(arm, { data, epochs, more }, seed) {
  const recipe = ["--epochs", `${epochs}`, "--batch-size", `${BATCH}`, "--seed", `${seed}`];
  return ["train", "--preset", "cells", "--data", data, ...arm.args, ...recipe, ...more];
}

/** The command as it is shown: data by their own name, wherever they lie on this machine. @type {typeof trainingOf} */
function shownTraining(arm, plan, seed) {
  return trainingOf(arm, { ...plan, data: basename(plan.data) }, seed);
}

/** @param {string} path @param {unknown} content */
function writeJson(path, content) {
  writeFileSync(`${path}.part`, `${JSON.stringify(content, undefined, 1)}\n`);
  renameSync(`${path}.part`, path);
}

/** @param {string} path @returns {any} */
const readJson = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined);

/** Share of a run's rest (starting, judging, the test) that every epoch has again: the images that choose the best one. */
const JUDGED = 0.2;

/**
 * How many epochs fit into the time, by one epoch of the slowest network; measured once.
 *
 * @param {string} folder
 * @param {{ readonly data: string, readonly minutes: number, readonly more: readonly string[] }} about
 */
async function measureEpochs(folder, { data, minutes, more }) {
  const path = join(folder, `epochs-${minutes}-minutes.json`);
  const known = readJson(path);
  if (known !== undefined) return known.epochs;
  const arm = arms.find(({ name }) => name === slowest);
  const args = trainingOf(/** @type {Arm} */ (arm), { data, epochs: 1, seeds: 1, more }, 0);
  const start = performance.now();
  const { code, json } = await runResidua([...args, "--out", join(folder, "measured"), "--no-store"]);
  if (code !== 0) throw new Error("the measuring run failed");
  const { steps, imagesPerSecond } = /** @type {any} */ (json);
  const training = (steps * BATCH) / imagesPerSecond;
  const rest = (performance.now() - start) / 1000 - training;
  const epochs = Math.max(1, Math.floor((60 * minutes - rest) / (training + JUDGED * rest)));
  writeJson(path, { epochs, training, rest });
  return epochs;
}

/**
 * @param {string} folder
 * @param {{ readonly arm: Arm, readonly seed: number, readonly plan: Plan }} run
 */
async function perform(folder, { arm, seed, plan }) {
  const name = `${arm.name}-${seed}`;
  const out = join(folder, "runs", name);
  const command = trainingOf(arm, plan, seed);
  process.stderr.write(`\n${name}: residua ${command.join(" ")}\n`);
  const isBegun = existsSync(join(root, out, "last.safetensors"));
  const start = performance.now();
  const args = isBegun ? ["train", "--resume", out] : [...command, "--out", out];
  const { code, json } = await runResidua([...args, "--store", join(folder, "runs.db")]);
  const result = /** @type {any} */ (json);
  if (code !== 0 || result?.test?.measures === undefined) return { code };
  const record = {
    arm: arm.name,
    seed,
    command: `residua ${shownTraining(arm, plan, seed).join(" ")}`,
    seconds: Math.round((performance.now() - start) / 1000),
    ...(isBegun ? { resumed: true } : {}),
    images: result.test.count,
    figures: result.test.measures,
    date: new Date().toISOString().slice(0, 10),
  };
  return { code, record };
}

async function main() {
  const { values } = parseArgs({
    options: {
      data: { type: "string" },
      minutes: { type: "string", default: "10" },
      epochs: { type: "string" },
      seeds: { type: "string", default: "3" },
      arms: { type: "string" },
      threads: { type: "string" },
      tiny: { type: "boolean" },
      page: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return process.stdout.write(help);
  const folder = join(".residua-results", values.tiny ? "ablation-tiny" : "ablation");
  mkdirSync(join(root, folder), { recursive: true });
  process.chdir(root);
  const recordsPath = values.tiny ? join(folder, "records.json") : "docs/results/ablation.json";
  const pagePath = values.tiny ? join(folder, "ablation.md") : "docs/ablation.md";
  /** @type {any} */
  let kept = readJson(recordsPath) ?? { runs: [] };
  const writePage = () => {
    const page = describeAblation(kept, arms, "en");
    writeFileSync(pagePath, page);
    const chinese = stampTranslation(describeAblation(kept, arms, "zh"), page);
    writeFileSync(pagePath.replace(/\.md$/, ".zh-CN.md"), chinese);
    const figure = drawAblation(kept, arms);
    const drawing = figure && drawFigure(figure);
    if (drawing === undefined) return;
    const picture = join(dirname(pagePath), "pictures/ablation.svg");
    mkdirSync(dirname(picture), { recursive: true });
    // It stands alone, on pages light and dark.
    writeFileSync(picture, drawing.replace("<svg ", '<svg style="background:#fff;color:#1c1e21" '));
  };
  if (values.page) return writePage();

  const isTiny = values.tiny === true;
  const wanted = values.arms?.split(",") ?? (isTiny ? ["plain", "residual-gates"] : arms.map(({ name }) => name));
  const unknown = wanted.find((name) => !arms.some((arm) => arm.name === name));
  if (unknown !== undefined)
    throw new Error(`--arms: knows no "${unknown}", must be of ${arms.map(({ name }) => name).join(", ")}`);
  const threads = values.threads === undefined ? [] : ["--threads", values.threads];
  const more = isTiny ? [...threads, "--image-size", "64"] : threads;
  const data = isTiny ? join(folder, "cells") : values.data;
  if (data === undefined) throw new Error("--data is needed: a folder with images/ and masks/");
  if (isTiny && !existsSync(data))
    await runResidua(["data", "draw", data, "--images", "24", "--size", "72", "--cells", "8", "--radius", "6,9"]);
  const minutes = Number(values.minutes);
  const epochs = isTiny ? 2 : Number(values.epochs ?? (await measureEpochs(folder, { data, minutes, more })));
  const plan = { data, epochs, seeds: isTiny ? 1 : Number(values.seeds), more };
  if (![epochs, plan.seeds].every((count) => Number.isSafeInteger(count) && count > 0))
    throw new Error("--epochs and --seeds must be whole numbers above 0");

  const [cpu] = cpus();
  kept = { ...kept, machine: `${cpus().length} cores, ${cpu?.model ?? "unknown"}` };
  // Seed by seed, so that what is there at any time compares all arms.
  for (let seed = 0; seed < plan.seeds; seed++) {
    for (const arm of arms.filter(({ name }) => wanted.includes(name))) {
      const command = `residua ${shownTraining(arm, plan, seed).join(" ")}`;
      if (kept.runs.some((/** @type {any} */ run) => run.command === command)) continue;
      const { code, record } = await perform(folder, { arm, seed, plan });
      if (record !== undefined) {
        const others = kept.runs.filter((/** @type {any} */ run) => run.arm !== arm.name || run.seed !== seed);
        kept = { ...kept, runs: [...others, record] };
        writeJson(recordsPath, kept);
        writePage();
      }
      if (code !== 0) {
        process.exitCode = code;
        if (code === 130) return;
      }
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
