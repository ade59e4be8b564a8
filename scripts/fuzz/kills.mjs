import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { findNodeTask } from "../../dist/tasks/node/find-node-task.js";
import { randomStream } from "residua/tensor";
import { readCheckpoint } from "residua/train/node";
import { encodePng } from "../../dist/files/png.js";
import { drawCells } from "../../dist/tasks/segment/data/drawn-cells.js";

/** So many kills come before a run's first step, and after its last, in which it judges and writes; the others between steps. */
const [SHARE_BEFORE, SHARE_AFTER] = [0.2, 0.2];
/** A training is killed so often at most, and then left to end. */
const MOST_KILLS = 6;
/** A training's child ends so long after its parent at the latest; under load, the clocks of both are late. */
const CHILD_SECONDS = 10;
/** A step that a busy machine makes so many times longer than any before it is still one step. */
const SLOWER = 3;

const host = fileURLToPath(new URL("training-host.mjs", import.meta.url));

/** @typedef {{ readonly name: string, readonly seconds: number, readonly start: object }} Kind */
/** @typedef {{ readonly out: string, readonly start: object }} Place */
/**
 * When to kill: so long after a step was said, or after the process's start if it is step 0. A moment by the clock would be
 * another one on a machine that does other things.
 *
 * @typedef {{ readonly step: number, readonly milliseconds: number, readonly isWhole: boolean }} Kill
 */
/**
 * How a training that was left alone went: milliseconds from the start to the first step, between steps, and from the last to
 * the end.
 *
 * @typedef {{ readonly steps: number, readonly before: number, readonly between: number, readonly after: number }} Course
 */

/** Pictures of two kinds: light above, or light on the left, under noise. @param {string} folder @param {number} seed */
async function drawPictures(folder, seed) {
  const draw = randomStream(seed, "kills pictures");
  const size = 24;
  for (const kind of ["above", "left"]) {
    await mkdir(join(folder, kind), { recursive: true });
    for (let index = 0; index < 60; index++) {
      const samples = Uint8Array.from({ length: size * size }, (_, at) => {
        const place = kind === "above" ? Math.floor(at / size) : at % size;
        return (place < size / 2 ? 150 : 40) + draw.integer(60);
      });
      const png = encodePng({ height: size, width: size, channels: 1, samples });
      await writeFile(join(folder, kind, `${index}.png`), png);
    }
  }
}

/** Images of cells, and their masks. @param {string} folder @param {number} seed */
async function drawCellImages(folder, seed) {
  const size = { height: 64, width: 64 };
  for (const part of ["images", "masks"]) await mkdir(join(folder, part), { recursive: true });
  for (let index = 0; index < 12; index++) {
    const { image, mask } = drawCells({ seed, index, ...size, cells: 8 });
    const write = (/** @type {string} */ part, /** @type {Uint8Array} */ samples) =>
      writeFile(join(folder, part, `${index}.png`), encodePng({ ...size, channels: 1, samples }));
    await write("images", Uint8Array.from(image.samples));
    await write("masks", Uint8Array.from(mask));
  }
}

/** @param {Readonly<Record<string, number>>} given @returns {import("../../dist/train/standard-recipe.js").RecipeFields} */
const fields = (given) => new Map(/** @type {any} */ (Object.entries(given)));

/** Small trainings of each task: kept after every step, and kept every other second. @param {string} folder @param {number} seed */
async function drawKinds(folder, seed) {
  const [pictures, cells] = [join(folder, "pictures"), join(folder, "cells")];
  await drawPictures(pictures, seed);
  await drawCellImages(cells, seed);
  const classify = (await findNodeTask("classify")).startTraining({
    start: { model: "resnet8", modelOptions: { shortcut: "pad", channels: 1 }, data: pictures, imageSize: 24 },
    validation: 0.2,
    given: fields({ epochs: 2, batch: 16, seed, average: 0.9 }),
    options: {},
  });
  const segment = (await findNodeTask("segment")).startTraining({
    start: { data: cells, imageSize: 64, modelOptions: { stemWidth: 8 } },
    validation: 0.2,
    given: fields({ epochs: 2, batch: 4, seed }),
    options: { crop: 64 },
  });
  return [
    { name: "classify, kept after every step", seconds: 0, start: classify },
    { name: "segment, kept after every step", seconds: 0, start: segment },
    { name: "classify, kept every 2 s", seconds: 2, start: classify },
    { name: "segment, kept every 2 s", seconds: 2, start: segment },
  ];
}

/** Every file that has its name already must be whole. @param {string} out */
async function requireWhole(out) {
  for (const name of ["last.safetensors", "best.safetensors"])
    if (existsSync(join(out, name))) await readCheckpoint(join(out, name));
}

/** Whether a process is there, and is no zombie. @param {number} pid */
async function isAlive(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat !== "" && stat[stat.lastIndexOf(")") + 2] !== "Z";
}

/** A process and those below it, by the system's own list. @param {number} pid @returns {Promise<readonly number[]>} */
async function familyOf(pid) {
  const names = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const parents = await Promise.all(
    names.map(async (name) => {
      const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
      return { pid: Number(name), parent: Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) };
    }),
  );
  const below = (/** @type {number} */ above) =>
    parents.filter(({ parent }) => parent === above).map((each) => each.pid);
  return [pid, ...below(pid).flatMap((child) => [child, ...below(child)])];
}

/** Ends a process, if it is still there. @param {number} pid */
function end(pid) {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It is gone.
  }
}

/**
 * Runs a training until its end, or until it is killed: the process alone that the user started, whose child must then end by
 * itself, or all of its processes at once, as when the machine stops.
 *
 * @param {object} job
 * @param {Kill | undefined} kill
 */
async function runTraining(job, kill) {
  const child = spawn(process.execPath, [host, JSON.stringify(job)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const pid = /** @type {number} */ (child.pid);
  /** @type {Map<number, number>} */
  const times = new Map();
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const follow = (/** @type {number} */ step) => {
    if (timer === undefined && kill !== undefined && step >= kill.step)
      timer = setTimeout(() => void strike(), kill.milliseconds);
  };
  const begin = performance.now();
  createInterface(child.stdout).on("line", (line) => {
    const step = Number(line.split(" ")[1]);
    times.set(step, performance.now());
    follow(step);
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (errors += text));
  let killedAt = Infinity;
  /** @type {readonly number[]} */
  let family = [pid];
  const strike = async () => {
    family = await familyOf(pid);
    killedAt = performance.now();
    for (const each of kill?.isWhole ? family : [pid]) end(each);
  };
  follow(0);
  const [code, signal] = await once(child, "exit");
  clearTimeout(timer);
  const gone = performance.now();
  for (let isLeft = true; isLeft;) {
    isLeft = (await Promise.all(family.map(isAlive))).includes(true);
    if (isLeft && performance.now() - gone > 1000 * CHILD_SECONDS) {
      family.forEach(end);
      throw new Error(`a process of the training lived ${CHILD_SECONDS} s longer than the one that was killed`);
    }
    if (isLeft) await wait(50);
  }
  const childSeconds = (performance.now() - gone) / 1000;
  return {
    isKilled: signal === "SIGKILL" && Number.isFinite(killedAt),
    code,
    errors,
    times,
    killedAt,
    childSeconds,
    begin,
    gone,
  };
}

/** @param {Awaited<ReturnType<typeof runTraining>>} alone @returns {Course} */
function courseOf({ times, begin, gone }) {
  const all = [...times.values()];
  const [first, last] = [all[0], all[all.length - 1]];
  return { steps: all.length, before: first - begin, between: (last - first) / (all.length - 1), after: gone - last };
}

/**
 * Any moment of what is left of a training.
 *
 * @param {Course} course
 * @param {number} reached the steps that are kept
 * @param {import("residua/tensor").RandomStream} draw
 * @returns {Kill}
 */
function drawKill({ steps, before, between, after }, reached, draw) {
  const [phase, share, isWhole] = [draw.uniform(), draw.uniform(), draw.uniform() < 0.5];
  if (phase < SHARE_BEFORE || reached >= steps) return { step: 0, milliseconds: share * before, isWhole };
  if (phase > 1 - SHARE_AFTER) return { step: steps, milliseconds: share * after, isWhole };
  return { step: reached + 1 + draw.integer(steps - reached), milliseconds: share * between, isWhole };
}

/**
 * What a kill cost, in seconds of work: from the last step that was kept, or from the first of this run if none was, to the kill.
 *
 * @param {{ readonly times: ReadonlyMap<number, number>, readonly killedAt: number }} killed
 * @param {number} next the step that the resumed training began with
 */
function secondsLost({ times, killedAt }, next) {
  if (times.size === 0) return 0;
  const from = times.get(next - 1) ?? Math.min(...times.values());
  return Math.max(0, killedAt - from) / 1000;
}

/** The longest time between two steps, in seconds. @param {ReadonlyMap<number, number>} times */
function longestStep(times) {
  const all = [...times.values()];
  return Math.max(0, ...all.slice(1).map((time, index) => time - all[index])) / 1000;
}

/** The steps that a checkpoint holds; 0 if there is none. @param {string} path */
async function stepsKept(path) {
  return existsSync(path) ? (await readCheckpoint(path)).notes.place.step : 0;
}

/**
 * One training, killed and resumed until it ends or there were enough kills.
 *
 * @param {{ readonly job: object & Place, readonly course: Course, readonly draw: import("residua/tensor").RandomStream, readonly most: number }} options
 */
async function killOne({ job, course, draw, most }) {
  const last = join(job.out, "last.safetensors");
  let [kills, lost, step, child] = [0, 0, 0, 0];
  /** @type {Awaited<ReturnType<typeof runTraining>> | undefined} */
  let before;
  for (;;) {
    const start = existsSync(last) ? { resume: job.out } : job.start;
    const kill = kills < Math.min(most, MOST_KILLS) ? drawKill(course, await stepsKept(last), draw) : undefined;
    const ran = await runTraining({ ...job, start }, kill);
    step = Math.max(step, longestStep(ran.times));
    child = Math.max(child, ran.childSeconds);
    if (before !== undefined && ran.times.size > 0) {
      lost = Math.max(lost, secondsLost(before, Math.min(...ran.times.keys())));
      before = undefined;
    }
    if (!ran.isKilled) {
      if (ran.code !== 0) throw new Error(`the training failed after ${kills} kills: ${ran.errors}`);
      return { kills, lost, step, child };
    }
    kills++;
    // A run that was killed before its first step lost nothing of those before it.
    if (ran.times.size > 0) before = ran;
    await requireWhole(job.out);
  }
}

/** @param {Place} one @param {Place} other @returns {Promise<readonly string[]>} what differs or was left */
async function compareFolders(one, other) {
  const failures = [];
  for (const name of ["last.safetensors", "best.safetensors", "model.onnx"]) {
    const [a, b] = await Promise.all([one, other].map(({ out }) => readFile(join(out, name))));
    if (!a.equals(b)) failures.push(`${name} differs from that of a training left alone`);
  }
  const left = (await readdir(one.out)).filter((name) => name.endsWith(".tmp") || name.includes("lock"));
  return left.length === 0 ? failures : [...failures, `${left.join(", ")} is left`];
}

/**
 * Kills trainings at any moment from their process's start on, and resumes them, until there were so many kills. Every file
 * must be whole after each, no kill may cost more than what the training keeps its checkpoints for, and the last of each
 * must end in the bytes of a training that was left alone.
 *
 * @param {{ readonly count: number, readonly seed: number }} options
 * @returns {Promise<number>} how much went wrong
 */
export async function killTrainings({ count, seed }) {
  const folder = await mkdtemp(join(tmpdir(), "residua-kills-"));
  const draw = randomStream(seed, "kills");
  let failures = 0;
  const fail = (/** @type {string} */ text) => {
    failures++;
    console.log(text);
  };
  try {
    const kinds = await drawKinds(folder, seed);
    console.log("training".padEnd(36), "kills", "trainings", "lost, s", "longest step, s", "child ends after, s");
    for (const [at, kind] of kinds.entries()) {
      const wanted = Math.floor((count * (at + 1)) / kinds.length) - Math.floor((count * at) / kinds.length);
      const createJob = (/** @type {string} */ name) => ({
        start: kind.start,
        out: join(folder, `${at}-${name}`),
        cache: join(folder, "cache"),
        lowering: "auto",
        session: { threads: 1 },
        workers: 1,
        checkpointSeconds: kind.seconds,
      });
      const whole = createJob("whole");
      const alone = await runTraining(whole, undefined);
      if (alone.code !== 0) throw new Error(`${kind.name}: the training left alone failed: ${alone.errors}`);
      const course = courseOf(alone);
      const row = { kills: 0, trainings: 0, lost: 0, step: longestStep(alone.times), child: 0 };
      while (row.kills < wanted) {
        const job = createJob(`killed-${row.trainings++}`);
        const found = await killOne({ job, course, draw, most: wanted - row.kills });
        row.kills += found.kills;
        for (const key of /** @type {const} */ (["lost", "step", "child"])) row[key] = Math.max(row[key], found[key]);
        for (const text of await compareFolders(job, whole)) fail(`${kind.name}, training ${row.trainings}: ${text}`);
      }
      const most = kind.seconds + SLOWER * row.step;
      if (row.lost > most) fail(`${kind.name}: a kill lost ${row.lost.toFixed(1)} s, may lose ${most.toFixed(1)} s`);
      console.log(
        kind.name.padEnd(36),
        String(row.kills).padStart(5),
        String(row.trainings).padStart(9),
        row.lost.toFixed(1).padStart(7),
        row.step.toFixed(1).padStart(15),
        row.child.toFixed(1).padStart(19),
      );
    }
    return failures;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
