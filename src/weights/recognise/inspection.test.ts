import { expect, test } from "vitest";
import { layoutCase, layoutCases, shapesOfCase } from "../../../test/support/layouts.ts";
import { OptionError, WeightsError } from "../../tensor/errors.ts";
import type { ModelOptions } from "../../nn/model-options.ts";
import { createModel } from "../../nn/models.ts";
import { buffersOf, parametersOf } from "../../nn/module.ts";
import { float32 } from "../../tensor/tensor.ts";
import { findModel } from "./find-model.ts";
import { inspectWeights } from "./inspection.ts";
import { depthOf } from "./structure.ts";
import type { WeightsFile } from "../weights-file.ts";

/** By hand, from the systems' sources: network, axes, shortcut, layout, image channels, classes. */
const expected: Readonly<Record<string, readonly unknown[]>> = {
  "torchvision resnet18": ["ResNet-18", 2, "project", "torchvision", 3, 1000],
  "torchvision resnet34": ["ResNet-34", 2, "project", "torchvision", 3, 1000],
  "torchvision resnet50": ["ResNet-50", 2, "project", "torchvision", 3, 1000],
  "torchvision resnet101": ["ResNet-101", 2, "project", "torchvision", 3, 1000],
  "torchvision resnext50_32x4d": ["ResNeXt-50 32x4d", 2, "project", "torchvision", 3, 1000],
  "torchvision wide_resnet50_2": ["Wide ResNet-50-2", 2, "project", "torchvision", 3, 1000],
  "timm resnet50d": ["ResNet-50-D", 2, "project", "timm-d", 3, 1000],
  "timm seresnet50": ["SE-ResNet-50", 2, "project", "timm", 3, 1000],
  "timm resnetv2_50": ["Pre-activation ResNet-50", 2, "project", "timm-resnetv2", 3, 1000],
  "timm resnetv2_50d": ["Pre-activation ResNet-50-D", 2, "project", "timm-resnetv2-d", 3, 1000],
  "MONAI resnet10 3-D B": ["ResNet-10", 3, "project", "monai", 1, 2],
  "MONAI resnet18 2-D B": ["ResNet-18", 2, "project", "monai", 1, 3],
  "MONAI resnet18 1-D A": ["ResNet-18", 1, "pad", "monai", 2, 3],
  "MONAI resnet50 1-D B": ["ResNet-50", 1, "project", "monai", 2, 3],
  "3D-ResNets resnet18 A": ["ResNet-18", 3, "pad", "3d-resnets", 3, 400],
  "3D-ResNets resnet34 A": ["ResNet-34", 3, "pad", "3d-resnets", 3, 700],
  "3D-ResNets resnet50 B": ["ResNet-50", 3, "project", "3d-resnets", 3, 700],
  "MedicalNet resnet10 B": ["ResNet-10", 3, "project", "medicalnet", 1, undefined],
  "MedicalNet resnet18 A": ["ResNet-18", 3, "pad", "medicalnet", 1, undefined],
  "MedicalNet resnet34 A": ["ResNet-34", 3, "pad", "medicalnet", 1, undefined],
  "MedicalNet resnet50 B": ["ResNet-50", 3, "project", "medicalnet", 1, undefined],
  "MedicalNet resnet200 B": ["ResNet-200", 3, "project", "medicalnet", 1, undefined],
  "akamaster resnet20": ["ResNet-20", 2, "pad", "akamaster", 3, 10],
  "akamaster resnet56": ["ResNet-56", 2, "pad", "akamaster", 3, 10],
  "akamaster resnet110": ["ResNet-110", 2, "pad", "akamaster", 3, 10],
  "Zagoruyko WRN-16-4": ["Wide ResNet-16-4", 2, "project", "wide-zagoruyko", 3, 10],
  "Zagoruyko WRN-28-10": ["Wide ResNet-28-10", 2, "project", "wide-zagoruyko", 3, 100],
  "xternalz WRN-28-10": ["Wide ResNet-28-10", 2, "project", "wide-xternalz", 3, 10],
  "xternalz WRN-16-4": ["Wide ResNet-16-4", 2, "project", "wide-xternalz", 3, 10],
  "meliketoy WRN-28-10": ["Wide ResNet-28-10", 2, "project", "wide-meliketoy", 3, 10],
  "meliketoy WRN-16-4": ["Wide ResNet-16-4", 2, "project", "wide-meliketoy", 3, 10],
  "Keras ResNet50": ["ResNet-50", 2, "project", "keras", 3, 1000],
  "Keras ResNet101": ["ResNet-101", 2, "project", "keras", 3, 1000],
  "Keras ResNet50, old names": ["ResNet-50", 2, "project", "keras-old", 3, 1000],
};

/** A case whose tensors are changed. */
function changed(name: string, change: (tensors: Map<string, ReturnType<typeof float32>>) => void): WeightsFile {
  const file = shapesOfCase(layoutCase(name));
  const tensors = new Map(file.tensors) as Map<string, ReturnType<typeof float32>>;
  change(tensors);
  return { ...file, tensors };
}

const withoutProjections = (name: string): WeightsFile =>
  changed(name, (tensors) => {
    for (const key of tensors.keys()) if (key.includes("downsample")) tensors.delete(key);
  });

test("every case that make-layouts.py wrote is expected to be something", () => {
  expect(layoutCases.map(({ name }) => name)).toEqual(Object.keys(expected));
});

test.each(layoutCases)("$name is known for sure, whole, with its shortcut type", (entry) => {
  const { title, structure, shortcuts, layout, sure } = inspectWeights(shapesOfCase(entry), "w.pth");
  expect([title, structure.dimensions, ...shortcuts, layout.id, structure.channels, structure.classes]).toEqual(
    expected[entry.name],
  );
  expect(sure).toBe(true);
  expect(title).toContain(`-${depthOf(structure)}`);
});

test.each(["MedicalNet resnet18 A", "MedicalNet resnet34 A", "3D-ResNets resnet18 A", "akamaster resnet20"])(
  "%s is refused as B, and the missing keys are named as in the file",
  (name) => {
    const work = (): unknown => inspectWeights(shapesOfCase(layoutCase(name)), "w.pth", { shortcut: "project" });
    expect(work).toThrow(WeightsError);
    expect(work).toThrow(
      /with shortcut B \(project\): missing "(module\.)?layer2\.0\.(downsample|shortcut)\.0\.weight"/,
    );
    expect(work).toThrow(/the weights are those of A \(pad\)$/);
  },
);

test.each(["MedicalNet resnet50 B", "torchvision resnet18", "timm resnetv2_50"])(
  "%s is refused as A, and the keys left over are named",
  (name) => {
    const work = (): unknown => inspectWeights(shapesOfCase(layoutCase(name)), "w.pth", { shortcut: "pad" });
    expect(work).toThrow(/with shortcut A \(pad\): unexpected ".*downsample/);
  },
);

test("under torchvision's names, weights without projections are plain or A, until it is said which", () => {
  const file = withoutProjections("torchvision resnet18");
  expect(inspectWeights(file, "w.pth")).toMatchObject({ sure: false, shortcuts: ["plain", "pad"] });
  expect(inspectWeights(file, "w.pth", { shortcut: "pad" })).toMatchObject({ sure: true, shortcuts: ["pad"] });
  expect(inspectWeights(file, "w.pth", { shortcut: "plain" })).toMatchObject({ sure: true, shortcuts: ["plain"] });
});

test.each<readonly [string, ModelOptions]>([
  ["resnet20", { shortcut: "pad", layerScale: "scalar" }],
  ["resnet18", { layerScale: "channel" }],
  ["resnet18d", { layerScale: "channel" }],
  ["resnet50", { shortcut: "project-all", layerScale: "scalar" }],
  ["seresnet18", { layerScale: "channel" }],
  ["resnetv2_20", { layerScale: "scalar" }],
  ["resnetv2_50d", { layerScale: "channel" }],
  ["wrn-16-4", { layerScale: "channel" }],
])("a factor on F is known again by its names: %s %j", (name, options) => {
  const { module, options: all } = createModel(name, options);
  const specs = [...parametersOf(module), ...buffersOf(module)];
  const tensors = new Map(
    specs.map(([key, { shape }]) => [key, { dtype: "float32", shape, data: new Float32Array(0) } as const]),
  );
  const found = inspectWeights({ ...shapesOfCase(layoutCase("torchvision resnet18")), tensors }, "w.pth");
  expect(found.sure).toBe(true);
  const model = findModel(found, found.shortcuts[0])!;
  expect(model.name).toBe(name);
  expect(model.options).toEqual(all);
});

test("a projection in every block is C", () => {
  const file = changed("torchvision resnet18", (tensors) => {
    for (const [stage, width] of [64, 128, 256, 512].entries()) {
      for (const block of [0, 1]) {
        const name = `layer${stage + 1}.${block}.downsample`;
        if (tensors.has(`${name}.0.weight`)) continue;
        tensors.set(`${name}.0.weight`, { dtype: "float32", shape: [width, width, 1, 1], data: new Float32Array(0) });
        for (const leaf of ["weight", "bias", "running_mean", "running_var"]) {
          tensors.set(`${name}.1.${leaf}`, { dtype: "float32", shape: [width], data: new Float32Array(0) });
        }
      }
    }
  });
  expect(inspectWeights(file, "w.pth")).toMatchObject({ sure: true, shortcuts: ["project-all"] });
});

test.each<readonly [string, (tensors: Map<string, ReturnType<typeof float32>>) => unknown, object]>([
  ["a key is missing", (tensors) => tensors.delete("layer2.1.bn1.bias"), { missing: ["layer2.1.bn1.bias"] }],
  ["a key is left over", (tensors) => tensors.set("extra", float32([1], [0])), { unexpected: ["extra"] }],
  [
    "a shape is another one",
    (tensors) => tensors.set("layer2.1.conv1.weight", float32([1], [0])),
    { misshapen: [{ name: "layer2.1.conv1.weight", expected: [128, 128, 3, 3], found: [1] }] },
  ],
  [
    "a projection is missing",
    (tensors) => [...tensors.keys()].filter((key) => key.includes("layer4.0.down")).map((key) => tensors.delete(key)),
    {
      missing: ["0.weight", "1.weight", "1.bias", "1.running_mean", "1.running_var"].map(
        (leaf) => `layer4.0.downsample.${leaf}`,
      ),
    },
  ],
])("it is not sure where %s, and names it", (_, change, difference) => {
  const found = inspectWeights(changed("torchvision resnet18", change), "w.pth");
  expect(found.sure).toBe(false);
  expect(found.difference).toEqual({ missing: [], unexpected: [], misshapen: [], ...difference });
});

test("what lies deeper within other modules is found", () => {
  const file = shapesOfCase(layoutCase("torchvision resnet18"));
  const tensors = new Map([...file.tensors].map(([name, value]) => [`model.backbone.${name}`, value]));
  expect(inspectWeights({ ...file, tensors }, "w.pth")).toMatchObject({ sure: true, prefix: "model.backbone." });
});

test("MedicalNet's segmentation head is left out, and said so", () => {
  const file = changed("MedicalNet resnet18 A", (tensors) => tensors.set("conv_seg.0.weight", float32([1], [0])));
  expect(inspectWeights(file, "w.pth")).toMatchObject({ sure: true, besides: ["conv_seg.0.weight"] });
});

test("what names no residual network is refused with some of its names", () => {
  const file = changed("torchvision resnet18", (tensors) => tensors.clear());
  expect(() => inspectWeights(file, "w.pth")).toThrow(/w\.pth: holds no weights/);
  const other = { ...file, tensors: new Map([["features.0.weight", float32([1], [0])]]) };
  expect(() => inspectWeights(other, "w.pth")).toThrow(/matches no known residual network: it has "features\.0/);
});

test("a layout may be said, and an unknown one is refused by a list", () => {
  const file = shapesOfCase(layoutCase("3D-ResNets resnet18 A"));
  expect(inspectWeights(file, "w.pth", { layout: "monai" }).layout.id).toBe("monai");
  expect(() => inspectWeights(file, "w.pth", { layout: "caffe" })).toThrow(OptionError);
  expect(() => inspectWeights(file, "w.pth", { layout: "caffe" })).toThrow(/must be one of torchvision, timm,/);
});
