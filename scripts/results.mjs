import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { experiments } from "./experiments.mjs";
import { describeResult } from "./results-page.mjs";

/** @typedef {import("./experiments.mjs").Experiment} Experiment */

const root = fileURLToPath(new URL("..", import.meta.url));

const help = `Runs the experiments of docs/results.md, the important ones first, and writes the page anew.
What is done is not run again; what was interrupted goes on.

  node scripts/results.mjs [--only NAME]... [--short | --tiny] [--again] [--list] [--threads N]

  --only NAME  this one; may be given again
  --short      minutes instead of hours, into .residua-results/short
  --tiny       what CI runs: does every experiment still work? into .residua-results/tiny
  --again      also what is done
  --list       names and commands, nothing is run
  --threads N  threads of each run (default: one a core)
`;

/**
 * The arguments with those of a shorter version in the place of their own.
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
 * Runs one command, its progress on this terminal.
 *
 * @param {readonly string[]} args
 * @returns {Promise<{ code: number, json: unknown }>}
 */
function runCommand(args) {
  const child = spawn(process.execPath, [join(root, "dist/cli/main.js"), ...args, "--json"], {
    cwd: root,
    stdio: ["inherit", "pipe", "inherit"],
  });
  // Ctrl-C reaches the child as well; it ends in its own time.
  process.on("SIGINT", () => undefined);
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (/** @type {string} */ piece) => void (text += piece));
  return new Promise((resolve) => {
    child.on("close", (code) => resolve({ code: code ?? 1, json: text === "" ? undefined : JSON.parse(text) }));
  });
}

/**
 * A result without the names of files on this machine.
 *
 * @param {any} result
 */
function withoutFiles({ files: _files, report: _report, ...result }) {
  return result;
}

/**
 * The command with its folders: a training that was interrupted goes on from its checkpoint.
 *
 * @param {Experiment} experiment
 * @param {"full" | "short" | "tiny"} size
 */
function argumentsOf(experiment, size) {
  const command = size === "full" ? experiment.command : shorten(experiment.command, experiment[size]);
  const folder = join(".residua-results", size, experiment.name);
  const isTraining = command[0] === "train";
  const isBegun = isTraining && existsSync(join(root, folder, "last.safetensors"));
  const args = isBegun ? ["train", "--resume", folder] : [...command, "--out", folder];
  return { command, args: [...args, "--store", join(".residua-results", size, "runs.db")] };
}

/**
 * @param {Experiment} experiment
 * @param {"full" | "short" | "tiny"} size
 * @param {string} [threads]
 */
async function perform(experiment, size, threads) {
  const { command, args } = argumentsOf(experiment, size);
  if (threads !== undefined) args.push("--threads", threads);
  process.stderr.write(`\n${experiment.name}: residua ${command.join(" ")}\n`);
  const start = performance.now();
  const { code, json } = await runCommand(args);
  const seconds = Math.round((performance.now() - start) / 1000);
  if (code !== 0 || json === undefined) return { code };
  const folder = size === "full" ? join(root, "docs/results") : join(root, ".residua-results", size);
  const isResumed = args.includes("--resume");
  const [cpu] = cpus();
  const record = {
    name: experiment.name,
    command: `residua ${command.join(" ")}`,
    seconds,
    ...(isResumed ? { resumed: true } : {}),
    machine: `${cpus().length} cores, ${cpu?.model ?? "unknown"}`,
    date: new Date().toISOString().slice(0, 10),
    result: withoutFiles(json),
  };
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${experiment.name}.json`);
  writeFileSync(`${path}.part`, `${JSON.stringify(record, undefined, 1)}\n`);
  renameSync(`${path}.part`, path);
  return { code };
}

/** @param {string} folder */
function readRecords(folder) {
  return experiments.map((experiment) => {
    const path = join(folder, `${experiment.name}.json`);
    return { experiment, record: existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined };
  });
}

async function main() {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true },
      short: { type: "boolean" },
      tiny: { type: "boolean" },
      again: { type: "boolean" },
      list: { type: "boolean" },
      threads: { type: "string" },
      page: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return process.stdout.write(help);
  const size = values.tiny ? "tiny" : values.short ? "short" : "full";
  const unknown = values.only?.find((name) => !experiments.some((experiment) => experiment.name === name));
  if (unknown !== undefined) throw new Error(`--only: knows no "${unknown}"; see --list`);
  const chosen = experiments.filter(({ name }) => values.only?.includes(name) ?? true);
  if (values.list) {
    for (const experiment of chosen)
      process.stdout.write(`${experiment.name}: residua ${argumentsOf(experiment, size).command.join(" ")}\n`);
    return;
  }
  const folder = size === "full" ? join(root, "docs/results") : join(root, ".residua-results", size);
  let isWhole = true;
  for (const experiment of values.page ? [] : chosen) {
    const path = join(folder, `${experiment.name}.json`);
    if (existsSync(path) && !values.again) continue;
    if (values.again) rmSync(join(root, ".residua-results", size, experiment.name), { recursive: true, force: true });
    const { code } = await perform(experiment, size, values.threads);
    isWhole &&= code === 0;
    if (code === 130) break;
  }
  const page = describeResult(readRecords(folder), size);
  writeFileSync(size === "full" ? join(root, "docs/results.md") : join(folder, "results.md"), page);
  process.exitCode = isWhole ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
