import { describe, expect, test } from "vitest";
import type { ComparisonSettings, DrawnRun, GoalOutcome } from "./comparison.ts";
import { isTestDue, judgeGoal, requireGoal } from "./goal.ts";
import { compareGoals, summarizeGoals } from "./goal-costs.ts";
import { reportComparison } from "./report.ts";
import { summarize } from "./words.ts";

const GOAL = 0.9;
const BUDGET = 1000;

/** A run of 10 images per step, a second for every 10 steps; undefined steps never reach the accuracy. */
function run(
  shortcut: DrawnRun["shortcut"],
  seed: number,
  steps: number | undefined,
  more: Partial<DrawnRun> = {},
): DrawnRun {
  const goal: GoalOutcome = {
    accuracy: GOAL,
    reached: steps !== undefined,
    steps: steps ?? BUDGET,
    budget: BUDGET,
    imagesPerStep: 10,
    seconds: (steps ?? BUDGET) / 10,
    tests: [],
  };
  return {
    depth: 20,
    shortcut,
    seed,
    parameters: 1,
    multiplyAdds: 1e6,
    testAccuracy: 0.9,
    trainLoss: 0,
    firstLayerGradientNorm: 1,
    imagesPerSecond: 1,
    status: "done",
    goal,
    curve: [],
    ...more,
  };
}
const quick = [300, 400, 400, 500, 500].map((steps, seed) => run("pad", seed, steps));
const slow = [800, undefined, 900, undefined, undefined].map((steps, seed) => run("plain", seed, steps));
const settings: ComparisonSettings = {
  data: "mnist",
  trainImages: 100,
  testImages: 10,
  epochs: 100,
  steps: BUDGET,
  batchSize: 10,
  learningRate: 0.1,
  optimizer: "SGD",
  schedule: "one-cycle",
  lowering: "portable",
  until: GOAL,
};

describe("a run is followed until it reaches the accuracy:", () => {
  const plan = { steps: 10, stepsPerEpoch: 8, imagesPerStep: 4 };
  const curve = Array.from({ length: 10 }, (_, index) => ({
    step: index + 1,
    loss: 1,
    firstLayerGradientNorm: 1,
    milliseconds: 500,
    ...(isTestDue(index + 1, plan) ? { testAccuracy: (index + 1) / 10 } : {}),
  }));

  test("tested four times per epoch and after the last step", () => {
    expect(curve.filter(({ testAccuracy }) => testAccuracy !== undefined).map(({ step }) => step)).toEqual([
      2, 4, 6, 8, 10,
    ]);
    const due = (stepsPerEpoch: number): number =>
      Array.from({ length: 100 }, (_, index) => isTestDue(index + 1, { steps: 1000, stepsPerEpoch })).filter(Boolean)
        .length;
    expect([5, 10, 20, 25].map(due)).toEqual([80, 40, 20, 16]);
    // Fewer than four steps per epoch: after each.
    expect([1, 2, 3].map((step) => isTestDue(step, { steps: 9, stepsPerEpoch: 2 }))).toEqual([true, true, true]);
  });

  test("its cost ends with the first test that does", () => {
    expect(judgeGoal(0.5, curve, plan)).toMatchObject({ reached: true, steps: 6, budget: 10, seconds: 3 });
    expect(judgeGoal(0.6, curve, plan)).toMatchObject({ reached: true, steps: 6 });
  });

  test("or with its budget, also if it diverged before", () => {
    const low = curve.map((point) => ({ ...point, testAccuracy: 0.1 }));
    expect(judgeGoal(0.5, low, plan)).toMatchObject({ reached: false, steps: 10, seconds: 5 });
    expect(judgeGoal(0.5, low.slice(0, 4), plan)).toMatchObject({ reached: false, steps: 10, seconds: 5 });
    expect(judgeGoal(0.5, [], plan)).toMatchObject({ reached: false, steps: 10, seconds: 0 });
  });

  test.each([0, 1.01, -1, Number.NaN])("an accuracy of %d is refused", (until) => {
    expect(() => requireGoal(until)).toThrow(/^until: must be a share of the test images above 0/);
  });
});

describe("runs that do not reach it are censored", () => {
  test("so that they raise the median and the mean, and are not left out", () => {
    const [pad, plain] = summarizeGoals([...quick, ...slow]);
    expect(pad).toMatchObject({ reached: 5, median: { steps: 400, multiplyAdds: 4e9, seconds: 40 } });
    expect(pad.restricted).toMatchObject({ mean: 420 * 1e7, limit: 1e10 });
    // Two of five: what half of them take is not known.
    expect(plain).toMatchObject({ count: 5, reached: 2, median: {} });
    expect(plain.restricted!.mean).toBeCloseTo(((800 + 900 + 3 * 1000) / 5) * 1e7, 0);
  });

  test("and types are told apart by the exact log-rank test: 2 of 252 ways to share out ten", () => {
    const [pair] = compareGoals([...quick, ...slow]);
    expect(pair).toMatchObject({ cheaper: "pad", dearer: "plain", runs: [5, 5], verdict: "cheaper" });
    expect(pair.p).toBeCloseTo(2 / 252, 12);
    expect(pair.ratio).toBeCloseTo(940 / 420, 12);
  });

  test("where the cheaper network's budget ends, since a dearer one is followed further", () => {
    // Twice the multiply-adds per step: its 800 steps lie beyond what the other was followed for.
    const dear = [200, 800, 800, 800, 800].map((steps, seed) => run("project", seed, steps, { multiplyAdds: 2e6 }));
    const [, project] = summarizeGoals([...slow, ...dear]);
    expect(project.restricted).toMatchObject({ limit: 1e10 });
    expect(project.restricted!.mean).toBeCloseTo(((400 + 4 * 1000) / 5) * 1e7, 0);
  });

  test("as are those that diverge", () => {
    const [plain] = summarizeGoals([...slow, run("plain", 5, undefined, { status: "diverged" })]);
    expect(plain).toMatchObject({ count: 6, reached: 2, diverged: 1 });
  });

  test("and three runs of each cannot be told apart, however far they are", () => {
    const [pair] = compareGoals([...quick.slice(0, 3), ...slow.slice(0, 3)]);
    expect(pair).toMatchObject({ p: 0.1, verdict: "not enough seeds" });
    expect(compareGoals([...quick.slice(0, 2), ...slow.slice(0, 2)])[0].p).toBeUndefined();
  });
});

describe("the words", () => {
  const said = (runs: readonly DrawnRun[]): readonly { readonly en: string; readonly zh: string }[] =>
    summarize({ settings, runs });

  test("give the factor, and what every type took", () => {
    const words = said([...quick, ...slow]);
    expect(words.map(({ en }) => en)).toEqual([
      "Trained until 90 % of the test images.",
      "To reach 90 %, plain takes 2.2 times the computing of pad.",
      "pad reaches it in 5 of 5 runs; median 400 steps, 4 G multiply-adds, 40 s.",
      "plain reaches it in 2 of 5 runs; 3 did not within 1,000 steps and count as longer.",
      "plain takes 2.24 times the computing of pad, 5 and 5 runs, log-rank p = 0.008 after Holm.",
    ]);
    expect(words[1].zh).toBe("达到 90 % 时，plain 所需计算量是 pad 的 2.2 倍。");
    expect(words[3].zh).toBe("plain 的 5 次训练中有 2 次达到；3 次在 1,000 步内未达到，按更长计。");
  });

  test("say if nothing reached it, or too little was trained to tell", () => {
    expect(said(slow.slice(3))[1].en).toBe(
      "No run reached 90 % within its budget: there is no cost to compare. Raise the epochs, or lower the accuracy.",
    );
    expect(said([quick[0], slow[0]])[1].en).toBe("One seed per cell: another seed would move these numbers.");
    expect(said([...quick.slice(0, 3), ...slow.slice(0, 3)])[1].en).toBe(
      "3 seeds cannot tell what 90 % costs these types apart: more seeds would show.",
    );
    expect(said([...slow, run("plain", 5, undefined, { status: "diverged" })]).map(({ en }) => en)).toContain(
      "At depth 20, 1 of 6 seeds of plain diverged; they count as not reaching it within the whole budget.",
    );
  });
});

test("the report draws who has reached it after how much, and no final accuracy", () => {
  const { sections } = reportComparison({ settings, runs: [...quick, ...slow] });
  const figures = sections.flatMap(({ parts }) => parts).filter((part) => "name" in part);
  expect(figures.map(({ name }) => name)).toEqual([
    "reached-by-multiplyadds",
    "reached-by-steps",
    "reached-by-seconds",
    "costs",
    "cost-pairs",
    "training-loss",
    "first-layer-gradient",
    "numbers",
  ]);
  const [, steps] = figures;
  if (steps.kind !== "lines") throw new Error("must be curves");
  // Stairs: level until somebody reaches it, and to the end of the budget for those who do not.
  expect(steps.series[0].points.slice(0, 4)).toEqual([
    { x: 0, y: 0 },
    { x: 300, y: 0 },
    { x: 300, y: expect.closeTo(20) },
    { x: 400, y: expect.closeTo(20) },
  ]);
  expect(steps.series[1].points.at(-1)).toEqual({ x: BUDGET, y: expect.closeTo(40) });
});
