import { expect, test } from "vitest";
import { countParameters, parametersOf } from "./module.ts";
import { createModel } from "./models.ts";

// Trainable parameters: plain and pad, project, project-all. ImageNet's B is torchvision's published count.
const published: readonly (readonly [string, number, number, number])[] = [
  ["resnet20", 269_722, 272_474, 283_962],
  ["resnet56", 853_018, 855_770, 900_858],
  ["resnet110", 1_727_962, 1_730_714, 1_826_202],
  ["resnet18", 11_515_688, 11_689_512, 12_043_816],
  ["resnet34", 21_623_848, 21_797_672, 22_716_840],
  ["resnet50", 22_780_456, 25_557_032, 40_128_552],
];

test.each(published)(
  "%s has the published number of parameters for every shortcut type",
  (name, plain, project, projectAll) => {
    const types = ["plain", "pad", "project", "project-all"] as const;
    const counts = types.map((shortcut) => countParameters(createModel(name, { shortcut }).module));
    expect(counts).toEqual([plain, plain, project, projectAll]);
  },
);

test.each(["resnet21", "resnet2", "resnet", "vgg16", "cifar-resnet18", ""])(
  "the unknown model %j is refused, and the list of names told",
  (name) => {
    expect(() => createModel(name)).toThrow(/unknown model ".*"; .*residua models list shows all$/);
  },
);

test("50 and 152 are ImageNet's unless the name says otherwise", () => {
  expect(createModel("resnet50").imageShape).toEqual([3, 224, 224]);
  expect(createModel("cifar-resnet50").imageShape).toEqual([3, 32, 32]);
});

test("the shortcut type may be told by the paper's letters and words, as on the command line", () => {
  const resolved = (["A", "b", "C", "identity", "projection", "none"] as const).map(
    (shortcut) => createModel("resnet20", { shortcut }).options.shortcut,
  );
  expect(resolved).toEqual(["pad", "project", "project-all", "pad", "project", "plain"]);
  expect(() => createModel("resnet20", { shortcut: "D" as "A" })).toThrow(
    /^shortcut: unknown type "D"; must be one of plain/,
  );
});

test("of a mistyped name the nearest three networks are named, and where all are", () => {
  expect(() => createModel("resnet2O")).toThrow(
    /^model: unknown model "resnet2O"; did you mean resnet20, .* or .*\? residua models list shows all$/,
  );
});

test("width multiplies the channels of a CIFAR ResNet: ResNet-20 × 2 has 32, 64 and 128", () => {
  const shapes = (width: number) => {
    const parameters = parametersOf(createModel("resnet20", { width }).module);
    return ["conv1", "layer1.0.conv1", "layer2.0.conv1", "layer3.0.conv1"].map(
      (name) => parameters.get(`${name}.weight`)!.shape[0],
    );
  };
  expect([shapes(2), shapes(0.5), shapes(1)]).toEqual([
    [32, 32, 64, 128],
    [8, 8, 16, 32],
    [16, 16, 32, 64],
  ]);
  expect(() => createModel("resnet50", { width: 2 })).toThrow(/^width: is not an option of resnet50/);
  expect(() => createModel("resnet20", { width: 0 })).toThrow(/^width: must be a number of at least 0.0625/);
});
