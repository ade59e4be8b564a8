import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toModel } from "../../src/compile/inference.ts";
import { portableChoices } from "../../src/compile/portable/choices.ts";
import { createPortableLowering, portable } from "../../src/compile/portable/lowering.ts";
import { buildTrainingStep } from "../../src/compile/step/steps.ts";
import { openTrainedNetwork } from "../../src/networks/node/open.ts";
import { crossEntropy } from "../../src/nn/losses.ts";
import type { ModelOptions } from "../../src/nn/model-options.ts";
import { createModel } from "../../src/nn/models.ts";
import { createGraphBuilder } from "../../src/onnx/builder.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { createNodeRuntime } from "../../src/runtime/node.ts";
import { copyModel } from "../../src/runtime/tensor-reader.ts";
import type { Session } from "../../src/runtime/runtime.ts";
import { platePresets } from "../../src/tasks/plates/presets.ts";
import type { PlatePart } from "../../src/tasks/plates/settings.ts";
import { platesStep } from "../../src/tasks/plates/step.ts";
import { segmentationPresets } from "../../src/tasks/segment/presets.ts";
import { segmentationStep } from "../../src/tasks/segment/step.ts";
import { findNodeTask } from "../../src/tasks/node/find-node-task.ts";
import { taskNameOf } from "../../src/tasks/find-task.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { float32 } from "../../src/tensor/tensor.ts";
import type { TaskStep } from "../../src/train/engine.ts";
import { chooseLowering } from "../../src/train/lowering.ts";
import { readCheckpoint } from "../../src/train/node/files.ts";
import type { TrainingJob, TrainingResult } from "../../src/train/node/job.ts";
import { performTraining } from "../../src/train/node/perform-training.ts";
import { defaultRecipe, type Recipe } from "../../src/train/recipe.ts";
import { stepOptionsOf } from "../../src/train/recipe-step.ts";
import type { TrainerOptions } from "../../src/train/trainer.ts";
import { normalTensor, runLowered } from "../support/compare-lowerings.ts";
import { expectSameState, largestDifference, LIMIT, openTrainer, takeSteps } from "../support/device-training.ts";
import { writePictures } from "../support/picture-folders.ts";
import { placesOf } from "../support/placement.ts";
import { hasAdapter } from "../support/software-adapter.ts";
import { recurrenceModel } from "./models.ts";

const isThere = await hasAdapter();

describe.runIf(isThere)("Node with WebGPU", () => {
  const [processor, device] = [createNodeRuntime(), createNodeRuntime("webgpu")];
  let folder: string;
  /** As long as a session is open, ONNX Runtime keeps its compiled shaders, which take longer than all else here. */
  let open: Session;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "residua-webgpu-"));
    open = await device.load(copyModel("float32", 1));
  });
  afterAll(async () => {
    await open.release();
    rmSync(folder, { recursive: true, force: true });
  });

  test("five steps, the state after them, and a step from a loaded state are those of the processor", async () => {
    const [wanted, actual] = [await openTrainer(processor, "resnet8"), await openTrainer(device, "resnet8")];
    const losses = [await takeSteps(wanted, 0, 5), await takeSteps(actual, 0, 5)];
    for (const [step, loss] of losses[0].entries())
      expect(Math.abs(losses[1][step] - loss), `step ${step + 1}`).toBeLessThan(LIMIT);
    const state = await wanted.state();
    expectSameState(await actual.state(), state);
    actual.load(state, 5);
    const [[after], [loaded]] = [await takeSteps(wanted, 5, 1), await takeSteps(actual, 5, 1)];
    expect(Math.abs(loaded - after)).toBeLessThan(LIMIT);
    await wanted.release();
    await actual.release();
  });

  test("a training that is stopped and resumed there ends where one on the processor ends, and says where it ran", async () => {
    const pictures = join(folder, "pictures");
    await writePictures(pictures, 10, 8);
    const fresh: TrainingJob["start"] = {
      model: "resnet8",
      modelOptions: {},
      data: pictures,
      imageSize: 8,
      validation: 0,
      augmentation: { cropPadding: 0, flip: false },
      recipe: { ...defaultRecipe, epochs: 2, batch: 8, learningRate: 0.02, seed: 3 },
    };
    const run = (out: string, change: Partial<TrainingJob>, stopAfter = Number.POSITIVE_INFINITY) =>
      trainHere({ ...jobOf(folder, out), start: fresh, ...change }, stopAfter);
    const wanted = await run("processor", { lowering: "portable" });
    const stopped = await run("device", { device: "webgpu" }, 1);
    expect([stopped.status, stopped.lowering]).toEqual(["stopped", "portable"]);
    const out = join(folder, "device");
    const resumed = await run("device", { device: "webgpu", start: { resume: out } });
    expect([resumed.status, resumed.steps]).toEqual(["done", wanted.steps]);
    const [{ notes, state }, other] = await Promise.all(
      [resumed, wanted].map(({ files }) => readCheckpoint(files.last)),
    );
    expect(notes.engine.device).toMatch(/^webgpu \(.+\)$/);
    expect(other.notes.engine).not.toHaveProperty("device");
    expectSameState(state, other.state);
    expect(Math.abs(resumed.test!.loss - wanted.test!.loss)).toBeLessThan(LIMIT);
    // The exported file opens on either device.
    const images = normalTensor(1, "images", [2, 3, 8, 8]);
    const scores = [];
    for (const place of ["cpu", "webgpu"] as const) {
      const { session } = await openTrainedNetwork(resumed.files.onnx!, {}, { device: place });
      scores.push(await (await session.run({ images }))["scores"].read());
      await session.release();
    }
    expect(largestDifference(scores[0], scores[1])).toBeLessThan(LIMIT);
  });

  test("two trainings at once take the steps that each takes alone", async () => {
    const [first, second] = [await openTrainer(device, "resnet8"), await openTrainer(device, "resnet8")];
    const both: number[][] = [[], []];
    for (let step = 0; step < 2; step++) {
      const pair = await Promise.all([takeSteps(first, step, 1), takeSteps(second, step + 10, 1)]);
      for (const [which, [loss]] of pair.entries()) both[which].push(loss);
    }
    const state = await first.state();
    await first.release();
    await second.release();
    for (const [which, from] of [0, 10].entries()) {
      const alone = await openTrainer(device, "resnet8");
      expect(await takeSteps(alone, from, 2)).toEqual(both[which]);
      if (from === 0) expectSameState(await alone.state(), state);
      await alone.release();
    }
  });

  test("max pooling's gradient goes to the first maximum there, too", async () => {
    const g = createGraphBuilder("pooling");
    const x = g.input("x", "float32", [2, 3, 7, 8]);
    const dy = g.input("dy", "float32", [2, 3, 4, 4]);
    const window = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };
    g.output("dx", g.op("MaxPoolGradient", [dy, x], window));
    const values = normalTensor(3, "x", [2, 3, 7, 8]);
    // Rounded, so that maxima are often equal, and below 0, where padding must not win.
    const feeds = {
      x: float32(
        values.shape,
        (values.data as Float32Array).map((value) => Math.round(value) - 3),
      ),
      dy: normalTensor(4, "dy", [2, 3, 4, 4]),
    };
    const wanted = await runLowered(processor, portable, g.finish(), feeds);
    const actual = await runLowered(device, createPortableLowering(portableChoices.webgpu), g.finish(), feeds);
    expect(largestDifference(actual.dx, wanted.dx)).toBeLessThan(LIMIT);
  });

  test("what is kept on the device is read as it was when it was computed, and not after its session is released", async () => {
    const session = await device.load(recurrenceModel(2, 2), { keepOnDevice: ["next"] });
    const first = await session.run({ state: float32([2], [1, 2]) });
    const second = await session.run({ state: first.next });
    expect([...((await second.next.read()).data as Float32Array)]).toEqual([7, 11]);
    expect([...((await first.next.read()).data as Float32Array)]).toEqual([3, 5]);
    first.next.dispose();
    await expect(session.run({ state: first.next })).rejects.toThrow('input "state": was disposed of');
    await session.release();
    await expect(second.next.read()).rejects.toThrow("was disposed of, or its session was released");
  });

  test("the blocked lowering is refused there by name", async () => {
    await expect(chooseLowering(device, "blocked")).rejects.toThrow(
      'lowering: "blocked" runs on the processor, not on webgpu; use "portable" or "auto"',
    );
  });

  test.each(Object.entries(stepsOnDevice))(
    "no operator of a step of %s is left to the processor, by ONNX Runtime's own log",
    async (name, options) => {
      const file = join(folder, `${name}.onnx`);
      writeFileSync(file, writeStep(options()));
      expect(await placesOf(file)).toEqual(["WebGpuExecutionProvider"]);
    },
  );
});

const jobOf = (folder: string, out: string): Omit<TrainingJob, "start"> => ({
  out: join(folder, out),
  cache: join(folder, "cache"),
  lowering: "auto",
  session: { threads: 1 },
  workers: 1,
});

/** Trains in this process, which has the software adapter. */
function trainHere(job: TrainingJob, stopAfter: number): Promise<TrainingResult> {
  let steps = 0;
  return performTraining(
    job,
    {
      report: (event) => void (steps += event.kind === "step" ? 1 : 0),
      shouldStop: async () => steps >= stopAfter,
    },
    (notes, where) => findNodeTask(taskNameOf(notes, where)),
  );
}

/** What of a step's options is not the same for all of them. */
type StepParts = Pick<TrainerOptions, "module" | "imageShape"> & Partial<TrainerOptions>;

const classifierStep = (name: string, size: number): StepParts => ({
  module: createModel(name).module,
  imageShape: [3, size, size],
});

/** A step as a preset of a task takes it. */
function taskStep(
  { model, recipe }: { readonly model: string; readonly recipe: Recipe },
  options: ModelOptions,
  stepOf: (sample: Shape) => TaskStep,
  sample?: Shape,
): StepParts {
  const { module, imageShape } = createModel(model, options);
  return { module, imageShape: sample ?? imageShape, ...stepOptionsOf(recipe), ...stepOf(sample ?? imageShape) };
}

const { cells } = segmentationPresets;
/** Rows and columns of what cells are trained on. */
const CROP = cells.settings.crop!;
const plates = (part: PlatePart): StepParts => {
  const { model, recipe, samples } = platePresets[part];
  const settings = { name: "plates", part, samples, drawnShare: 1 } as const;
  return taskStep({ model, recipe }, {}, (sample) => platesStep(settings, sample, recipe));
};

/** Steps that must be on the device as a whole. */
const stepsOnDevice: Readonly<Record<string, () => StepParts>> = {
  resnet8: () => classifierStep("resnet8", 32),
  resnet20: () => classifierStep("resnet20", 32),
  resnet50: () => classifierStep("resnet50", 64),
  densenet40_k12: () => classifierStep("densenet40_k12", 32),
  cells: () =>
    taskStep(
      cells,
      { ...cells.modelOptions, classes: 4 },
      (sample) => segmentationStep(cells.settings, sample, cells.recipe),
      [3, CROP, CROP],
    ),
  "plate reader": () => plates("read"),
  "plate locator": () => plates("locate"),
};

/** A training step for WebGPU, as a file. */
function writeStep(parts: StepParts): Uint8Array {
  const optimizer = sgd({ momentum: 0.9, weightDecay: 1e-4 });
  const { graph } = buildTrainingStep({
    optimizer,
    loss: crossEntropy,
    ...parts,
    batch: 2,
    average: true,
    mixup: false,
    joinsSmall: true,
  });
  return encodeModel(toModel(createPortableLowering(portableChoices.webgpu).lower(graph).write()));
}
