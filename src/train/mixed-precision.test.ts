import { describe, expect, test } from "vitest";
import { brightRows, hashState } from "../../test/support/training.ts";
import { createPortableLowering } from "../compile/portable/lowering.ts";
import { createModel } from "../nn/models.ts";
import { adamw } from "../optim/adamw.ts";
import { sgd } from "../optim/sgd.ts";
import { createNodeRuntime } from "../runtime/node.ts";
import { float32, type Tensor } from "../tensor/tensor.ts";
import { openTrainer, planTraining } from "./engine.ts";
import { createLossScale } from "./loss-scale.ts";
import { chooseLowering } from "./lowering.ts";
import { defaultRecipe } from "./recipe.ts";
import { createTrainer, DivergenceError, type Trainer, type TrainerOptions, type TrainingState } from "./trainer.ts";

const runtime = createNodeRuntime();
const mixed = createPortableLowering({}, "mixed");
const imageShape = [3, 8, 8];
const base: TrainerOptions = {
  runtime,
  module: createModel("resnet8", { classes: 3 }).module,
  imageShape,
  batch: 4,
  lowering: mixed,
  optimizer: sgd({ momentum: 0.9, weightDecay: 1e-4 }),
  seed: 1,
  session: { threads: 1 },
};

/** Takes steps up to the `end`th. @returns their losses */
async function continueTo(
  trainer: Trainer,
  end: number,
  { batch, shape = imageShape, rate = 0.02 }: Taken,
): Promise<number[]> {
  const losses: number[] = [];
  while (trainer.steps < end) losses.push((await trainer.step(brightRows(trainer.steps, batch, shape), rate)).loss);
  return losses;
}

interface Taken {
  readonly batch: number;
  readonly shape?: readonly number[];
  readonly rate?: number;
}

async function within<T>(options: TrainerOptions, body: (trainer: Trainer) => Promise<T>): Promise<T> {
  const trainer = await createTrainer(options);
  try {
    return await body(trainer);
  } finally {
    await trainer.release();
  }
}

const SCALE = "lossScale/state";
const scaleOf = (state: ReadonlyMap<string, Tensor>): readonly number[] =>
  Array.from(state.get(SCALE)!.data as Float32Array);
const withoutScale = (state: TrainingState): TrainingState => new Map([...state].filter(([name]) => name !== SCALE));
const withScale = (state: TrainingState, value: number): ReadonlyMap<string, Tensor> =>
  new Map<string, Tensor>([...state, [SCALE, float32([3], [value, 0, 0])]]);

test("ResNet-20 takes the first five steps of float32 within a thousandth, and is finite over twenty", async () => {
  const shape = [3, 32, 32];
  const taken = { batch: 8, shape, rate: 0.004 };
  const options = { ...base, module: createModel("resnet20").module, imageShape: shape, batch: 8, session: {} };
  const wanted = await within({ ...options, lowering: createPortableLowering() }, (trainer) =>
    continueTo(trainer, 5, taken),
  );
  const actual = await within(options, (trainer) => continueTo(trainer, 20, taken));
  for (const [step, loss] of wanted.entries()) {
    expect(Math.abs(actual[step] / loss - 1), `step ${step + 1}`).toBeLessThan(1e-3);
    expect(actual[step], `step ${step + 1} is not float32's`).not.toBe(loss);
  }
  expect(actual).toHaveLength(20);
  expect(actual.every(Number.isFinite)).toBe(true);
});

test("a gradient that overflows skips its step, leaves every bit of the parameters, and halves the scale", async () => {
  await within(base, async (trainer) => {
    await continueTo(trainer, 2, { batch: 4 });
    trainer.load(withScale(await trainer.state(), 2 ** 40), 2);
    const before = await trainer.state();
    const report = await trainer.step(brightRows(2, 4, imageShape), 0.02);
    expect([report.isSkipped, report.step, trainer.steps]).toEqual([true, 3, 3]);
    expect(Number.isFinite(report.loss)).toBe(true);
    const after = await trainer.state();
    expect(hashState(withoutScale(after))).toBe(hashState(withoutScale(before)));
    expect(scaleOf(after)).toEqual([2 ** 39, 0, 1]);
    // It goes on halving until a step fits, and then trains.
    while ((await trainer.step(brightRows(trainer.steps, 4, imageShape), 0.02)).isSkipped === true);
    expect(hashState(withoutScale(await trainer.state()))).not.toBe(hashState(withoutScale(before)));
    const [scale, updates, skipped] = scaleOf(await trainer.state());
    expect([scale, updates]).toEqual([2 ** (40 - skipped), 1]);
  });
});

test("a skipped step is no update to an optimizer that counts them", async () => {
  const options = { ...base, optimizer: adamw() };
  const images = brightRows(0, 4, imageShape);
  const [skipped, plain] = await Promise.all(
    [2 ** 40, 2 ** 12].map((scale) =>
      within(options, async (trainer) => {
        trainer.load(withScale(await trainer.state(), scale), 0);
        while ((await trainer.step(images, 0.02)).isSkipped === true);
        return trainer.state();
      }),
    ),
  );
  // A power of two changes no digit of a gradient that float16 can hold.
  const [a, b] = [skipped, plain].map((state) => state.get("fc.bias")!.data);
  for (const [index, value] of b.entries()) expect(Math.abs(a[index] - value)).toBeLessThan(1e-4);
});

test("a loss that is not finite, or an overflow at scale 1, is no matter of the scale", async () => {
  await within(base, async (trainer) => {
    const state = await trainer.state();
    const broken = new Map([...state, ["fc.weight", float32([3, 64], new Float32Array(192).fill(3e38))]]);
    trainer.load(broken, 0);
    await expect(trainer.step(brightRows(0, 4, imageShape), 0.02)).rejects.toThrow(DivergenceError);
  });
});

describe("a training that is stopped and resumed ends with the bits of one that was not:", () => {
  const cases: readonly (readonly [string, Partial<TrainerOptions>])[] = [
    ["plain", {}],
    ["accumulated, with averages", { batch: 2, accumulate: 2, average: 0.9 }],
  ];
  test.each(cases)("%s", async (_, changed) => {
    const options = { ...base, ...changed };
    // So large that the first steps are skipped.
    const start = await within(options, async (trainer) => withScale(await trainer.state(), 2 ** 22));
    const resume = (state: ReadonlyMap<string, Tensor>, from: number, end: number): Promise<TrainingState> =>
      within(options, async (trainer) => {
        trainer.load(state, from);
        await continueTo(trainer, end, { batch: 4 });
        return trainer.state();
      });
    const whole = await resume(start, 0, 12);
    const [, , skipped] = scaleOf(whole);
    expect([skipped > 0, skipped < 12]).toEqual([true, true]);
    expect(hashState(await resume(await resume(start, 0, 5), 5, 12))).toBe(hashState(whole));
  });
});

test("the scale doubles after 2000 updates in a row, up to 2²⁴", () => {
  const scale = createLossScale();
  const [first] = [scale.value];
  for (let update = 0; update < 1999; update++) scale.grow();
  expect(scale.value).toBe(first);
  scale.grow();
  expect(scale.value).toBe(2 * first);
  for (let update = 0; update < 1999; update++) scale.grow();
  scale.halve();
  for (let update = 0; update < 1999; update++) scale.grow();
  expect(scale.value).toBe(first);
  for (let update = 0; update < 50_000; update++) scale.grow();
  expect(scale.value).toBe(2 ** 24);
  for (let overflow = 0; overflow < 24; overflow++) expect(scale.halve()).toBe(true);
  expect([scale.value, scale.halve()]).toEqual([1, false]);
});

test("the blocked lowering is refused with mixed precision, and auto takes the portable one", async () => {
  await expect(chooseLowering(runtime, "blocked", "mixed")).rejects.toThrow(
    'precision: "mixed" needs the portable lowering, got "blocked"',
  );
  expect(await chooseLowering(runtime, "auto", "mixed")).toMatchObject({ name: "portable" });
  const { lowering } = await chooseLowering(runtime, "portable");
  const plan = planTraining({
    module: base.module,
    sampleShape: imageShape,
    recipe: { ...defaultRecipe, precision: "mixed" },
    stepsPerEpoch: 1,
    validates: false,
  });
  const { mixed: _, ...blocked } = { ...lowering, name: "blocked" } as const;
  await expect(openTrainer(plan, { runtime, lowering: blocked })).rejects.toThrow(
    /precision: "mixed" needs the portable/,
  );
});
