import { expect, test } from "vitest";
import { planComparison } from "./plan-comparison.ts";

const muon = { name: "muon", momentum: 0.95 } as const;

test.each([
  [[], ["slow", "slow"]],
  [["pad"], ["pad"]],
])("beside shortcuts %j, variants called %j could not be told apart", (shortcuts, names) => {
  const variants = names.map((name, index) => ({ name, shortcut: "B", recipe: { learningRate: 0.1 / (index + 2) } }));
  expect(() => planComparison({ depths: [8], shortcuts, variants })).toThrow(
    `variants: two networks are called "${names[0]}"; give each a name of its own`,
  );
});

test("an optimizer whose options contradict each other is refused before any run", () => {
  const variants = [{ name: "muon", shortcut: "A", recipe: { optimizer: { ...muon, decoupledDecay: true } } }];
  expect(() => planComparison({ depths: [8], variants })).toThrow(/decoupledDecay/);
});
