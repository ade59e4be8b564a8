import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { encodePng } from "../../src/files/png.ts";
import type { JobContext } from "../../src/jobs/job.ts";
import { measureAdvice } from "../../src/lab/advise/node/perform.ts";
import { compareNetworks } from "../../src/lab/compare/node/perform.ts";
import { flowRecipe } from "../../src/lab/gradient-flow/node/job.ts";
import { type RateRecipe, rateRefusals } from "../../src/lab/lr-find/node/job.ts";
import { testRates } from "../../src/lab/lr-find/node/perform.ts";
import { followGradients } from "../../src/lab/gradient-flow/node/perform.ts";
import { comparisonRecipe } from "../../src/lab/compare/standard-comparison.ts";
import { findNodeTask } from "../../src/tasks/node/find-node-task.ts";
import { taskNameOf } from "../../src/tasks/find-task.ts";
import { standardSettings } from "../../src/tasks/segment/settings.ts";
import { randomStream } from "../../src/tensor/random.ts";
import type { FreshTraining, TrainingJob } from "../../src/train/node/job.ts";
import { performTraining } from "../../src/train/node/perform-training.ts";
import { completeRecipe } from "../../src/train/recipe-check.ts";
import type { Recipe } from "../../src/train/recipe.ts";
import { expectObedience, type TrainingPath } from "../support/obedience.ts";

const SIDE = 16;
/** Of the first and the second class: not equally many, so that balancing them changes something. */
const counts = { train: [10, 6], test: [40, 40] } as const;
let folder: string;
let runs = 0;

/** An image of noise, that of the second class a little brighter: hard enough to learn for every recipe to end elsewhere. */
function drawNoise(name: string, label = 0): Uint8Array {
  const stream = randomStream(7, name);
  const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, () => Math.floor(7 * label + 240 * stream.uniform()));
  return encodePng({ width: SIDE, height: SIDE, channels: 3, samples: pixels });
}

/** Points of two classes in noise. */
function drawMask(name: string): Uint8Array {
  const stream = randomStream(8, name);
  const pixels = Uint8Array.from({ length: SIDE * SIDE }, () => (stream.uniform() < 0.3 ? 255 : 0));
  return encodePng({ width: SIDE, height: SIDE, channels: 1, samples: pixels });
}

function writeImages(): void {
  for (const [part, [first, second]] of Object.entries(counts)) {
    for (const [label, count] of [first, second].entries()) {
      const place = join(folder, "photos", part, `class${label}`);
      mkdirSync(place, { recursive: true });
      for (let index = 0; index < count; index++)
        writeFileSync(join(place, `${index}.png`), drawNoise(`${part} ${label} ${index}`, label));
    }
  }
  for (const part of ["images", "masks"]) mkdirSync(join(folder, "points", part), { recursive: true });
  for (let index = 0; index < 14; index++) {
    writeFileSync(join(folder, "points", "images", `${index}.png`), drawNoise(`point ${index}`));
    writeFileSync(join(folder, "points", "masks", `${index}.png`), drawMask(`point ${index}`));
  }
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "residua-obedience-"));
  writeImages();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const context = (stopAfter = Number.POSITIVE_INFINITY): JobContext<unknown> => {
  let asked = 0;
  return { report: () => undefined, shouldStop: async () => asked++ >= stopAfter };
};

const place = () =>
  ({
    cache: join(folder, "cache"),
    lowering: "portable",
    session: { threads: 1, graphOptimization: "disabled" },
  }) as const;
const hashOf = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");

async function train(start: TrainingJob["start"], out: string, stopAfter?: number): Promise<string> {
  const job: TrainingJob = { start, out, ...place(), workers: 0 };
  const { epochs } = await performTraining(job, context(stopAfter), (notes, where) =>
    findNodeTask(taskNameOf(notes, where)),
  );
  return stopAfter === undefined ? `${epochs.length} ${hashOf(join(out, "model.onnx"))}` : "";
}

const batch = 4;

/** Trains through the checkpoints of a folder. */
function folderPath(own: () => Omit<FreshTraining, "recipe">): () => TrainingPath {
  const startOf = (choice: Partial<Recipe>, epochs: number): FreshTraining => ({
    ...own(),
    recipe: completeRecipe({ epochs, batch, ...choice }),
  });
  return () => ({
    train: (choice, epochs) => train(startOf(choice, epochs), join(folder, `run${runs++}`)),
    trainInParts: async (choice, epochs) => {
      const out = join(folder, `run${runs++}`);
      await train(startOf(choice, epochs), out, 2);
      return train({ resume: out }, out);
    },
  });
}

const photos = (): Omit<FreshTraining, "recipe"> => ({
  model: "resnet8",
  modelOptions: {},
  data: join(folder, "photos"),
  imageSize: SIDE,
  validation: 0.25,
  augmentation: { cropPadding: 1, flip: false },
});

expectObedience("training on images of classes", folderPath(photos));

/** Fields that only some choices have, and what every recipe has otherwise. */
const isRamped = ([field]: readonly [string, unknown]): boolean => Object.hasOwn(rateRefusals, field);

expectObedience("looking for a learning rate", () => ({
  train: async (choice) => {
    const whole = Object.entries(completeRecipe({ batch, ...choice })).filter((entry) => !isRamped(entry));
    const recipe = Object.fromEntries([...whole, ...Object.entries(choice).filter(isRamped)]) as unknown as RateRecipe;
    const start = { ...photos(), recipe };
    const { points } = await testRates({ start, lowest: 1e-3, highest: 1, steps: 12, ...place() }, context());
    return JSON.stringify(points);
  },
}));

expectObedience(
  "fine-tuning",
  folderPath(() => ({ ...photos(), weights: { path: join(folder, "base", "last.safetensors") } })),
);
beforeAll(async () => {
  await train({ ...photos(), recipe: completeRecipe({ epochs: 1, batch, seed: 3 }) }, join(folder, "base"));
});

expectObedience(
  "training on masks",
  folderPath(() => ({
    model: "resunet",
    modelOptions: { channels: 3, stemWidth: 2 },
    data: join(folder, "points"),
    imageSize: SIDE,
    validation: 0.2,
    augmentation: { cropPadding: 0, flip: false },
    task: { ...standardSettings, target: "classes", testShare: 0.2 },
  })),
);

expectObedience("a comparison", () => ({
  train: async (choice, epochs) => {
    const { runs: compared } = await compareNetworks(
      {
        runs: [{ depth: 8, shortcut: "pad", seed: 0, model: "resnet8", recipe: choice }],
        data: join(folder, "photos"),
        recipe: { ...comparisonRecipe, epochs, batch },
        ...place(),
        workers: 0,
      },
      context(),
    );
    return JSON.stringify(compared.map((run) => ({ ...run, imagesPerSecond: 0 })));
  },
}));

expectObedience("a measurement", () => ({
  train: async (choice, epochs) => {
    const { base } = await measureAdvice(
      {
        base: { name: "resnet8", options: {} },
        variants: [],
        data: join(folder, "photos"),
        steps: 4 * epochs,
        seeds: [0],
        testImages: counts.test[0] + counts.test[1],
        recipe: { batch, ...choice },
        training: join(folder, "measured.safetensors"),
        ...place(),
      },
      context(),
    );
    return JSON.stringify(base.map((run) => ({ ...run, milliseconds: 0 })));
  },
}));

expectObedience("following the gradient", () => ({
  standard: flowRecipe,
  train: async (choice, epochs) => {
    const training = join(folder, "flow.safetensors");
    // Whoever has the study's result removes it.
    rmSync(training, { force: true });
    const { networks } = await followGradients(
      {
        networks: [{ label: "resnet8", model: "resnet8", options: {} }],
        data: join(folder, "photos"),
        steps: 4 * epochs,
        probes: 3,
        recipe: { batch, ...choice },
        training,
        ...place(),
      },
      context(),
    );
    return JSON.stringify(networks);
  },
}));
