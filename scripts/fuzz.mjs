import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { randomStream } from "residua/tensor";
import { killTrainings } from "./fuzz/kills.mjs";
import { mutate } from "./fuzz/mutations.mjs";
import { createReader, outcomes } from "./fuzz/reading.mjs";
import { makeSeeds } from "./fuzz/seeds.mjs";

const help = `Reads damaged and hostile files of every format that Residua reads, and says what came of it. Each must be read, or refused with
one of Residua's errors in one line, within 30 seconds and a gigabyte.

  npm run fuzz [-- --minutes N] [--cases N] [--seed S] [--only FORMAT,…] [--keep DIR]
  npm run fuzz -- --only kills [--count N] [--seed S]

  --minutes N   how long (2), shared evenly between the formats
  --cases N     so many files of each format instead: equal seeds give equal files
  --seed S      what all of them follow from (0)
  --only …      only these formats
  --keep DIR    where files that were not refused properly are kept (fuzz-failures)
  kills         kills trainings so many times (50) at any moment, and compares what they end in with trainings left alone
`;

/** @typedef {import("./fuzz/reading.mjs").Found} Found */
/** @typedef {Record<import("./fuzz/reading.mjs").Outcome, number> & { slowest: number }} Row */

/** The ending that tells a format; others are told by their content. @type {Readonly<Record<string, string>>} */
const endings = {
  shards: ".index.json",
  pickle: ".pth",
  card: ".safetensors",
  checkpoint: ".safetensors",
  config: ".mjs",
};
const endingOf = (/** @type {string} */ format) => endings[format] ?? `.${format.split(" ").at(-1)}`;

/** @param {readonly { readonly format: string, readonly row: Row }[]} formats */
function printTable(formats) {
  const width = Math.max(...formats.map(({ format }) => format.length)) + 2;
  console.log("".padEnd(width) + outcomes.map((outcome) => outcome.padStart(10)).join("") + "   slowest");
  for (const { format, row } of formats) {
    const counts = outcomes.map((outcome) => String(row[outcome]).padStart(10)).join("");
    console.log(`${format.padEnd(width)}${counts}${row.slowest.toFixed(2).padStart(8)} s`);
  }
}

/**
 * @typedef {{ readonly format: string, readonly seeds: readonly import("./fuzz/seeds.mjs").Seed[], readonly row: Row, cases: number, seconds: number }} Format
 */

/** The next file of a format. @param {Format} format @param {number} seed */
function drawFile({ format, seeds, cases }, seed) {
  const draw = randomStream(seed, `fuzz ${format}`, cases);
  const { bytes, wrap } = seeds[draw.integer(seeds.length)];
  const mutated = mutate(bytes, draw, seeds[draw.integer(seeds.length)].bytes);
  return wrap?.(mutated) ?? mutated;
}

const isFine = (/** @type {Found} */ { outcome }) => outcome === "ok" || outcome === "refused";

/**
 * A format none of whose files can be read as it is would say nothing about mutated ones.
 *
 * @param {Format} format
 * @param {{ readonly reader: ReturnType<typeof createReader>, readonly folder: string }} place
 */
async function requireReadable({ format, seeds }, { reader, folder }) {
  let message = "";
  for (const [index, { bytes, wrap }] of seeds.entries()) {
    const path = join(folder, `whole-${index}${endingOf(format)}`);
    await writeFile(path, wrap?.(bytes) ?? bytes, { mode: 0o600 });
    const found = await reader.attempt({ format, path, folder });
    if (found.outcome === "ok") return;
    ({ message } = found);
  }
  throw new Error(`${format}: not even a whole file is read: ${message}`);
}

/**
 * Has one more file of a format read.
 *
 * @param {Format} format
 * @param {{ readonly reader: ReturnType<typeof createReader>, readonly folder: string, readonly seed: number, readonly keep: string }} place
 */
async function readNext(format, { reader, folder, seed, keep }) {
  const bytes = drawFile(format, seed);
  const ending = endingOf(format.format);
  // A name of its own: modules are kept by theirs.
  const path = join(folder, `case-${format.cases}${ending}`);
  const attempt = async () => {
    await rm(path, { force: true });
    await writeFile(path, bytes, { mode: 0o600 });
    return reader.attempt({ format: format.format, path, folder });
  };
  let found = await attempt();
  // Once more in a fresh process: memory that was not collected yet is no failure.
  if (!isFine(found)) {
    await reader.end();
    found = await attempt();
  }
  await rm(path, { force: true });
  const { row } = format;
  row[found.outcome]++;
  row.slowest = Math.max(row.slowest, found.seconds);
  format.seconds += found.seconds + 0.001;
  const index = format.cases++;
  if (isFine(found)) return;
  const kept = join(keep, `${format.format.replaceAll(" ", "-")}-${seed}-${index}${ending}`);
  await mkdir(keep, { recursive: true });
  await writeFile(kept, bytes);
  console.log(`${format.format}, case ${index}: ${found.outcome}: ${found.message}\n  ${kept}`);
}

/**
 * @param {{ minutes: number, cases: number, seed: number, only: readonly string[], keep: string }} options
 * @returns {Promise<number>} how many files were not refused properly
 */
async function fuzzFormats({ minutes, cases, seed, only, keep }) {
  const folder = await mkdtemp(join(tmpdir(), "residua-fuzz-"));
  const reader = createReader();
  try {
    const all = await makeSeeds(folder);
    const unknown = only.find((name) => !Object.hasOwn(all, name));
    if (unknown !== undefined)
      throw new Error(`--only: no format "${unknown}"; must be kills, ${Object.keys(all).join(", ")}`);
    const formats = Object.entries(all)
      .filter(([format]) => only.length === 0 || only.includes(format))
      .map(([format, seeds]) => {
        const row = { ok: 0, refused: 0, uncaught: 0, "too long": 0, "too large": 0, slowest: 0 };
        return { format, seeds, row, cases: 0, seconds: 0 };
      });
    for (const format of formats) await requireReadable(format, { reader, folder });
    const end = performance.now() + 60_000 * minutes;
    const isOver = () => cases === Infinity && performance.now() > end;
    for (let left = formats; left.length > 0 && !isOver(); left = left.filter((format) => format.cases < cases)) {
      const next = left.reduce((a, b) => (b.seconds < a.seconds ? b : a));
      await readNext(next, { reader, folder, seed, keep });
    }
    printTable(formats);
    return formats.reduce((sum, { row }) => sum + row.uncaught + row["too long"] + row["too large"], 0);
  } finally {
    await reader.end();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "2" },
    cases: { type: "string" },
    count: { type: "string", default: "50" },
    seed: { type: "string", default: "0" },
    only: { type: "string", default: "" },
    keep: { type: "string", default: "fuzz-failures" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) console.log(help);
else {
  const seed = Number(values.seed);
  const only = values.only.split(",").filter((name) => name !== "");
  const failures = only.includes("kills")
    ? await killTrainings({ count: Number(values.count), seed })
    : await fuzzFormats({
        minutes: Number(values.minutes),
        cases: values.cases === undefined ? Infinity : Number(values.cases),
        seed,
        only,
        keep: resolve(values.keep),
      });
  process.exitCode = failures > 0 ? 1 : 0;
}
