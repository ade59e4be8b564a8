import { describe, expect, test } from "vitest";
import { brightRows, dropoutNetwork, hashState } from "../../test/support/training.ts";
import { crossEntropy } from "../nn/losses.ts";
import { createModel } from "../nn/models.ts";
import { linear, sequential } from "../nn/layers.ts";
import { defineModule } from "../nn/module.ts";
import { createGraphBuilder } from "../onnx/builder.ts";
import { sgd } from "../optim/sgd.ts";
import { createNodeRuntime } from "../runtime/node.ts";
import { OptionError } from "../tensor/errors.ts";
import { float32, int64, type Tensor } from "../tensor/tensor.ts";
import { runGraph } from "../../test/support/run-graph.ts";
import { planFineTuning } from "./fine-tuning.ts";
import { alone } from "./strategies/collective.ts";
import { dataParallel } from "./strategies/data-parallel.ts";
import { createGradualTrainer } from "./strategies/gradual.ts";
import { chooseLowering } from "./lowering.ts";
import { averagedState } from "../networks/card.ts";
import { defaultRecipe } from "./recipe.ts";
import { createTrainer, type Trainer, type TrainerOptions, type TrainingState } from "./trainer.ts";

const runtime = createNodeRuntime();
const imageShape = [2, 9, 9];
const { lowering: fastest } = await chooseLowering(runtime, "auto");

/** Without dropout or batch norm: what a batch teaches is the mean of what its halves do. */
const plain = sequential({
  flat: defineModule("Flatten", {}, ({ g }, x) => g.op("Flatten", [x], { axis: 1 })),
  fc: linear(2 * 81, 3),
});
const base: TrainerOptions = {
  runtime,
  module: plain,
  imageShape,
  batch: 8,
  optimizer: sgd({ weightDecay: 1e-3 }),
  seed: 3,
  session: { threads: 1 },
};
const resnet: TrainerOptions = { ...base, module: createModel("resnet8", { channels: 2, classes: 3 }).module };

async function train(options: TrainerOptions, steps: number, make = createTrainer): Promise<TrainingState> {
  const trainer = await make(options);
  try {
    await continueTo(trainer, steps);
    return await trainer.state();
  } finally {
    await trainer.release();
  }
}

async function continueTo(trainer: Trainer, steps: number): Promise<void> {
  while (trainer.steps < steps) await trainer.step(brightRows(trainer.steps, 8, imageShape), 0.05);
}

function largestDifference(a: Tensor | undefined, b: Tensor | undefined): number {
  const [x, y] = [a!.data as Float32Array, b!.data as Float32Array];
  return x.reduce((largest, value, index) => Math.max(largest, Math.abs(value - y[index])), 0);
}

describe("accumulated gradients", () => {
  test("of two halves make the same step as the whole batch", async () => {
    const whole = await train(base, 3);
    const halves = await train({ ...base, batch: 4, accumulate: 2 }, 3);
    // float32 sums in another order
    for (const [name, value] of whole) expect(largestDifference(value, halves.get(name)), name).toBeLessThan(1e-5);
  });

  test("with averages and mixup give the same bits after going on from a kept state", async () => {
    const options = { ...resnet, batch: 4, accumulate: 2, lowering: fastest, average: 0.9, mixup: 0.4 };
    const whole = await train(options, 4);
    const half = await train(options, 2);
    const trainer = await createTrainer(options);
    trainer.load(half, 2);
    await continueTo(trainer, 4);
    expect(hashState(await trainer.state())).toBe(hashState(whole));
    await trainer.release();
  });

  test("need images that can be divided", async () => {
    const trainer = await createTrainer({ ...base, batch: 4, accumulate: 2 });
    await expect(trainer.step(brightRows(0, 7, imageShape), 0.1)).rejects.toThrow(OptionError);
    await trainer.release();
  });
});

test("a moving average is d·e + (1 − d)·w after each step, with d from 2/11 on up to what was asked", async () => {
  const options = { ...base, average: 0.25 };
  const [first, second] = [await train(options, 1), await train(options, 2)];
  const start = await train(options, 0);
  const blend = (before: number, value: number, decay: number): number => decay * before + (1 - decay) * value;
  const [w0, w1, w2] = [start, first, second].map((state) => state.get("fc.weight")!.data[5]);
  const e1 = blend(w0, w1, 2 / 11);
  expect(first.get("ema/fc.weight")!.data[5]).toBeCloseTo(e1, 6);
  // (1 + 2) / (10 + 2) = 0.25, and no more later.
  expect(second.get("ema/fc.weight")!.data[5]).toBeCloseTo(blend(e1, w2, 0.25), 6);
  expect(averagedState(second).get("fc.weight")).toBe(second.get("ema/fc.weight"));
});

test("running statistics are averaged too", async () => {
  const state = await train({ ...resnet, average: 0.9 }, 1);
  expect(state.has("ema/bn1.running_mean")).toBe(true);
});

test("a frozen layer keeps its weights and its batch norm's statistics; others change", async () => {
  const frozen = (name: string): boolean => name.startsWith("layer1.");
  const [before, after] = [await train({ ...resnet, frozen }, 0), await train({ ...resnet, frozen }, 2)];
  for (const name of ["layer1.0.conv1.weight", "layer1.0.bn1.running_mean", "layer1.0.bn2.running_var"])
    expect(largestDifference(before.get(name), after.get(name)), name).toBe(0);
  for (const name of ["conv1.weight", "bn1.running_mean", "fc.weight"])
    expect(largestDifference(before.get(name), after.get(name)), name).toBeGreaterThan(0);
});

test("a parameter's factor multiplies its step of plain SGD", async () => {
  const optimizer = sgd({ momentum: 0 });
  const start = await train({ ...base, optimizer }, 0);
  const whole = await train({ ...base, optimizer }, 1);
  const tenth = await train({ ...base, optimizer, rateFactor: (name) => (name === "fc.bias" ? 0.1 : 1) }, 1);
  const moved = (state: TrainingState): number => state.get("fc.bias")!.data[0] - start.get("fc.bias")!.data[0];
  expect(moved(tenth) / moved(whole)).toBeCloseTo(0.1, 5);
  expect(tenth.get("fc.weight")).toEqual(whole.get("fc.weight"));
});

test("a group has its own rate at each step", async () => {
  const optimizer = sgd({ momentum: 0 });
  const groups = [{ parameters: new Set(["fc.bias"]), rateAt: (step: number) => (step === 0 ? 0 : 0.1) }];
  const [start, one, two] = await Promise.all([0, 1, 2].map((steps) => train({ ...base, optimizer, groups }, steps)));
  expect(one.get("fc.bias")).toEqual(start.get("fc.bias"));
  expect(two.get("fc.bias")).not.toEqual(one.get("fc.bias"));
  expect(one.get("fc.weight")).not.toEqual(start.get("fc.weight"));
});

test.each([
  [[["fc.bais"]], 'groups: no parameter is called "fc.bais"'],
  [[["fc.bias"], ["fc.weight", "fc.bias"]], 'groups: "fc.bias" is in two groups'],
])("groups of %j are refused", async (names, message) => {
  const groups = names.map((group) => ({ parameters: new Set(group), rateAt: () => 0.1 }));
  await expect(createTrainer({ ...base, groups })).rejects.toThrow(message);
  await expect(dataParallel(alone)({ ...base, groups })).rejects.toThrow(message);
});

test.each([createTrainer, dataParallel(alone)])("a group may hold a parameter that is frozen", async (make) => {
  const groups = [{ parameters: new Set(["fc.bias", "fc.weight"]), rateAt: () => 0.1 }];
  const frozen = (name: string): boolean => name === "fc.bias";
  const [start, end] = [
    await train({ ...base, groups, frozen }, 0, make),
    await train({ ...base, groups, frozen }, 1, make),
  ];
  expect(end.get("fc.bias")).toEqual(start.get("fc.bias"));
  expect(end.get("fc.weight")).not.toEqual(start.get("fc.weight"));
});

describe("gradual unfreezing", () => {
  const plan = planFineTuning({ ...defaultRecipe, unfreezeEvery: 1 }, resnet.module, {
    steps: 10,
    stepsPerEpoch: 2,
    sample: resnet.imageShape,
  });
  const gradual = (firstStep: number) => (options: TrainerOptions) =>
    createGradualTrainer(
      options,
      { fineTuning: plan, imageShapeAt: () => resnet.imageShape },
      { firstStep, strategy: createTrainer },
    );

  test("trains the classifier alone for the first epoch, then the stage before it", async () => {
    const states = [];
    for (const steps of [0, 2, 4]) states.push(await train(resnet, steps, gradual(0)));
    const [start, first, second] = states;
    const moved = (a: TrainingState, b: TrainingState, name: string): boolean =>
      largestDifference(a.get(name), b.get(name)) > 0;
    expect(["fc.weight", "layer3.0.conv1.weight"].map((name) => moved(start, first, name))).toEqual([true, false]);
    expect(["layer3.0.conv1.weight", "layer2.0.conv1.weight"].map((name) => moved(first, second, name))).toEqual([
      true,
      false,
    ]);
  });

  test.each([1, 2, 3])("goes on from step %i with the same bits", async (step) => {
    const whole = await train(resnet, 5, gradual(0));
    const kept = await train(resnet, step, gradual(0));
    const trainer = await gradual(step)(resnet);
    trainer.load(kept, step);
    await continueTo(trainer, 5);
    expect(hashState(await trainer.state())).toBe(hashState(whole));
    await trainer.release();
  });
});

describe("mixup", () => {
  test("of equal halves trains on the same for every λ, and on something else where images differ", async () => {
    const { images, labels } = brightRows(1, 4, imageShape);
    const mirrored = {
      images: float32([8, ...imageShape], [...images.data, ...reverseImages(images)]),
      labels: int64([8], [...labels.data, ...labels.data.toReversed()].map(Number)),
    };
    const lossOf = async (options: TrainerOptions, batch = mirrored): Promise<number> => {
      const trainer = await createTrainer(options);
      const { loss } = await trainer.step(batch, 0.1);
      await trainer.release();
      return loss;
    };
    expect(await lossOf({ ...base, mixup: 0.5 })).toBeCloseTo(await lossOf(base), 5);
    const other = brightRows(2, 8, imageShape);
    const different = Math.abs((await lossOf({ ...base, mixup: 50 }, other)) - (await lossOf(base, other)));
    expect(different).toBeGreaterThan(1e-3);
  });

  test("and dropout draw anew for every part of a step", async () => {
    const options = { ...base, module: dropoutNetwork(2, 3), batch: 4, accumulate: 2, mixup: 1 };
    expect(hashState(await train(options, 2))).toBe(hashState(await train(options, 2)));
    expect(hashState(await train(options, 2))).not.toBe(hashState(await train({ ...options, seed: 4 }, 2)));
  });
});

function reverseImages(images: Tensor<"float32">): readonly number[] {
  const size = 2 * 81;
  return [3, 2, 1, 0].flatMap((index) => [...images.data.subarray(index * size, (index + 1) * size)]);
}

test("class weights give PyTorch's weighted mean", async () => {
  const g = createGraphBuilder("loss");
  const scores = g.input("scores", "float32", [3, 2]);
  const labels = g.input("labels", "int64", [3]);
  g.output("loss", crossEntropy(g, scores, labels, { classWeights: [1, 3], labelSmoothing: 0.1 }));
  // torch.nn.functional.cross_entropy(torch.tensor([[1., 2], [0.5, -1], [3, 0]]), torch.tensor([1, 0, 1]),
  //   weight=torch.tensor([1., 3]), label_smoothing=0.1), PyTorch 1.13
  const { loss } = await runGraph(g.finish(), {
    scores: float32([3, 2], [1, 2, 0.5, -1, 3, 0]),
    labels: int64([3], [1, 0, 1]),
  });
  expect(loss.data[0]).toBeCloseTo(1.4422738313068177, 5);
});
