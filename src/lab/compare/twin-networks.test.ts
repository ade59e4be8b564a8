import { expect, test } from "vitest";
import { type ComparisonGrid, planGrid } from "./plan.ts";
import { refuseTwins } from "./twin-networks.ts";

const plan = (grid: Partial<ComparisonGrid>) => planGrid({ depths: [8], shortcuts: ["pad"], seeds: [0], ...grid });

test.each<Partial<ComparisonGrid>>([
  { shortcuts: ["gated"], seeds: [0, 1], axes: { gateBias: [-6, 0] } },
  { shortcuts: ["dropout"], axes: { shortcutDropout: [0.1, 0.5] } },
  { axes: { padSide: ["after", "both"] } },
  { axes: { learningRate: [0.1, 0.2] } },
])("networks that an option makes differ are compared, were it only in what they start from: %o", (grid) => {
  expect(() => refuseTwins(plan(grid))).not.toThrow();
});

test("one network under two names is refused", () => {
  expect(() => refuseTwins(plan({ shortcuts: ["gated", "pad"], axes: { gateBias: [-6, 0] } }))).toThrow(
    'compare: "pad, gateBias=-6" and "pad, gateBias=0" are the same resnet8, trained identically; vary an option that affects this shortcut type',
  );
});

test("so is an option's default beside it", () => {
  const variants = [
    { name: "half", shortcut: "scaled" as const, options: { shortcutScale: 0.5 } },
    { name: "default", shortcut: "scaled" as const },
  ];
  expect(() => refuseTwins(plan({ shortcuts: [], variants }))).toThrow(/"half" and "default" are the same resnet8/);
});

test("so is a recipe that says nothing new", () => {
  const variants = [
    { name: "plain", shortcut: "pad" as const },
    { name: "smooth", shortcut: "pad" as const, recipe: { labelSmoothing: 0 } },
  ];
  expect(() => refuseTwins(plan({ shortcuts: [], variants }))).toThrow(/"plain" and "smooth" are the same resnet8/);
});

test("what muon takes where nothing is given is what it is compared by", () => {
  const muon = (optimizer: object) => ({
    name: JSON.stringify(optimizer),
    shortcut: "pad" as const,
    recipe: { optimizer: { name: "muon" as const, ...optimizer } },
  });
  const refuse = (other: object) => refuseTwins(plan({ shortcuts: [], variants: [muon({}), muon(other)] }));
  expect(() => refuse({ nesterov: true })).toThrow(/are the same resnet8/);
  expect(() => refuse({ momentum: 0.95 })).toThrow(/are the same resnet8/);
  expect(() => refuse({ nesterov: false })).not.toThrow();
  expect(() => refuse({ momentum: 0 })).not.toThrow();
});
