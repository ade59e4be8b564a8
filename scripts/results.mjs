import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { experiments } from "./experiments.mjs";
import { describeResult } from "./results-page.mjs";
import { root, runResidua } from "./run-residua.mjs";
import { stampTranslation } from "./translations.mjs";

/** @typedef {import("./experiments.mjs").Experiment} Experiment */
/**
 * @typedef {object} Place where everything goes
 * @property {"full" | "short" | "tiny"} size
 * @property {string} work checkpoints, reports and the run store
 * @property {string} records what each experiment found, as JSON
 * @property {string} pages the folder of the pages
 * @property {string} [threads] of each run
 * @property {string} [data] the folder of images of an experiment that needs one
 * @property {readonly number[]} [seeds] only these of an experiment of several
 */
/** @typedef {{ readonly id: string, readonly key: { readonly seed?: number, readonly part?: string }, readonly args: readonly string[] }} Run one of several */

const help = `Runs the experiments of docs/results.md, most important first, and rewrites the page in both languages.
Finished experiments are not repeated; interrupted ones resume.

  node scripts/results.mjs [--only NAME]... [--seeds LIST] [--short | --tiny] [--data FOLDER] [--out FOLDER] [--again] [--list | --page] [--threads N]

  --only NAME  only this experiment; repeatable
  --seeds LIST only these of an experiment of several seeds, such as 0,1: two calls can share the cores
  --data FOLDER the images of an experiment that no command fetches, which is left out otherwise; shorter versions draw some
  --short      minutes instead of hours, into .residua-results/short
  --tiny       the version for CI: checks that every experiment works, on MNIST alone, into .residua-results/tiny
  --out FOLDER the folder for the short or tiny version
  --again      repeats finished experiments, too
  --list       prints names and commands, runs nothing
  --page       rewrites the pages from the records, runs nothing
  --threads N  threads per run (default: one per core)
`;

/**
 * Replaces or adds the arguments of a shorter version.
 *
 * @param {readonly string[]} command
 * @param {readonly string[]} changes pairs of a name and a value
 */
export function shorten(command, changes) {
  const args = [...command];
  for (let index = 0; index < changes.length; index += 2) {
    const at = args.indexOf(changes[index]);
    if (at < 0) args.push(changes[index], changes[index + 1]);
    else args[at + 1] = changes[index + 1];
  }
  return args;
}

/**
 * Strips the names of files on this machine.
 *
 * @param {any} result
 */
function withoutFiles({ files: _files, report: _report, ...result }) {
  return result;
}

/**
 * The experiment's command at this size.
 *
 * @param {Experiment} experiment
 * @param {"full" | "short" | "tiny"} size
 */
function commandOf(experiment, size) {
  return size === "full" ? experiment.command : shorten(experiment.command, experiment[size]);
}

/**
 * The command with its folders: an interrupted training resumes from its checkpoint.
 *
 * @param {Experiment} experiment
 * @param {Place} place
 * @param {Run} [run] of an experiment of several
 */
function argumentsOf(experiment, { size, work, threads, data }, run) {
  const command = [...commandOf(experiment, size), ...(run?.args ?? [])];
  const own = experiment.folder === undefined || data === undefined ? command : shorten(command, ["--data", data]);
  const folder = join(work, run === undefined ? experiment.name : `${experiment.name}-${run.id}`);
  const isBegun = command[0] === "train" && existsSync(join(folder, "last.safetensors"));
  const args = isBegun ? ["train", "--resume", folder] : [...own, "--out", folder];
  const shared = ["--store", join(work, "runs.db"), ...(threads === undefined ? [] : ["--threads", threads])];
  return { command, args: [...args, ...shared], folder };
}

/** @param {string} path @returns {any} */
const readRecord = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined);

/** @param {string} path @param {unknown} record */
function writeRecord(path, record) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.part`, `${JSON.stringify(record, undefined, 1)}\n`);
  renameSync(`${path}.part`, path);
}

function describeMachine() {
  const [cpu] = cpus();
  return { machine: `${cpus().length} cores, ${cpu?.model ?? "unknown"}`, date: new Date().toISOString().slice(0, 10) };
}

/**
 * Runs the command once.
 *
 * @param {Experiment} experiment
 * @param {Place} place
 * @param {Run} [of]
 */
async function runOnce(experiment, place, of) {
  const { command, args } = argumentsOf(experiment, place, of);
  process.stderr.write(`\n${experiment.name}: residua ${command.join(" ")}\n`);
  const start = performance.now();
  const { code, json } = await runResidua(args);
  const seconds = Math.round((performance.now() - start) / 1000);
  if (code !== 0 || json === undefined) return { code };
  const resumed = args.includes("--resume") ? { resumed: true } : {};
  const run = { command: `residua ${command.join(" ")}`, seconds, ...resumed, result: withoutFiles(json) };
  return { code, run };
}

/**
 * The place with the images that an experiment needs: in a shorter version drawn, for the full one undefined without `--data`.
 *
 * @param {Experiment} experiment
 * @param {Place} place
 * @returns {Promise<Place | undefined>}
 */
async function withImages({ name, folder }, place) {
  const { size, work, data } = place;
  if (folder === undefined || data !== undefined) return place;
  if (size === "full") {
    process.stderr.write(`${name}: left out; it needs --data FOLDER with ${folder.en}\n`);
    return undefined;
  }
  const drawn = join(work, `${name}-images`);
  if (!existsSync(drawn)) {
    const part = `${drawn}.part`;
    rmSync(part, { recursive: true, force: true });
    const { code } = await runResidua(["data", "draw", part, "--images", "12", "--size", "64"]);
    if (code !== 0) throw new Error(`${name}: could not draw images`);
    renameSync(part, drawn);
  }
  return { ...place, data: drawn };
}

/**
 * Judges a trained network by the mean scores of several views of each test image.
 *
 * @param {string} views
 * @param {string} folder of the training
 * @param {Place} place
 */
async function judgeViews(views, folder, { size, threads }) {
  const few = size === "full" ? [] : ["--limit", "100"];
  const own = threads === undefined ? [] : ["--threads", threads];
  const model = join(folder, "model.onnx");
  const { code, json } = await runResidua(["evaluate", "--model", model, "--views", views, ...few, ...own]);
  if (code !== 0 || json === undefined) return { code };
  const { count, accuracy, loss } = /** @type {any} */ (json);
  return { code, judged: { views, count, measures: { accuracy, loss } } };
}

/**
 * @param {Experiment} experiment
 * @param {Place} place
 */
async function perform(experiment, place) {
  const path = join(place.records, `${experiment.name}.json`);
  if (isSeveral(experiment)) return performRuns(experiment, place, path);
  const { code, run } = await runOnce(experiment, place);
  if (run === undefined) return { code };
  const { result, ...about } = run;
  writeRecord(path, { name: experiment.name, ...about, ...describeMachine(), result });
  return { code };
}

/** @param {Experiment} experiment */
const isSeveral = ({ seeds, parts }) => seeds !== undefined || parts !== undefined;

/**
 * The runs of an experiment of several, by seed or by what is left out of a recipe.
 *
 * @param {Experiment} experiment
 * @returns {readonly Run[]}
 */
function allRunsOf({ seeds = 0, parts }) {
  if (parts !== undefined) return parts.map(({ name, args }) => ({ id: name, key: { part: name }, args }));
  return Array.from({ length: seeds }, (_, seed) => ({ id: `${seed}`, key: { seed }, args: ["--seed", `${seed}`] }));
}

/** Those wanted: the first alone in a shorter version. @param {Experiment} experiment @param {Place} place */
function runsOf(experiment, { size, seeds: wanted }) {
  const all = allRunsOf(experiment).slice(0, size === "full" ? undefined : 1);
  return wanted === undefined ? all : all.filter(({ key }) => key.seed === undefined || wanted.includes(key.seed));
}

/** @param {any} record @param {Run} run @returns {any} */
const findKept = (record, { key }) =>
  record?.runs.find((/** @type {any} */ { seed, part }) => seed === key.seed && part === key.part);

/**
 * One training after another, each kept as soon as it has ended, beside what another call has kept by then.
 *
 * @param {Experiment} experiment
 * @param {Place} place
 * @param {string} path
 */
async function performRuns(experiment, place, path) {
  const order = allRunsOf(experiment).map(({ id }) => id);
  const indexOf = (/** @type {any} */ { seed, part }) => order.indexOf(`${seed ?? part}`);
  const command = `residua ${commandOf(experiment, place.size).join(" ")}`;
  const keep = (/** @type {any} */ run) => {
    const others = (readRecord(path)?.runs ?? []).filter((/** @type {any} */ other) => indexOf(other) !== indexOf(run));
    const runs = [...others, run].toSorted((a, b) => indexOf(a) - indexOf(b));
    writeRecord(path, { name: experiment.name, command, ...describeMachine(), runs });
  };
  for (const each of runsOf(experiment, place)) {
    if (findKept(readRecord(path), each) === undefined) {
      const { code, run } = await runOnce(experiment, place, each);
      if (run === undefined) return { code };
      const { command: _, ...own } = run;
      keep({ ...each.key, ...own, load: Number(loadavg()[0].toFixed(1)) });
    }
    const kept = findKept(readRecord(path), each);
    if (experiment.views === undefined || kept.views !== undefined) continue;
    const { code, judged } = await judgeViews(experiment.views, argumentsOf(experiment, place, each).folder, place);
    if (judged === undefined) return { code };
    keep({ ...kept, views: judged });
  }
  return { code: 0 };
}

/** Whether nothing is left to do. @param {Experiment} experiment @param {Place} place */
function isFinished(experiment, place) {
  const record = readRecord(join(place.records, `${experiment.name}.json`));
  if (record === undefined || !isSeveral(experiment)) return record !== undefined;
  return runsOf(experiment, place).every((run) => {
    const kept = findKept(record, run);
    return kept !== undefined && (experiment.views === undefined || kept.views !== undefined);
  });
}

/** @param {string} folder */
function readRecords(folder) {
  return experiments.map((experiment) => ({ experiment, record: readRecord(join(folder, `${experiment.name}.json`)) }));
}

/**
 * @param {Place["size"]} size
 * @param {{ readonly out?: string | undefined, readonly data?: string | undefined, readonly threads?: string | undefined, readonly seeds?: string | undefined }} options
 * @returns {Place}
 */
function placeOf(size, { out, data, threads, seeds }) {
  const work = resolve(root, out ?? join(".residua-results", size));
  const wanted = seeds?.split(",").map(Number);
  if (wanted?.some((seed) => !Number.isSafeInteger(seed) || seed < 0))
    throw new Error(`--seeds: must be whole numbers such as 0,1, got "${seeds}"`);
  const runs = {
    size,
    work,
    ...(data === undefined ? {} : { data: resolve(data) }),
    ...(threads === undefined ? {} : { threads }),
    ...(wanted === undefined ? {} : { seeds: wanted }),
  };
  if (size !== "full") return { ...runs, records: work, pages: work };
  if (out !== undefined) throw new Error("--out: goes with --short or --tiny; the full results go into docs/");
  return { ...runs, records: join(root, "docs/results"), pages: join(root, "docs") };
}

/**
 * Writes the page in both languages; the Chinese one bears the stamp of the English one that it translates.
 *
 * @param {Place} place
 */
async function writePages({ size, records, pages }) {
  const { summarize } = await import(new URL("../dist/lab/index.js", import.meta.url).href);
  const all = readRecords(records);
  const english = describeResult(all, size, { language: "en", summarize });
  const chinese = describeResult(all, size, { language: "zh", summarize });
  writeFileSync(join(pages, "results.md"), english);
  writeFileSync(join(pages, "results.zh-CN.md"), stampTranslation(chinese, english));
}

/** Removes the records and the runs that are to be made again. @param {Experiment} experiment @param {Place} place */
function forget(experiment, { records, work }) {
  const { name } = experiment;
  const runs = isSeveral(experiment) ? allRunsOf(experiment).map(({ id }) => `${name}-${id}`) : [name];
  for (const path of [join(records, `${name}.json`), ...runs.map((run) => join(work, run))])
    rmSync(path, { recursive: true, force: true });
}

async function main() {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true },
      seeds: { type: "string" },
      data: { type: "string" },
      short: { type: "boolean" },
      tiny: { type: "boolean" },
      out: { type: "string" },
      again: { type: "boolean" },
      list: { type: "boolean" },
      threads: { type: "string" },
      page: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return process.stdout.write(help);
  const place = placeOf(values.tiny ? "tiny" : values.short ? "short" : "full", values);
  const { size, records } = place;
  const unknown = values.only?.find((name) => !experiments.some((experiment) => experiment.name === name));
  if (unknown !== undefined) throw new Error(`--only: knows no "${unknown}"; see --list`);
  const chosen = experiments.filter(({ name }) => values.only?.includes(name) ?? true);
  if (values.list) {
    for (const experiment of chosen)
      process.stdout.write(`${experiment.name}: residua ${commandOf(experiment, size).join(" ")}\n`);
    return;
  }
  let isWhole = true;
  for (const experiment of values.page ? [] : chosen) {
    if (values.again) forget(experiment, place);
    if (isFinished(experiment, place)) {
      process.stderr.write(`${experiment.name}: finished already; --again repeats it\n`);
      continue;
    }
    const own = await withImages(experiment, place);
    if (own === undefined) {
      isWhole &&= values.only === undefined;
      continue;
    }
    const { code } = await perform(experiment, own);
    isWhole &&= code === 0;
    if (code === 130) break;
  }
  mkdirSync(records, { recursive: true });
  await writePages(place);
  process.exitCode = isWhole ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`results: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  }
}
