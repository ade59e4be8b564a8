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

test.each([
  ["muon", [{ nesterov: true }, { momentum: 0.95 }], [{ nesterov: false }, { momentum: 0.5 }]],
  ["sgd", [{ momentum: 0.9 }, { weightDecay: 0 }], [{ momentum: 0 }, { nesterov: true }]],
  ["adamw", [{ weightDecay: 0.01 }, { beta1: 0.9 }], [{ weightDecay: 0 }, { beta2: 0.9 }]],
] as const)("what %s takes where nothing is given is what it is compared by", (name, same, other) => {
  const variant = (optimizer: object) => ({
    name: JSON.stringify(optimizer),
    shortcut: "pad" as const,
    recipe: { optimizer: { name, ...optimizer } },
  });
  const refuse = (options: object) => refuseTwins(plan({ shortcuts: [], variants: [variant({}), variant(options)] }));
  for (const options of same) expect(() => refuse(options)).toThrow(/are the same resnet8/);
  for (const options of other) expect(() => refuse(options)).not.toThrow();
});
