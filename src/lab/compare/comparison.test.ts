import { describe, expect, test } from "vitest";
import type { DrawnRun } from "./comparison.ts";
import { equalizePlans, measurePlans, planGrid } from "./plan.ts";
import { planComparison } from "./plan-comparison.ts";
import { compareTypes, summarizeCell } from "./statistics.ts";
import { describeComparison, summarize } from "./words.ts";
import { groupCells } from "./comparison.ts";
import { reportComparison } from "./report.ts";
import type { TableFigure } from "../../report/figures.ts";
import { defaultRecipe } from "../../train/recipe.ts";

const run = (
  shortcut: DrawnRun["shortcut"],
  seed: number,
  testAccuracy: number,
  status: DrawnRun["status"] = "done",
): DrawnRun => ({
  depth: 20,
  shortcut,
  seed,
  parameters: 1,
  multiplyAdds: 1,
  testAccuracy,
  trainLoss: 0,
  firstLayerGradientNorm: 1,
  imagesPerSecond: 1,
  status,
  curve: [],
});
const project = [0.916, 0.914, 0.919, 0.915, 0.917].map((value, seed) => run("project", seed, value));
const pad = [0.902, 0.909, 0.904, 0.906, 0.901].map((value, seed) => run("pad", seed, value));

describe("types are compared seed by seed", () => {
  test("with the paired t test of SciPy 1.17.1: t = 5.7544, p = 0.0045263 (scipy.stats.ttest_rel)", () => {
    const [pair] = compareTypes([...pad, ...project]);
    expect(pair).toMatchObject({ better: "project", worse: "pad", seeds: 5, verdict: "better" });
    expect(pair.difference).toBeCloseTo(0.0118, 12);
    const [low, high] = pair.interval!;
    // mean ± t₀.₉₇₅(4)·s/√5, by hand: d = 14, 5, 15, 9, 16 thousandths, s = 4.6583, t₀.₉₇₅(4) = 2.776445
    expect(low).toBeCloseTo(0.0118 - (2.776445 * 0.0046583) / Math.sqrt(5), 5);
    expect(high).toBeCloseTo(0.0118 + (2.776445 * 0.0046583) / Math.sqrt(5), 5);
  });

  test("and too few seeds are said to be too few", () => {
    const words = summarize({ settings: {} as never, runs: [...pad.slice(0, 2), ...project.slice(0, 2)] });
    expect(words.map(({ en }) => en)).toContain(
      "Not enough seeds to tell types apart: 2 are there, at least 3 are needed.",
    );
  });

  test("and a difference that chance explains is not called one", () => {
    const noisy = [0.9, 0.91, 0.92, 0.9].map((value, seed) => run("pad", seed, value));
    const other = [0.91, 0.9, 0.9, 0.93].map((value, seed) => run("project", seed, value));
    expect(compareTypes([...noisy, ...other])[0].verdict).toBe("not enough seeds");
  });

  test("and an interval excludes 0 just where the corrected p is below 0.05", () => {
    // Alone, project − plain has p = 0.034, whose own interval excludes 0; as the second of three pairs it does not count.
    const plain = [0.912, 0.895, 0.914, 0.892, 0.908].map((value, seed) => run("plain", seed, value));
    const pairs = compareTypes([...plain, ...pad, ...project]);
    expect(new Set(pairs.map(({ verdict }) => verdict))).toEqual(new Set(["better", "not enough seeds"]));
    for (const { interval, p } of pairs) expect(interval![0] > 0 || interval![1] < 0).toBe(p! < 0.05);
  });

  test("with the verdict first, whose minus is no hyphen", () => {
    const noisy = [0.92, 0.9, 0.91].map((value, seed) => run("plain", seed, value));
    const words = summarize({ settings: {} as never, runs: [...noisy, ...pad.slice(0, 3)] }).map(({ en }) => en);
    expect(words[0]).toBe(
      "3 seeds cannot tell these types apart: the differences, up to 0.50 points, may be chance. More seeds would show.",
    );
    expect(words.join(" ")).toMatch(/after Holm −\d/);
  });

  test("in both languages, with the words for the effect", () => {
    const words = summarize({ settings: {} as never, runs: [...pad, ...project] });
    expect(words.map(({ en }) => en).join(" ")).toMatch(
      /project beats pad by 1\.2 points, 95 % interval after Holm 0\.60 to 1\.8, 5 seeds/,
    );
    expect(words.map(({ zh }) => zh).join("")).toMatch(/project 比 pad 高 1\.2 个百分点/);
  });
});

test("a diverged run is counted and is in no figure", () => {
  const [cell] = groupCells([...pad, run("pad", 5, 0.1, "diverged"), run("pad", 6, Number.NaN, "diverged")]);
  expect(summarizeCell(cell)).toMatchObject({ count: 5, diverged: 2, median: 0.904 });
});

test("the numbers of a report are those of the runs that ended well", () => {
  const bad = { ...run("pad", 7, Number.NaN, "diverged"), firstLayerGradientNorm: 1e6, imagesPerSecond: 1e6 };
  const rowOf = (runs: readonly DrawnRun[]): readonly unknown[] => {
    const { sections } = reportComparison({ settings: { optimizer: "SGD" } as never, runs });
    const tables = sections.flatMap(({ parts }) => parts).filter((part) => "name" in part && part.name === "numbers");
    return (tables[0] as TableFigure).rows[0];
  };
  // Gradient and images per second; the last cell counts the seeds.
  expect(rowOf([...pad, bad, { ...bad, seed: 8 }]).slice(7, 9)).toEqual(rowOf(pad).slice(7, 9));
  expect(rowOf([bad]).slice(4, 9)).toEqual(["–", "–", "–", "–", "–"]);
});

describe("a grid", () => {
  test("is every combination, seeds innermost, with names that tell them apart", () => {
    const plans = planGrid({
      depths: [20],
      shortcuts: ["gated"],
      seeds: [0, 1],
      blocks: ["basic", "preactivation"],
      axes: { gateBias: [-6, 0] },
    });
    expect(plans).toHaveLength(8);
    expect(plans[0]).toMatchObject({
      model: "resnet20",
      variant: "gated, gateBias=-6",
      options: { gateBias: -6 },
      seed: 0,
    });
    expect(plans[7]).toMatchObject({ model: "resnetv2_20", block: "preactivation", options: { gateBias: 0 }, seed: 1 });
  });

  test("names what a family cannot have before anything starts", () => {
    const plans = planGrid({ depths: [20], shortcuts: ["pad", "concat"], seeds: [0] });
    expect(() => measurePlans(plans, defaultRecipe)).toThrow(/"concat" does not fit resnet20/);
    expect(() => planGrid({ depths: [20], shortcuts: ["pad"], seeds: [0], axes: { gatebias: [1] } })).toThrow(
      /knows no "gatebias"/,
    );
    expect(() => planGrid({ depths: [20], shortcuts: ["pad"], seeds: [0], axes: { shortcut: ["plain"] } })).toThrow(
      /cannot vary "shortcut"/,
    );
  });

  test("of equal multiply-adds lets the cheaper network train longer", () => {
    const plans = planGrid({ depths: [8, 20], shortcuts: ["pad"], seeds: [0] });
    const costs = measurePlans(plans, defaultRecipe);
    const [small, large] = equalizePlans(plans, costs, "multiply-adds");
    expect(large.length).toBeUndefined();
    expect(small.length! * costs[0]).toBeCloseTo(costs[1], -5);
  });

  test("of equal multiply-adds refuses layers that freeze: what they save is not in the forward pass", () => {
    const axes = { freezeOut: [0.5] };
    const plan = (equal: "epochs" | "multiply-adds") => () =>
      planComparison({ depths: [8, 14], shortcuts: ["pad"], axes, equal });
    expect(plan("multiply-adds")).toThrow("freezeOut: changes what a step costs, which `equal` counts; leave it out");
    expect(plan("epochs")().costs).toEqual(planComparison({ depths: [8, 14], shortcuts: ["pad"] }).costs);
  });

  test("counts what small images of progressive resizing save", () => {
    const axes = { progressiveResize: [0.5, 0.75] };
    const plans = planGrid({ depths: [8], shortcuts: ["pad"], seeds: [0], axes });
    const [half, most] = measurePlans(plans, defaultRecipe);
    const [whole] = measurePlans(planGrid({ depths: [8], shortcuts: ["pad"], seeds: [0] }), defaultRecipe);
    expect(half / whole).toBeCloseTo((1 + 0.5 ** 2) / 2, 2);
    expect(most / whole).toBeCloseTo((1 + 0.75 ** 2) / 2, 2);
    expect(equalizePlans(plans, [half, most], "multiply-adds").map(({ length }) => length)).toEqual([
      Number((most / half).toFixed(3)),
      undefined,
    ]);
  });
});

test("without a test, what was measured is said first", () => {
  const said = (runs: readonly DrawnRun[]): readonly string[] =>
    describeComparison({ settings: {} as never, runs }).lead.map(({ en }) => en);
  expect(said([run("plain", 0, 0.2), run("pad", 0, 0.9)])).toEqual([
    "At depth 20 the plain network reaches 20.0 % of the test images, the residual ones 90.0 %.",
    "One seed per cell: another seed would move these numbers.",
  ]);
  expect(said(pad)).toEqual(["Medians over 5 seeds."]);
  // Types go by their shortcut, not by the name that somebody gave them.
  const named = (variant: string, value: DrawnRun): DrawnRun => ({ ...value, variant });
  expect(said([named("plain", run("pad", 0, 0.9)), named("head alone", run("pad", 0, 0.2))])).toEqual([
    "One seed per cell: another seed would move these numbers.",
  ]);
  expect(said([named("none", run("plain", 0, 0.2)), named("deep", run("plain", 0, 0.3)), run("pad", 0, 0.9)])[0]).toBe(
    "At depth 20 the plain networks reach 20.0 % to 30.0 % of the test images, the residual ones 90.0 %.",
  );
});
