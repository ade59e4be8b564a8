// Makes test/fixtures/formats anew: files in the formats of the version that is built. Run by `node scripts/make-format-fixtures.mjs`.
// They are there to show that later versions read what an earlier one wrote, so they are made once a version, into a folder of its own.
import { spawn } from "node:child_process";
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import Database from "libsql";
import {
  drawBlood,
  drawCells,
  finishedComparison,
  stoppedComparison,
  studies,
  trainings,
} from "../test/fixtures/formats/commands.mjs";
import {
  describeStoredRun,
  hashPixels,
  hashTensors,
  scoreFixedInput,
  sha256,
} from "../test/fixtures/formats/facts.mjs";
import { drawShapes } from "../test/fixtures/formats/shapes.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = join(root, "test/fixtures/formats");
const work = await mkdtemp(join(tmpdir(), "residua-formats-"));
const at = (/** @type {readonly string[]} */ ...names) => join(work, ...names);
const into = (/** @type {readonly string[]} */ ...names) => join(target, ...names);
/** The folder that the store's rows name in the place of the one that it was made in. */
const NEUTRAL = "/project";
const MOST_ATTEMPTS = 40;

/**
 * Runs the built command.
 *
 * @param {readonly string[]} args
 * @param {{ readonly stopAt?: RegExp, readonly code?: number }} [options] stopAt: what it says when it gets its SIGINT
 * @returns {Promise<string>} standard output
 */
function residua(args, { stopAt, code: wanted = 0 } = {}) {
  const child = spawn(process.execPath, [join(root, "dist/cli/main.js"), ...args], {
    cwd: work,
    env: { ...process.env, RESIDUA_CACHE: at("no-cache"), NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, errors, isStopped] = ["", "", false];
  child.stdout.on("data", (piece) => (out += piece));
  child.stderr.on("data", (piece) => {
    errors += piece;
    if (isStopped || stopAt?.test(errors) !== true) return;
    isStopped = true;
    child.kill("SIGINT");
  });
  return new Promise((resolve, reject) => {
    child.once("close", (code) => {
      // A signal that comes too late leaves a whole run.
      if (code === wanted || (stopAt !== undefined && (code === 0 || code === 130))) resolve(out);
      else reject(new Error(`residua ${args.join(" ")}: ended with ${code}\n${errors}`));
    });
  });
}

const json = async (/** @type {readonly string[]} */ args) => JSON.parse(await residua([...args, "--json"]));
/** @typedef {{ readonly id: string, readonly status: string, readonly command: string, readonly name: string }} Listed */
/** @returns {Promise<readonly Listed[]>} */
const listRuns = async () => (await json(["runs", "list"])).runs;

/** @param {() => Promise<boolean>} attempt whether it came to what was wanted */
async function tryUntil(attempt) {
  for (let count = 0; count < MOST_ATTEMPTS; count++) if (await attempt()) return;
  throw new Error("the signal came too late each time; is this machine too fast?");
}

/** A training straight through, and one that is stopped in the midst of an epoch. @param {keyof typeof trainings} name */
async function makeTraining(name) {
  const whole = await json([...trainings[name], "--no-store", "--out", `whole-${name}`]);
  await tryUntil(async () => {
    const before = existsSync(at(".residua/runs.db")) ? await listRuns() : [];
    await rm(at(name), { recursive: true, force: true });
    const stopped = JSON.parse(
      // The line of an epoch's first step: at its end, the signal would come before the next one begins.
      await residua([...trainings[name], "--json", "--out", name], { stopAt: /epoch 4, step/, code: 130 }),
    );
    const perEpoch = whole.steps / whole.epochs.length;
    const isMidEpoch = stopped.status === "stopped" && stopped.steps % perEpoch !== 0;
    if (isMidEpoch) return true;
    const [latest] = (await listRuns()).filter(({ id }) => before.every((run) => run.id !== id));
    await residua(["runs", "rm", latest.id]);
    return false;
  });
  const { imagesPerSecond: _, files: __, lowering, ...result } = whole;
  return {
    lowering,
    weights: await hashTensors(at(`whole-${name}`, "last.safetensors")),
    stoppedWeights: await hashTensors(at(name, "last.safetensors")),
    result,
  };
}

/** @param {{ readonly imagesPerSecond: number, readonly curve?: unknown }} run */
function figuresOf(run) {
  const { imagesPerSecond: _, curve: __, ...figures } = run;
  return figures;
}

async function makeComparisons() {
  await residua([...finishedComparison, "--out", "finished"]);
  // From here on, each comparison in this folder is the configuration's.
  await copyFile(into("project/residua.config.mjs"), at("residua.config.mjs"));
  const whole = await json([...stoppedComparison, "--no-store", "--out", "whole-comparison"]);
  await tryUntil(async () => {
    const before = await listRuns();
    await residua([...stoppedComparison, "--out", "stopped"], { stopAt: /\[3\/4\].*step 1\//, code: 130 });
    if (existsSync(at(".residua/interrupted")) && (await readdir(at(".residua/interrupted"))).length > 0) return true;
    const more = (await listRuns()).filter(({ id }) => before.every((run) => run.id !== id));
    await residua(["runs", "rm", ...more.map(({ id }) => id)]);
    return false;
  });
  const { runs } = JSON.parse(await readFile(at("finished/comparison.json"), "utf8"));
  return {
    finished: runs.map(figuresOf),
    stopped: whole.runs.map(figuresOf),
  };
}

/** @param {keyof typeof studies} name @param {string} kept the ending of what is kept beside the page @param {RegExp} stopAt */
async function makeStudy(name, kept, stopAt) {
  const { report: _, ...whole } = await json([...studies[name], "--out", "whole.html"]);
  await tryUntil(async () => {
    await residua([...studies[name], "--out", `${name}.html`], { stopAt, code: 130 });
    return existsSync(at(`${name}.html${kept}`));
  });
  return whole;
}

async function makeArtifacts() {
  await mkdir(at("artifacts"), { mode: 0o700 });
  const text = "Sealed and signed by version 0.1.0.\nZweite Zeile: ä, 残差\n";
  await writeFile(at("artifacts/message.txt"), text);
  await residua(["keys", "artifacts/anna"]);
  await residua(["seal", "artifacts/message.txt", "--recipient", "artifacts/anna-seal.pub"]);
  await residua(["sign", "artifacts/message.txt", "--key", "artifacts/anna-sign.key", "--note", "place=laboratory 3"]);
  for (const name of await readdir(at("artifacts"))) await chmod(at("artifacts", name), 0o600);
  return { text, provenance: { place: "laboratory 3" } };
}

/** Every task's network in every form. */
async function makeExports() {
  const forms = /** @type {const} */ ({ onnx: "onnx", safetensors: "safetensors", pytorch: "pth" });
  await mkdir(at("exported"));
  for (const name of ["classify", "segment"])
    for (const [form, ending] of Object.entries(forms))
      await residua(["export", `whole-${name}/best.safetensors`, "--to", form, "--out", `exported/${name}.${ending}`]);
  const evaluate = (/** @type {string} */ model, /** @type {readonly string[]} */ ...more) =>
    json(["evaluate", "--model", model, "--threads", "1", ...more]);
  const images = ["disc", "ring", "stripes"].map((shape) => `shapes/test/${shape}/000.png`);
  const { data } = await scoreFixedInput(at("exported/classify.onnx"), [3, 32, 32]);
  const planes = await scoreFixedInput(at("exported/segment.onnx"), [3, 64, 64]);
  const { model: _, ...tested } = await evaluate("exported/classify.onnx");
  const { model: __, images: ___, ...segmented } = await evaluate("exported/segment.onnx", "--held-back");
  const { results } = await json(["predict", "--model", "exported/classify.onnx", ...images]);
  const found = await json(["segment", "cells/images/0003.png", "--model", "exported/segment.onnx", "--out", "found"]);
  return {
    logits: Array.from(/** @type {Float32Array} */ (data)),
    planes: {
      shape: planes.dims,
      mean: meanByPlane(/** @type {Float32Array} */ (planes.data), planes.dims[1]),
    },
    tested,
    segmented,
    predictions: results,
    cells: found.images[0].cells,
    tensors: {
      classify: await hashTensors(at("exported/classify.safetensors")),
      segment: await hashTensors(at("exported/segment.safetensors")),
    },
  };
}

/** @param {Float32Array} values @param {number} count */
function meanByPlane(values, count) {
  const size = values.length / count;
  return Array.from({ length: count }, (_, plane) => {
    return values.subarray(plane * size, (plane + 1) * size).reduce((sum, value) => sum + value, 0) / size;
  });
}

/** Runs of every kind besides those that were stopped; the store then has a word on each status. */
async function makeRuns() {
  const few = [...trainings.segment.slice(0, 5), ..."--model resunet --option stemWidth=1 --image-size 64".split(" ")];
  const rest = "--crop 64 --batch-size 4 --epochs 8 --lr 0.02 --ema 0.9 --validation 0.2 --threads 1".split(" ");
  await residua([...few, ...rest, "--out", "cells-run"]);
  const classes = few.map((word) => (word === "cells" ? "blood" : word));
  await residua([
    ...classes,
    "--target",
    "classes",
    "--classes",
    "background,body,nucleus",
    ...rest,
    "--out",
    "blood-run",
  ]);
  const wrong = [...trainings.classify, "--optimizer", "adamw", "--lr", "1e30", "--out", "diverged"];
  await residua(wrong, { code: 1 });
  const runs = await listRuns();
  const tagged = runs.find(({ name, status }) => name.includes("on cells") && status === "done");
  await residua(["runs", "tag", /** @type {Listed} */ (tagged).id, "paper", "figure 3"]);
}

/** Takes out of the store where it was made and on what. @returns the facts of its rows */
async function makeStore() {
  const db = new Database(at(".residua/runs.db"));
  db.exec("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE");
  db.exec(`UPDATE residua_runs SET host = 'example', process = '0.0 1 1', environment = json_set(environment,
    '$.cores', 2, '$.memoryBytes', 8589934592, '$.node', 'v20.0.0', '$.processor', 'example', '$.system', 'linux 6.0 x64')`);
  db.prepare("UPDATE residua_runs SET folder = replace(folder, ?, ?)").run(work, NEUTRAL);
  db.prepare("UPDATE residua_artifacts SET path = replace(path, ?, ?)").run(work, NEUTRAL);
  // Speeds are those of one machine, and of no use to a test.
  db.prepare("DELETE FROM residua_metrics WHERE name = 'images-per-second'").run();
  db.exec("VACUUM");
  db.close();
  const { runs } = await json(["runs", "list"]);
  const shown = [];
  for (const { id } of runs) shown.push(describeStoredRun(await json(["runs", "show", id])));
  const exported = await residua(["runs", "export", "--csv"]);
  return { runs: shown, values: exported.trimEnd().split("\n").length - 1, csv: sha256(exported) };
}

/** @param {string} from @param {string} to */
async function take(from, to = from) {
  await mkdir(join(into(to), ".."), { recursive: true });
  await cp(at(from), into(to), { recursive: true });
}

await mkdir(at(".residua"));
await drawShapes(at("shapes"));
await copyFile(join(root, "test/golden/fine-tuning/narrow-training.onnx"), at("narrow.onnx"));
await residua(drawCells);
await residua(drawBlood);
const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
const data = {
  shapes: await hashPixels(at("shapes")),
  cells: await hashPixels(at("cells")),
  blood: await hashPixels(at("blood")),
};
const resumed = {
  classify: await makeTraining("classify"),
  segment: await makeTraining("segment"),
  "fine-tuned": await makeTraining("fine-tuned"),
};
const compared = await makeComparisons();
await makeRuns();
const studied = {
  gradflow: await makeStudy("gradflow", ".training.safetensors", /step 0\//),
  landscape: await makeStudy("landscape", ".points.json", /point 1\//),
};
const exported = await makeExports();
const artifacts = await makeArtifacts();
const store = await makeStore();
const { lowering } = resumed.classify;
const manifest = { residua: version, lowering, data, resumed, compared, studied, exported, artifacts, store };

for (const part of ["classify", "segment", "fine-tuned", "exported", "artifacts", "studies", "project/.store"])
  await rm(into(part), { recursive: true, force: true });
for (const name of ["classify", "segment", "fine-tuned", "exported", "artifacts"]) await take(name);
await take("gradflow.html.training.safetensors", "studies/gradflow.html.training.safetensors");
await take("landscape.html.points.json", "studies/landscape.html.points.json");
await rm(into("project/runs.db"), { force: true });
await rm(into("project/interrupted"), { recursive: true, force: true });
await take(".residua/runs.db", "project/runs.db");
await take(".residua/interrupted", "project/interrupted");
await writeFile(into("manifest.json"), `${JSON.stringify(manifest, undefined, 1)}\n`);
await rename(work, `${work}-done`);
process.stdout.write(`made by ${version}, ${lowering}; what was left out: ${work}-done\n`);
