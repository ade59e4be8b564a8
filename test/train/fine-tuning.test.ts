import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { imageSize, isInMemory } from "../../src/data/image-set.ts";
import { openDataset } from "../../src/data/node/open.ts";
import { selectClasses } from "../../src/data/select-classes.ts";
import { findOnnxCard } from "../../src/networks/export.ts";
import { decodeModel } from "../../src/onnx/decode.ts";
import type { Running } from "../../src/jobs/job.ts";
import { runInChild } from "../../src/jobs/node/child-process.ts";
import { trainingJob } from "../../src/tasks/node/training-job.ts";
import type { FreshTraining, TrainingEvent, TrainingJob, TrainingResult } from "../../src/train/node/job.ts";
import { defaultRecipe } from "../../src/train/recipe.ts";
import { writePytorch } from "../../src/weights/node.ts";
import { layoutCase, weightsOfCase } from "../support/layouts.ts";

/** Generous: it ends a hang, nothing else. */
const timeout = 300_000;
const startTraining = (
  job: TrainingJob,
  onEvent: (event: TrainingEvent) => void,
): Running<TrainingEvent, TrainingResult> => runInChild(trainingJob, job, { onEvent });

let folder: string;

/** Pictures of two digits, 300 of each to learn from and 100 to be tested on, in folders by class. */
async function writePictures(root: string): Promise<void> {
  const format = { channels: 1, height: 28, width: 28 } as const;
  const {
    classes,
    train,
    test: held,
  } = selectClasses(await openDataset("mnist", join(root, "cache"), format), ["0", "1"]);
  for (const [part, set, limit] of [
    ["train", train, 300],
    ["test", held, 100],
  ] as const) {
    if (!isInMemory(set)) throw new Error("MNIST is in memory");
    const size = imageSize(set);
    for (const [label, name] of classes.entries()) {
      const target = join(root, "digits", part, name);
      mkdirSync(target, { recursive: true });
      const places = [...set.labels.keys()].filter((place) => set.labels[place] === label).slice(0, limit);
      const write = (place: number) =>
        sharp(set.images.slice(place * size, (place + 1) * size), { raw: format })
          .png()
          .toFile(join(target, `${place}.png`));
      await Promise.all(places.map(write));
    }
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "residua-fine-tuning-"));
  await writePictures(folder);
}, timeout);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const golden = (name: string): string => fileURLToPath(new URL(`../golden/fine-tuning/${name}`, import.meta.url));

function createJob(out: string, change: Partial<FreshTraining>): TrainingJob {
  const start: FreshTraining = {
    modelOptions: {},
    data: join(folder, "digits"),
    validation: 0.1,
    augmentation: { cropPadding: 0, flip: false },
    recipe: { ...defaultRecipe, epochs: 4, batch: 20, learningRate: 0.02, seed: 1 },
    ...change,
  };
  return {
    start,
    out: join(folder, out),
    cache: join(folder, "cache"),
    lowering: "auto",
    session: { threads: 1 },
    workers: 0,
  };
}

async function fineTune(out: string, change: Partial<FreshTraining>): Promise<TrainingResult & { notes: string[] }> {
  const notes: string[] = [];
  const running = startTraining(createJob(out, change), (event) => event.kind === "note" && notes.push(event.text));
  return { ...(await running.result), notes };
}

/** Runs a file in onnxruntime as anyone would. @returns the shape of its scores */
async function runPlainly(path: string, imageShape: readonly number[], batch: number): Promise<readonly number[]> {
  const session = await InferenceSession.create(path);
  const size = imageShape.reduce((a, b) => a * b, batch);
  const results = await session.run({ images: new Tensor("float32", new Float32Array(size), [batch, ...imageShape]) });
  await session.release();
  return results["scores"].dims;
}

describe("a network fine-tuned on two classes of pictures", () => {
  test.each([
    ["narrow-folded.onnx", 0.003, /no batch norm is left in the file/],
    ["narrow-training.onnx", 0.003, /20 batch norms train/],
  ])(
    "from %s of PyTorch learns them, and runs in plain onnxruntime",
    async (name, learningRate, note) => {
      const optimizer = { name: "adamw" } as const;
      const recipe = { ...defaultRecipe, optimizer, epochs: 6, batch: 20, learningRate, seed: 1 };
      const result = await fineTune(name, { from: golden(name), recipe });
      expect(result.notes.join("\n")).toMatch(note);
      expect(result.notes.join("\n")).toMatch(/the classifier of 10 classes is replaced by one of 2/);
      expect(result.epochs.at(-1)!.training.loss).toBeLessThan(result.epochs[0].training.loss);
      expect(result.test!.measures["accuracy"]).toBeGreaterThanOrEqual(0.98);
      const path = result.files.onnx!;
      for (const batch of [1, 3]) expect(await runPlainly(path, [3, 32, 32], batch)).toEqual([batch, 2]);
      expect(findOnnxCard(decodeModel(readFileSync(path), path), path)!.classes).toEqual(["0", "1"]);
    },
    timeout,
  );

  test(
    "from Residua's own ONNX and from its checkpoint learns them",
    async () => {
      const recipe = { ...defaultRecipe, epochs: 1, batch: 20, seed: 1 };
      const mnist = { model: "resnet8", data: "mnist", limit: 400, classes: ["3", "7", "8"], recipe };
      const own = await fineTune("own", mnist);
      const fromOnnx = await fineTune("own-onnx", { from: own.files.onnx! });
      expect(fromOnnx.test!.measures["accuracy"]).toBeGreaterThanOrEqual(0.98);
      expect(await runPlainly(fromOnnx.files.onnx!, [1, 28, 28], 2)).toEqual([2, 2]);
      const fromWeights = await fineTune("own-weights", { from: own.files.last });
      expect(fromWeights.notes.join("; ")).toMatch(
        /weights of resnet8 .*; the classifier of 3 classes is replaced by one of 2/,
      );
      expect(fromWeights.test!.measures["accuracy"]).toBeGreaterThanOrEqual(0.98);
    },
    timeout,
  );
});

test(
  "a training with averages, accumulation, mixup, class weights and gradual unfreezing resumes to the same files",
  async ({ skip }) => {
    const recipe = {
      ...defaultRecipe,
      epochs: 3,
      batch: 10,
      accumulate: 2,
      mixup: 0.2,
      average: 0.9,
      unfreezeEvery: 1,
      layerDecay: 0.8,
      classWeights: "balanced" as const,
      seed: 1,
    };
    const change = { from: golden("narrow-training.onnx"), recipe };
    await fineTune("whole", change);
    const running = startTraining(createJob("stopped", change), (event) => {
      if (event.kind === "step" && event.progress.step === 30) running.stop();
    });
    skip((await running.result).status === "done", "the training was over before the message reached it");
    const { out: _, ...job } = createJob("stopped", {});
    const resumed = await startTraining({ ...job, start: { resume: join(folder, "stopped") } }, () => undefined).result;
    expect(resumed.status).toBe("done");
    const hashOf = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");
    for (const file of ["last.safetensors", "best.safetensors", "model.onnx"])
      expect(hashOf(join(folder, "stopped", file)), file).toBe(hashOf(join(folder, "whole", file)));
  },
  timeout,
);

test(
  "weights of another system start a network: a mismatch is refused by its keys, a part is taken where that is wanted",
  async () => {
    const { tensors } = weightsOfCase(layoutCase("akamaster resnet20"));
    const [whole, part] = [join(folder, "whole.th"), join(folder, "part.th")];
    await writePytorch(whole, tensors);
    const changed = new Map([...tensors, ["extra.weight", tensors.get("conv1.weight")!]]);
    changed.delete("layer3.2.bn2.bias");
    await writePytorch(part, changed);
    const recipe = { ...defaultRecipe, epochs: 1, batch: 20, seed: 1 };
    const learnt = await fineTune("weights", { weights: { path: whole }, recipe });
    expect(learnt.notes.join("; ")).toMatch(
      /weights of resnet20 from .*whole\.th; the classifier of 10 classes is replaced by one of 2/,
    );
    const endOf = (change: Partial<FreshTraining>): Promise<string> =>
      fineTune("refused", { recipe, ...change }).then(() => "done", String);
    expect(await endOf({ model: "resnet20", weights: { path: part } })).toMatch(
      /missing "layer3\.2\.bn2\.bias"; unexpected "extra\.weight"/,
    );
    expect(await endOf({ model: "resnet18", weights: { path: whole } })).toMatch(/does not fit the network: missing/);
    expect(existsSync(join(folder, "refused"))).toBe(false);
    const taken = await fineTune("part", { model: "resnet20", weights: { path: part, partial: true }, recipe });
    expect(taken.notes.join("; ")).toMatch(/missing "layer3\.2\.bn2\.bias"; unexpected "extra\.weight"/);
  },
  timeout,
);

test(
  "wrong wishes end in one line before anything is trained",
  async () => {
    const from = golden("narrow-folded.onnx");
    const endOf = (change: Partial<FreshTraining>): Promise<string> =>
      fineTune("wrong", change).then(() => "done", String);
    expect(await endOf({ from, model: "resnet8" })).toMatch(/model: does not fit `from`/);
    expect(await endOf({ from, data: "mnist" })).toMatch(/data: has images of 1 channel\(s\), .* takes 3/);
    expect(await endOf({ from, classes: ["0", "9"] })).toMatch(/classes: "9" is not a class/);
    expect(await endOf({ from, recipe: { ...defaultRecipe, freeze: ["layer7"] } })).toMatch(
      /freeze: "layer7" matches no parameter/,
    );
  },
  timeout,
);
