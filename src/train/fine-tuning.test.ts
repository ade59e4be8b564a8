import { describe, expect, test } from "vitest";
import { createModel } from "../nn/models.ts";
import { parametersOf } from "../nn/module.ts";
import { OptionError } from "../tensor/errors.ts";
import { layerGroups, matchesPattern, planFineTuning } from "./fine-tuning.ts";
import { defaultRecipe } from "./recipe.ts";

const { module } = createModel("resnet18", { classes: 2 });
const names = [...parametersOf(module).keys()];

function frozenNames(recipe: object, step = 0): readonly string[] {
  const plan = planFineTuning({ ...defaultRecipe, ...recipe }, module, {
    steps: 1000,
    stepsPerEpoch: 10,
    sample: [3, 32, 32],
  });
  const { frozen } = plan.optionsOf(plan.phaseOf(step));
  return [...parametersOf(module)].filter(([name]) => frozen(name)).map(([name]) => name);
}

test.each([
  ["layer1", "layer1.0.conv1.weight", true],
  ["layer1", "layer10.0.conv1.weight", false],
  ["layer1.0.conv1.weight", "layer1.0.conv1.weight", true],
  ["*.conv1", "layer1.0.conv1.weight", true],
  ["*.bn?", "layer1.0.bn1.weight", false],
  ["*bias", "fc.bias", true],
  ["conv1.weight", "layer1.0.conv1.weight", false],
])("the pattern %s on %s says %s", (pattern, name, expected) => {
  expect(matchesPattern(pattern, name)).toBe(expected);
});

test("a ResNet's groups are its stem, its four stages and its classifier, with every parameter in one", () => {
  const groups = layerGroups(module);
  expect(groups.map(([first]) => first)).toEqual([
    "conv1.weight",
    "layer1.0.conv1.weight",
    "layer2.0.conv1.weight",
    "layer3.0.conv1.weight",
    "layer4.0.conv1.weight",
    "fc.weight",
  ]);
  expect(groups[0]).toEqual(["conv1.weight", "bn1.weight", "bn1.bias"]);
  expect(groups.flat().toSorted()).toEqual(names.toSorted());
});

test.each([
  ["convnext_atto", "features", 8],
  ["regnetx_002", "trunk_output", 4],
])("the stages of %s are groups, though they are all in %s", (name, container, stages) => {
  const groups = layerGroups(createModel(name, { classes: 3 }).module);
  expect(groups.filter(([first]) => first.startsWith(`${container}.`))).toHaveLength(stages);
});

describe("a plan", () => {
  test("freezes what patterns mean, and all but the classifier where it alone is trained", () => {
    expect(frozenNames({})).toEqual([]);
    expect(frozenNames({ freeze: ["layer1", "conv1"] })).toEqual(
      names.filter((name) => name.startsWith("layer1.") || name === "conv1.weight"),
    );
    expect(frozenNames({ headOnly: true })).toEqual(names.filter((name) => !name.startsWith("fc.")));
  });

  test("unfreezes a stage every so many epochs, from the classifier on, until all are trained", () => {
    const trainedAt = (step: number): number => names.length - frozenNames({ unfreezeEvery: 2 }, step).length;
    const sizes = layerGroups(module).map((group) => group.length);
    const cumulated = sizes.toReversed().map((_, index, all) => all.slice(0, index + 1).reduce((a, b) => a + b, 0));
    // Ten steps an epoch.
    expect([0, 19, 20, 40, 60, 80, 100, 500].map(trainedAt)).toEqual(
      [0, 0, 1, 2, 3, 4, 5, 5].map((at) => cumulated[at]),
    );
  });

  test("multiplies learning rates by stage, and by the last pattern that fits", () => {
    const rates = [
      { pattern: "layer3", factor: 2 },
      { pattern: "layer3.1", factor: 3 },
    ];
    const { rateFactor } = planFineTuning({ ...defaultRecipe, layerDecay: 0.5, rates }, module, {
      steps: 1000,
      stepsPerEpoch: 10,
      sample: [3, 32, 32],
    }).optionsOf(0);
    const factorOf = (name: string): number => rateFactor(name);
    expect(["fc.bias", "layer4.0.conv1.weight", "bn1.weight"].map(factorOf)).toEqual([1, 0.5, 0.5 ** 5]);
    expect(["layer3.0.conv1.weight", "layer3.1.conv1.weight"].map(factorOf)).toEqual([0.25 * 2, 0.25 * 3]);
  });

  test("multiplies the learning rate of every bias, those of norms included, and of nothing else", () => {
    const { rateFactor } = planFineTuning({ ...defaultRecipe, biasRate: 64 }, module, {
      steps: 1000,
      stepsPerEpoch: 10,
      sample: [3, 32, 32],
    }).optionsOf(0);
    const raised = names.filter((name) => rateFactor(name) === 64);
    expect(raised).toEqual(names.filter((name) => name.endsWith(".bias")));
    expect(raised).toContain("fc.bias");
    expect(raised).toContain("layer1.0.bn1.bias");
    expect(new Set(names.map((name) => rateFactor(name)))).toEqual(new Set([1, 64]));
  });

  test.each([
    [
      { biasRate: 2, freeze: ["*.bias"] },
      /biasRate: has no bias to apply to: the network has none that is trained; leave it out/,
    ],
    [{ freeze: ["layer9"] }, /freeze: "layer9" matches no parameter of the network; there are conv1/],
    [{ rates: [{ pattern: "nothing", factor: 1 }] }, /rates: "nothing" matches no parameter/],
    [{ freeze: ["*"] }, /leaves nothing to train/],
    [{ headOnly: true, freeze: ["fc"] }, /leaves nothing to train/],
    [{ headOnly: true, unfreezeEvery: 1 }, /unfreezeEvery: excludes headOnly/],
    [{ headOnly: true, layerDecay: 0.5 }, /layerDecay: changes nothing/],
    [{ headOnly: true, rates: [{ pattern: "layer1", factor: 0.1 }] }, /rates: "layer1" matches frozen parameters only/],
    [{ unfreezeEvery: 1, freeze: ["fc"] }, /freeze: leaves nothing to train in the first epochs/],
  ])("refuses %o in one line", (recipe, message) => {
    expect(() => frozenNames(recipe)).toThrow(OptionError);
    expect(() => frozenNames(recipe)).toThrow(message);
  });
});
