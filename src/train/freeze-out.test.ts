import { describe, expect, test } from "vitest";
import { brightRows, hashState } from "../../test/support/training.ts";
import { averagedState } from "../networks/card.ts";
import { portable } from "../compile/portable/lowering.ts";
import { conv, globalAveragePool, linear, sequential } from "../nn/layers.ts";
import { createModel } from "../nn/models.ts";
import { type Module, parametersOf } from "../nn/module.ts";
import { createNodeRuntime } from "../runtime/node.ts";
import { OptionError } from "../tensor/errors.ts";
import { float32, tensor } from "../tensor/tensor.ts";
import { openTrainer, planTraining, type TrainingHost, type TrainingPlan } from "./engine.ts";
import { type FineTuning, planFineTuning } from "./fine-tuning.ts";
import { chooseLowering } from "./lowering.ts";
import { defaultRecipe, type Recipe } from "./recipe.ts";
import { type Collective, createMemoryCollectives } from "./strategies/collective.ts";
import { dataParallel } from "./strategies/data-parallel.ts";
import type { TrainingState } from "./trainer.ts";

const { module } = createModel("resnet8", { channels: 1, classes: 3 });
const names = [...parametersOf(module).keys()];
const recipe: Recipe = { ...defaultRecipe, schedule: "cosine", learningRate: 0.1, freezeOut: 0.5 };

function tune(change: Partial<Recipe> = {}, of: Module = module, sample = [1, 16, 16], steps = 120): FineTuning {
  return planFineTuning({ ...recipe, ...change }, of, { steps, stepsPerEpoch: 10, sample });
}

const outermost = (name: string): string => /^(?:(?:features|stages)\.)?[^.]+/.exec(name)![0];

/** What is frozen from which step on, by the outermost parts of names. */
function freezes({ phases, phaseOf, optionsOf }: FineTuning, of: Module, steps: number): Record<number, string[]> {
  const all = [...parametersOf(of).keys()];
  const seen: Record<number, string[]> = {};
  for (let step = 0, phase = -1; step < steps; step++) {
    if (phaseOf(step) === phase) continue;
    phase = phaseOf(step);
    seen[step] = [...new Set(all.filter((name) => optionsOf(phase).frozen(name)).map(outermost))];
  }
  expect(Object.keys(seen)).toHaveLength(phases);
  return seen;
}

describe("stages freeze from the front on,", () => {
  test("spaced evenly from the share that is given to the end, which the last one and the classifier reach", () => {
    expect(freezes(tune(), module, 120)).toEqual({
      0: [],
      60: ["conv1", "bn1"],
      80: ["conv1", "bn1", "layer1"],
      100: ["conv1", "bn1", "layer1", "layer2"],
    });
    expect(Object.keys(freezes(tune({ freezeOut: 0.1 }), module, 120)).map(Number)).toEqual([0, 12, 48, 84]);
  });

  test.each([
    ["densenet121", ["features.conv0", "features.norm0"], ["features.denseblock4", "features.norm5", "classifier"]],
    ["convnext_atto", ["features.0"], ["features.7", "classifier"]],
    ["resnetv2_20", ["stem"], ["stages.2", "norm", "head"]],
    ["resunet", ["down0"], ["block3", "final"]],
  ])("whatever the stages of %s are called", (model, first, last) => {
    const of = createModel(model, { classes: 3 }).module;
    const frozen = Object.values(freezes(tune({}, of, [3, 64, 64], 1000), of, 1000));
    expect(frozen[1]).toEqual(first);
    const never = new Set([...parametersOf(of).keys()].map(outermost).filter((name) => !frozen.at(-1)!.includes(name)));
    expect([...never]).toEqual(last);
    for (const [index, earlier] of frozen.slice(0, -1).entries())
      expect(frozen[index + 1]).toEqual(expect.arrayContaining(earlier));
  });

  test("without those that are frozen anyway", () => {
    const seen = freezes(tune({ freeze: ["conv1", "bn1", "layer1"] }), module, 120);
    expect(seen).toEqual({ 0: ["conv1", "bn1", "layer1"], 60: ["conv1", "bn1", "layer1", "layer2"] });
  });

  test("where the first filters are whitened, with the rest of their stage", () => {
    const { module: airbench } = createModel("airbench94", { width: 0.1 });
    const tuning = tune({ whiten: true }, airbench, [3, 32, 32]);
    const frozenAt = (step: number): readonly string[] =>
      [...parametersOf(airbench).keys()].filter((name) => tuning.optionsOf(tuning.phaseOf(step)).frozen(name));
    expect(frozenAt(0)).toEqual(["conv1.weight"]);
    expect(frozenAt(60)).toEqual(["conv1.weight", "conv1.bias"]);
  });

  test("and the decay of rates by stage, those of biases and of patterns multiply what each has", () => {
    const rates = [{ pattern: "layer2", factor: 3 }];
    const { rateFactor, groups } = tune({ layerDecay: 0.5, rates, biasRate: 4 }).optionsOf(0);
    expect(rateFactor("layer2.0.conv1.weight")).toBe(3 * 0.5 ** 2);
    expect(rateFactor("layer1.0.bn1.bias")).toBe(4 * 0.5 ** 3);
    expect(groups).toHaveLength(3);
  });
});

describe("a stage's rate", () => {
  const groupsOf = (change: Partial<Recipe> = {}) => tune(change).optionsOf(0).groups!;

  test("with a cosine is the paper's: α·(1 + cos(π·t/tᵢ))/2", () => {
    const ends = [60, 80, 100];
    for (const [stage, { parameters, rateAt }] of groupsOf().entries()) {
      expect(outermost([...parameters][0])).toBe(["conv1", "layer1", "layer2"][stage]);
      for (const step of [0, 1, 30, 59])
        expect(rateAt(step)).toBeCloseTo(0.05 * (1 + Math.cos((Math.PI * step) / ends[stage])), 12);
    }
  });

  test("otherwise is the recipe's schedule within the stage's own steps, after the same warm-up", () => {
    for (const schedule of ["linear", "one-cycle"] as const) {
      const [{ rateAt }] = groupsOf({ schedule });
      const shorter = planTraining({
        module,
        sampleShape: [1, 16, 16],
        recipe: { ...defaultRecipe, schedule, learningRate: 0.1, batch: 2 },
        stepsPerEpoch: 10,
        steps: 60,
        validates: false,
      });
      expect([0, 20, 59].map(rateAt)).toEqual([0, 20, 59].map(shorter.rateAt));
    }
    const [{ rateAt }] = groupsOf({ warmupSteps: 10 });
    expect(rateAt(10)).toBe(0.1);
    expect(rateAt(35)).toBeCloseTo(0.05, 12);
  });

  test("is not in the last stage's way", () => {
    const own = new Set(groupsOf().flatMap(({ parameters }) => [...parameters]));
    expect(names.filter((name) => !own.has(name)).map(outermost)).toEqual(
      names.map(outermost).filter((name) => ["layer3", "fc"].includes(name)),
    );
  });
});

test.each([
  [{ headOnly: true }, /freezeOut: excludes headOnly, which trains nothing but the classifier; leave one out/],
  [{ unfreezeEvery: 1 }, /freezeOut: excludes unfreezeEvery, which begins at the other end; leave one out/],
  [{ schedule: "constant" } as const, /freezeOut: needs a `schedule` that falls to 0, such as cosine, got constant/],
  [{ schedule: "step" } as const, /freezeOut: needs a `schedule` that falls to 0, such as cosine, got step/],
  [{ warmupSteps: 60 }, /freezeOut: freezes the first stage after 60 steps, before the warm-up of 60 ends/],
  [{ freezeOut: 0.999 }, /freezeOut: freezes nothing within 120 steps; give a smaller share/],
  [{ freeze: ["conv1", "bn1", "layer1", "layer2"] }, /freezeOut: has no stage to freeze: only the last/],
  [{ freeze: ["*.weight", "*.bias"] }, /freeze: leaves nothing to train/],
])("%o beside it is refused in one line", (change, message) => {
  expect(() => tune(change)).toThrow(OptionError);
  expect(() => tune(change)).toThrow(message);
});

test("a network of one stage and a classifier is refused", () => {
  const small = sequential({
    conv: conv(1, 4, { kernel: 3, padding: 1 }),
    pool: globalAveragePool(),
    fc: linear(4, 3),
  });
  expect(() => tune({}, small)).toThrow(/freezeOut: has no stage to freeze: only the last/);
});

describe("a training with FreezeOut", () => {
  const runtime = createNodeRuntime();
  const sampleShape = [1, 9, 9];
  const batch = 6;
  /** Stages freeze after 6, 8 and 10 of 12 steps. */
  const short: Recipe = { ...recipe, batch, epochs: 6 };
  const planOf = (change: Partial<Recipe> = {}): TrainingPlan =>
    planTraining({ module, sampleShape, recipe: { ...short, ...change }, stepsPerEpoch: 2, validates: false });
  const { freezeOut: _, ...without } = short;
  const plainPlan = (change: Partial<Recipe> = {}): TrainingPlan =>
    planTraining({ module, sampleShape, recipe: { ...without, ...change }, stepsPerEpoch: 2, validates: false });

  /** The states after `from` steps, and after each one from there to `to`. */
  async function train(
    plan: TrainingPlan,
    { from = 0, to, before }: { readonly from?: number; readonly to: number; readonly before?: TrainingState },
    { collective, ...place }: Partial<TrainingHost> & { readonly collective?: Collective } = {},
  ): Promise<readonly TrainingState[]> {
    const { rank, size } = collective ?? { rank: 0, size: 1 };
    const strategy = collective && { strategy: dataParallel(collective) };
    const host = { runtime, lowering: portable, session: { threads: 1 }, ...place, ...strategy };
    const trainer = await openTrainer(plan, host, before && { state: before, steps: from });
    const states = [await trainer.state()];
    for (let step = from; step < to; step++) {
      const { images, labels } = brightRows(step, plan.imagesPerStep, sampleShape);
      const [count, pixels] = [labels.data.length / size, images.data.length / size];
      const own = {
        images: float32([count, ...sampleShape], images.data.subarray(rank * pixels, (rank + 1) * pixels)),
        labels: tensor("int64", [count], labels.data.subarray(rank * count, (rank + 1) * count)),
      };
      await trainer.step(own, plan.rateAt(step));
      states.push(await trainer.state());
    }
    await trainer.release();
    return states;
  }

  const isSame = (name: string, one: TrainingState, other: TrainingState): boolean =>
    one.get(name)!.data.every((value, at) => value === other.get(name)!.data[at]);
  /** Parts of which parameters and statistics alike are the same in both. */
  const sameParts = (one: TrainingState, other: TrainingState): readonly string[] => {
    const own = [...one.keys()].filter((name) => !name.includes("/"));
    const parts = [...new Set(own.map(outermost))];
    return parts.filter((part) => own.every((name) => outermost(name) !== part || isSame(name, one, other)));
  };

  test("leaves a stage and its statistics as they are once it is frozen, and trains it until then", async () => {
    const states = await train(planOf(), { to: 12 });
    const stem = ["conv1", "bn1"];
    const still = states.slice(1).map((state, step) => sameParts(states[step], state));
    expect(still.slice(0, 6)).toEqual([[], [], [], [], [], []]);
    expect(still.slice(6)).toEqual([
      stem,
      stem,
      [...stem, "layer1"],
      [...stem, "layer1"],
      [...stem, "layer1", "layer2"],
      [...stem, "layer1", "layer2"],
    ]);
    expect(states[6].has("momentum/conv1.weight")).toBe(true);
    expect(states[7].has("momentum/conv1.weight")).toBe(false);
  });

  test("begins as a training without it, whose first rate is the same, and then goes its own way", async () => {
    const own = await train(planOf(), { to: 2 });
    const plain = await train(plainPlan(), { to: 2 });
    expect(hashState(own[1])).toBe(hashState(plain[1]));
    // The last stage's rate is the recipe's, and its gradient is still the same.
    expect(sameParts(own[2], plain[2])).toEqual(expect.arrayContaining(["layer3", "fc"]));
    expect(sameParts(own[2], plain[2])).not.toContain("conv1");
  });

  test("moves a stage by its own rate", async () => {
    const optimizer = { name: "sgd", momentum: 0 } as const;
    const [before] = await train(plainPlan({ optimizer }), { to: 0 });
    const [own, plain] = [planOf({ optimizer }), plainPlan({ optimizer })];
    const start = { from: 3, to: 4, before };
    const name = "conv1.weight";
    const [moved, whole] = await Promise.all(
      [own, plain].map(async (plan) => {
        const [, { data }] = (await train(plan, start)).map((state) => state.get(name)!);
        return Math.hypot(...data.map((value, at) => value - before.get(name)!.data[at]));
      }),
    );
    // (1 + cos(π·3/6))/2 of (1 + cos(π·3/12))/2
    expect(moved / whole).toBeCloseTo(0.5 / ((1 + Math.SQRT1_2) / 2), 4);
  });

  test.each([
    ["averages, AdamW and clipping", { average: 0.9, optimizer: { name: "adamw", weightDecay: 0.01 }, clipNorm: 1 }],
    ["images that grow", { progressiveResize: 0.75 }],
    ["Lookahead", { lookahead: 0.9 }],
    ["Muon and weights of equal norms", { optimizer: { name: "muon", unitFilters: true } }],
    ["batches that are accumulated", { accumulate: 2 }],
  ] as const)("goes on with the same bits from any step, with %s", async (_name, change) => {
    const plan = planOf(change);
    const whole = await train(plan, { to: 12 });
    for (const from of [1, 6, 7, 10]) {
      const rest = await train(plan, { from, to: from === 10 ? 12 : from + 1, before: whole[from] });
      expect(rest.map(hashState), `from ${from}`).toEqual(whole.slice(from, from + rest.length).map(hashState));
    }
  });

  test("goes on with the same bits in the lowering of its machine", async () => {
    const { lowering } = await chooseLowering(runtime, "auto");
    const whole = await train(planOf(), { to: 12 }, { lowering });
    const rest = await train(planOf(), { from: 6, to: 12, before: whole[6] }, { lowering });
    expect(hashState(rest.at(-1)!)).toBe(hashState(whole[12]));
  });

  test("predicts by a frozen stage itself, not by an average that no longer follows", async () => {
    const states = await train(planOf({ average: 0.9 }), { to: 12 });
    expect(averagedState(states[12]).get("conv1.weight")).toEqual(states[6].get("conv1.weight"));
    expect(averagedState(states[12]).get("fc.weight")).not.toEqual(states[12].get("fc.weight"));
  });

  test("is pulled to the slow average of Lookahead once more after it froze, and then stays", async () => {
    const states = await train(planOf({ lookahead: 0.9 }), { to: 12 });
    const stays = (step: number): boolean => isSame("conv1.weight", states[step - 1], states[step]);
    // It freezes after 6 steps; pulls are after 10 and 12.
    expect([6, 7, 8, 9, 10, 11, 12].map(stays)).toEqual([false, true, true, true, false, true, true]);
  });

  test("on two ranks leaves the bits of one process that accumulates their batches", async () => {
    const plan = planOf({ accumulate: 2, average: 0.9 });
    const alone = (await train(plan, { to: 12 })).map(hashState);
    const ranks = createMemoryCollectives(2).map((collective) => train(plan, { to: 12 }, { collective }));
    for (const states of await Promise.all(ranks)) expect(states.map(hashState)).toEqual(alone);
  });
});
