import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { randomStream } from "residua/tensor";
import { trainingJob } from "residua/tasks/node";
import { defaultRecipe } from "residua/train";
import { readCheckpoint, runInChild } from "residua/train/node";

/** Kills come within so many durations of a whole training, so that no moment is spared, from the process's start to its end. */
const LATEST_KILL = 1.2;

/** Two epochs of six steps, kept after every step. @param {string} folder @param {string} name @param {number} seed */
const createJob = (folder, name, seed) => ({
  start: {
    model: "resnet8",
    modelOptions: { shortcut: /** @type {const} */ ("pad") },
    data: "mnist",
    limit: 240,
    validation: 0.2,
    augmentation: { cropPadding: 2, flip: false },
    recipe: { ...defaultRecipe, epochs: 2, batch: 32, seed, average: 0.9 },
  },
  out: join(folder, name),
  cache: join(folder, "cache"),
  lowering: /** @type {const} */ ("auto"),
  session: { threads: 1 },
  workers: 1,
  checkpointSeconds: 0,
});

/** Every file that has its name already must be whole. @param {string} out */
async function requireWhole(out) {
  for (const name of ["last.safetensors", "best.safetensors"])
    if (existsSync(join(out, name))) await readCheckpoint(join(out, name));
}

/**
 * Kills trainings at any moment from their process's start on, and resumes them, until there were so many kills. Every file
 * must be whole after each, and the last training must end in the bytes of one that was left alone.
 *
 * @param {{ readonly count: number, readonly seed: number }} options
 * @returns {Promise<number>} how much went wrong
 */
export async function killTrainings({ count, seed }) {
  const folder = await mkdtemp(join(tmpdir(), "residua-kills-"));
  const draw = randomStream(seed, "kills");
  let [kills, rounds, mostLost, failures] = [0, 0, 0, 0];
  const fail = (/** @type {string} */ text) => {
    failures++;
    console.log(text);
  };
  try {
    const whole = createJob(folder, "whole", seed);
    const begin = performance.now();
    await runInChild(trainingJob, whole).result;
    const duration = performance.now() - begin;
    while (kills < count) {
      const job = createJob(folder, `killed-${rounds++}`, seed);
      const last = join(job.out, "last.safetensors");
      let reached = 0;
      for (let isDone = false; !isDone;) {
        const start = existsSync(last) ? { resume: job.out } : job.start;
        let first = -1;
        const running = runInChild(
          trainingJob,
          { ...job, start },
          {
            onEvent: (event) => {
              if (event.kind !== "step") return;
              if (first < 0) {
                first = event.progress.step;
                // The step that was under way is not counted as work: it had not been reported.
                mostLost = Math.max(mostLost, reached - first + 1);
              }
              reached = event.progress.step;
            },
          },
        );
        let isKilled = false;
        if (kills < count)
          void wait(LATEST_KILL * duration * draw.uniform(), undefined, { ref: false }).then(() => {
            isKilled = true;
            running.kill();
          });
        isDone = await running.result.then(
          () => true,
          (error) => {
            if (!isKilled) fail(`kill ${kills}: the resumed training failed: ${String(error)}`);
            return !isKilled;
          },
        );
        if (isDone) break;
        kills++;
        await requireWhole(job.out).catch((error) => fail(`kill ${kills}: ${String(error)}`));
      }
      for (const name of ["last.safetensors", "best.safetensors", "model.onnx"]) {
        const [one, other] = await Promise.all([job, whole].map(({ out }) => readFile(join(out, name))));
        if (!one.equals(other)) fail(`${name} of training ${rounds} differs from that of a training left alone`);
      }
      const left = (await readdir(job.out)).filter((name) => name.endsWith(".tmp") || name.includes("lock"));
      if (left.length > 0) fail(`training ${rounds} left ${left.join(", ")}`);
    }
    console.log(`${kills} kills in ${rounds} trainings; at most ${mostLost} reported step(s) had to be done again`);
    return failures;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
