import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodePng } from "../../src/files/png.ts";
import { findNodeTask } from "../../src/tasks/node/find-node-task.ts";
import { taskNameOf } from "../../src/tasks/find-task.ts";
import { standardSettings } from "../../src/tasks/segment/settings.ts";
import { randomStream } from "../../src/tensor/random.ts";
import type { FreshTraining, TrainingEvent, TrainingJob, TrainingResult } from "../../src/train/node/job.ts";
import { performOnRanks } from "../../src/train/node/perform-on-ranks.ts";
import { performTraining } from "../../src/train/node/perform-training.ts";
import type { FindTrainingTask } from "../../src/train/node/set-up.ts";
import { completeRecipe } from "../../src/train/recipe-check.ts";
import type { Recipe } from "../../src/train/recipe.ts";
import { type Collective, CollectiveError, createMemoryCollectives } from "../../src/train/strategies/collective.ts";

const SIDE = 16;
let folder: string;
let runs = 0;

function writeNoise(path: string, channels: 1 | 3, write: (value: number) => number): void {
  const stream = randomStream(7, path.slice(folder.length));
  const samples = Uint8Array.from({ length: SIDE * SIDE * channels }, () => write(stream.uniform()));
  writeFileSync(path, encodePng({ width: SIDE, height: SIDE, channels, samples }));
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-ranks-"));
  for (const data of ["photos", "others"])
    for (const [part, count] of [
      ["train", 12],
      ["test", 4],
    ] as const)
      for (const label of [0, 1]) {
        const place = join(folder, data, part, `class${label}`);
        mkdirSync(place, { recursive: true });
        for (let index = 0; index < count; index++)
          writeNoise(join(place, `${index}.png`), 3, (value) => 30 * label + 200 * value);
      }
  for (const part of ["images", "masks"]) mkdirSync(join(folder, "points", part), { recursive: true });
  for (let index = 0; index < 14; index++) {
    writeNoise(join(folder, "points", "images", `${index}.png`), 3, (value) => 240 * value);
    writeNoise(join(folder, "points", "masks", `${index}.png`), 1, (value) => (value < 0.3 ? 255 : 0));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const findTask: FindTrainingTask = (notes, where) => findNodeTask(taskNameOf(notes, where));
const newFolder = (): string => join(folder, `run${runs++}`);

const photos = (recipe: Partial<Recipe> = {}, data = "photos"): FreshTraining => ({
  model: "resnet8",
  modelOptions: {},
  data: join(folder, data),
  imageSize: SIDE,
  validation: 0.3,
  augmentation: { cropPadding: 2, flip: true },
  recipe: completeRecipe({ epochs: 2, batch: 4, average: 0.9, ...recipe }),
});

const points = (): FreshTraining => ({
  ...photos(),
  model: "resunet",
  modelOptions: { channels: 3, stemWidth: 2 },
  data: join(folder, "points"),
  augmentation: { cropPadding: 0, flip: false },
  recipe: completeRecipe({ epochs: 2, batch: 3 }),
  task: { ...standardSettings, target: "classes", testShare: 0.2 },
});

const jobOf = (start: TrainingJob["start"], out: string): TrainingJob => ({
  start,
  out,
  cache: join(folder, "cache"),
  lowering: "portable",
  session: { threads: 1, graphOptimization: "disabled" },
  workers: 1,
});

interface RankOutcome {
  readonly result?: TrainingResult;
  readonly error?: unknown;
  readonly events: readonly TrainingEvent[];
}

interface Conditions {
  /** The step before which a rank is asked to stop. */
  readonly stopAt?: readonly [rank: number, step: number];
  /** Wraps the connection of a rank. */
  readonly connect?: (collective: Collective) => Collective;
}

/** One job for each rank, all in this process. */
function trainOnRanks(
  jobs: readonly TrainingJob[],
  { stopAt, connect }: Conditions = {},
): Promise<readonly RankOutcome[]> {
  const place = { libraries: [], patience: 1 };
  return Promise.all(
    createMemoryCollectives(jobs.length).map(async (memory): Promise<RankOutcome> => {
      const { rank, size } = memory;
      const collective = connect?.(memory) ?? memory;
      const events: TrainingEvent[] = [];
      let asked = 0;
      const context = {
        report: (event: TrainingEvent) => void events.push(event),
        shouldStop: async () => rank === stopAt?.[0] && asked++ >= stopAt[1],
      };
      const joined = { collective, leave: () => undefined, abandon: () => undefined };
      return performOnRanks(
        { ...jobs[rank], ranks: { rank, size, ...place } },
        context,
        findTask,
        async () => joined,
      ).then(
        (result) => ({ result, events }),
        (error: unknown) => ({ error, events }),
      );
    }),
  );
}

const trainAlone = (start: TrainingJob["start"], out: string): Promise<TrainingResult> =>
  performTraining(jobOf(start, out), { report: () => undefined, shouldStop: async () => false }, findTask);

const files = ["last.safetensors", "best.safetensors", "model.onnx"] as const;

function expectSameFiles(actual: string, expected: string): void {
  for (const name of files)
    expect(readFileSync(join(actual, name)).equals(readFileSync(join(expected, name))), name).toBe(true);
}

/** Both ranks' jobs; rank 1 has a folder of its own, to show that it writes nothing. */
function jobsOf(start: TrainingJob["start"], out: string): readonly TrainingJob[] {
  return [jobOf(start, out), jobOf(start, `${out}-other`)];
}

describe("two ranks", () => {
  test.each([
    ["images of classes", photos],
    ["masks", points],
  ])("leave the files of one process that accumulates their batches: %s", async (_, startOf) => {
    const [single, shared] = [newFolder(), newFolder()];
    const start = startOf();
    const expected = await trainAlone({ ...start, recipe: { ...start.recipe, accumulate: 2 } }, single);
    const [first, second] = await trainOnRanks(jobsOf(start, shared));
    expectSameFiles(shared, single);
    expect(existsSync(`${shared}-other`)).toBe(false);
    expect({ ...first.result, files: 0, imagesPerSecond: 0, processorSeconds: 0 }).toEqual({
      ...expected,
      files: 0,
      imagesPerSecond: 0,
      processorSeconds: 0,
    });
    expect(second.result?.epochs).toEqual(expected.epochs);
    expect(second.events).toEqual([]);
    expect(first.events).toContainEqual({
      kind: "note",
      text: `2 ranks × ${start.recipe.batch} = ${2 * start.recipe.batch} images a step`,
    });
  });

  test.each([
    ["images of classes", photos],
    // A loss that is a mean over points: Dice is one of whole batches.
    ["masks", () => ({ ...points(), task: { ...points().task!, loss: { name: "cross-entropy" } } })],
  ])("with joined batch norms train as one process by batches of both: %s", async (_, startOf) => {
    const [single, shared] = [newFolder(), newFolder()];
    const start = startOf();
    const { recipe } = start;
    const calm = { ...recipe, learningRate: 0.01 };
    const expected = await trainAlone({ ...start, recipe: { ...calm, batch: 2 * recipe.batch } }, single);
    const jobs = jobsOf({ ...start, recipe: { ...calm, syncBatchNorm: 2 } }, shared);
    const [first, second] = await trainOnRanks(jobs);
    expect([first.error, second.error]).toEqual([undefined, undefined]);
    expect(second.result?.epochs).toEqual(first.result?.epochs);
    for (const [index, { training }] of expected.epochs.entries())
      expect(first.result!.epochs[index].training.loss).toBeCloseTo(training.loss, 4);
    expect(first.events).toContainEqual({
      kind: "note",
      text: `2 ranks × ${recipe.batch} = ${2 * recipe.batch} images a step; a batch norm sees ${2 * recipe.batch} of them at a time`,
    });
  });

  test("with joined batch norms stop and go on to the same files, but not on fewer ranks", async () => {
    const [whole, out] = [newFolder(), newFolder()];
    const start = photos({ syncBatchNorm: 2, epochs: 1 });
    await trainOnRanks(jobsOf(start, whole));
    const outcomes = await trainOnRanks(jobsOf(start, out), { stopAt: [1, 1] });
    expect(outcomes.map(({ result }) => result?.status)).toEqual(["stopped", "stopped"]);
    await expect(trainAlone({ resume: out }, newFolder())).rejects.toThrow(
      "syncBatchNorm: joins the batches of 2 ranks, but this training has 1",
    );
    await trainOnRanks([jobOf({ resume: out }, out), jobOf({ resume: out }, out)]);
    expectSameFiles(out, whole);
  });

  test("stop together when either is asked to, and go on to the same files, on two ranks or one", async () => {
    const whole = newFolder();
    await trainOnRanks(jobsOf(photos(), whole));
    for (const rank of [0, 1]) {
      const [out, elsewhere] = [newFolder(), newFolder()];
      const outcomes = await trainOnRanks(jobsOf(photos(), out), { stopAt: [rank, 3] });
      expect(outcomes.map(({ result }) => [result?.status, result?.steps])).toEqual([
        ["stopped", 3],
        ["stopped", 3],
      ]);
      await trainAlone({ resume: out }, elsewhere);
      expectSameFiles(elsewhere, whole);
      await trainOnRanks([jobOf({ resume: out }, out), jobOf({ resume: out }, out)]);
      expectSameFiles(out, whole);
    }
  });

  test("stop together when patience is over or the loss diverges", async () => {
    const early = await trainOnRanks(jobsOf(photos({ epochs: 30, patience: 1, learningRate: 1e-6 }), newFolder()));
    expect(early.map(({ result }) => result?.status)).toEqual(["early-stopped", "early-stopped"]);
    expect(early[1].result?.epochs).toEqual(early[0].result?.epochs);
    const diverged = await trainOnRanks(jobsOf(photos({ learningRate: 1e30, schedule: "constant" }), newFolder()));
    expect(diverged.map(({ result }) => result?.status)).toEqual(["diverged", "diverged"]);
    expect(diverged[1].result?.steps).toBe(diverged[0].result?.steps);
  });

  test("lose no step when they no longer reach each other: rank 0 leaves a checkpoint", async () => {
    const [whole, out] = [newFolder(), newFolder()];
    await trainOnRanks(jobsOf(photos(), whole));
    const outcomes = await trainOnRanks(jobsOf(photos(), out), {
      connect: (collective) => {
        let sums = 0;
        return {
          ...collective,
          // Two sums for what is compared and two for each step; after the first epoch of two steps, two for its validation and
          // two for the state: the fourth step fails.
          allReduce: async (values, options) => {
            if (++sums > 2 + 2 * 2 + 4 + 2) throw new CollectiveError("ranks", "no answer for 1 s");
            return collective.allReduce(values, options);
          },
        };
      },
    });
    for (const { error } of outcomes) expect(error).toBeInstanceOf(CollectiveError);
    expect(existsSync(`${out}-other`)).toBe(false);
    await trainOnRanks([jobOf({ resume: out }, out), jobOf({ resume: out }, out)]);
    expectSameFiles(out, whole);
  });
});

test("a rank that drifts ends all by its name at the end of the epoch, and its epoch is not kept", async () => {
  const out = newFolder();
  const outcomes = await trainOnRanks(jobsOf(photos(), out), {
    connect: (collective) => {
      let sums = 0;
      return {
        ...collective,
        allReduce: async (values, options) => {
          await collective.allReduce(values, options);
          // A bit of the first gradient, in the first step: two sums were for what is compared, one for whether to stop.
          if (++sums === 4 && collective.rank === 1) values[0] += 2 ** -20;
        },
      };
    },
  });
  for (const { error } of outcomes)
    expect(String(error)).toContain("rank 1: holds other parameters than rank 0 after step 2; resume from the last");
  expect(existsSync(join(out, "best.safetensors"))).toBe(false);
});

test("ranks that would train different things are told so before anything is written, by name", async () => {
  const differing: readonly (readonly [string, TrainingJob["start"]])[] = [
    ["seed than rank 0; give all ranks the same `seed`", photos({ seed: 1 })],
    ["recipe than rank 0; give all ranks the same options", photos({ learningRate: 0.2 })],
    ["recipe than rank 0; give all ranks the same options", photos({ syncBatchNorm: 2 })],
    ["network than rank 0; give all ranks the same network", { ...photos(), modelOptions: { shortcut: "plain" } }],
    ["data than rank 0; all ranks must read the same files", photos({}, "others")],
  ];
  for (const [named, start] of differing) {
    const out = newFolder();
    const outcomes = await trainOnRanks([jobOf(photos(), out), jobOf(start, out)]);
    for (const { error } of outcomes) expect(String(error)).toContain(`rank 1: has another ${named}`);
    expect(existsSync(out)).toBe(false);
  }
});

test("what one rank cannot do ends all, and is said by its own rank and by rank 0", async () => {
  const missing = jobOf({ ...photos(), data: join(folder, "nowhere") }, newFolder());
  const [first, second] = await trainOnRanks([jobOf(photos(), newFolder()), missing]);
  expect(String(first.error)).toContain("rank 1: ");
  expect(String(second.error)).not.toContain("rank 1: ");
  for (const { error } of [first, second]) expect(String(error)).toContain("nowhere");
});

test("too few images and what ranks cannot do are refused by name", async () => {
  const refusal = async (start: TrainingJob["start"], more: Partial<TrainingJob> = {}): Promise<string> => {
    const job = { ...jobOf(start, newFolder()), ...more };
    const [{ error }] = await trainOnRanks([job, job]);
    return String(error);
  };
  expect(await refusal(photos({ batch: 16 }))).toContain(
    "batch: must be at most 17, the number of images to train on, got 32: the batches of 2 ranks together",
  );
  expect(await refusal(photos(), { device: "webgpu" })).toContain("device: is webgpu, but several ranks train on");
  const single = newFolder();
  await trainAlone(photos({ epochs: 1 }), single);
  expect(await refusal({ resume: single, epochs: 2 })).toContain(
    "accumulate: must be a multiple of 2, the number of ranks that share a step's batches, got 1",
  );
});
