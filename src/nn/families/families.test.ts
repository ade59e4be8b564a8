import { expect, test } from "vitest";
import { describeModule } from "../describe.ts";
import { createModel, modelFamilies, modelNames } from "../models.ts";
import type { ModelOptions } from "../model-options.ts";
import { countParameters, parametersOf } from "../module.ts";
import { additiveShortcutTypes } from "../shortcuts/type.ts";
import { randomStream } from "../../tensor/random.ts";

const count = (name: string, options: ModelOptions = {}): number => countParameters(createModel(name, options).module);

// Trainable parameters with 1000 classes (ImageNet) or 10 (CIFAR).
const exact: readonly (readonly [name: string, parameters: number])[] = [
  // torchvision 0.14: sum(p.numel() for p in model.parameters()), its published `num_params`.
  ["resnet18", 11_689_512],
  ["resnet34", 21_797_672],
  ["resnet50", 25_557_032],
  ["resnet101", 44_549_160],
  ["resnet152", 60_192_808],
  ["resnext50_32x4d", 25_028_904],
  ["resnext101_32x8d", 88_791_336],
  ["resnext101_64x4d", 83_455_272],
  ["wide_resnet50_2", 68_883_240],
  ["wide_resnet101_2", 126_886_696],
  ["densenet121", 7_978_856],
  ["densenet161", 28_681_000],
  ["densenet169", 14_149_480],
  ["densenet201", 20_013_928],
  // torchvision/models/convnext.py: its published `num_params`.
  ["convnext_tiny", 28_589_128],
  ["convnext_small", 50_223_688],
  ["convnext_base", 88_591_464],
  ["convnext_large", 197_767_336],
  // torchvision/models/regnet.py, the same.
  ["regnet_x_400mf", 5_495_976],
  ["regnet_x_800mf", 7_259_656],
  ["regnet_x_1_6gf", 9_190_136],
  ["regnet_x_3_2gf", 15_296_552],
  ["regnet_x_8gf", 39_572_648],
  ["regnet_x_16gf", 54_278_536],
  ["regnet_x_32gf", 107_811_560],
  ["regnet_y_400mf", 4_344_144],
  ["regnet_y_800mf", 6_432_512],
  ["regnet_y_1_6gf", 11_202_430],
  ["regnet_y_3_2gf", 19_436_338],
  ["regnet_y_8gf", 39_381_472],
  ["regnet_y_16gf", 83_590_140],
  ["regnet_y_32gf", 145_046_770],
  ["regnet_y_128gf", 644_812_894],
  // github.com/xternalz/WideResNet-pytorch prints it for WRN-28-10.
  ["wrn-28-10", 36_479_194],
  // github.com/gpleiss/efficient_densenet_pytorch: "769162 total parameters".
  ["densenetbc100_k12", 769_162],
  // By hand: 12 · 24 + 24 of the first convolution; in each stage 9 · (in + depth · width) · width, and a norm for each; 10 · width.
  ["airbench94", 312 + 9 * (88 * 64 + 320 * 256 + 512 * 256) + 4 * 576 + 2560],
  ["airbench95", 312 + 9 * (152 * 128 + 512 * 384 + 768 * 384) + 4 * 896 + 3840],
  ["airbench96", 312 + 9 * (280 * 128 + 1152 * 512 + 1536 * 512) + 6 * 1152 + 5120],
  // By hand: SE adds C·s + s + s·C + C a block, s = C/16 in the 16 bottlenecks, to ResNet-50's 25,557,032.
  ["seresnet50", 25_557_032 + 3 * 8_464 + 4 * 33_312 + 6 * 132_160 + 3 * 526_464],
  // By hand: CBAM adds 2·C²/16 and a 7×7 convolution of 2 channels with a batch norm of 1 a block.
  ["cbamresnet50", 25_557_032 + 3 * 8_192 + 4 * 32_768 + 6 * 131_072 + 3 * 524_288 + 16 * (2 * 49 + 2)],
  // By hand: ResNet-50 without the norms of its four projections.
  ["resnetv2_50", 25_557_032 - 2 * (256 + 512 + 1024 + 2048)],
];

test.each(exact)("%s has %i parameters", (name, parameters) => {
  expect(count(name)).toBe(parameters);
});

// In millions, as published.
const rounded: readonly (readonly [name: string, millions: string])[] = [
  // timm: results/benchmark-infer-amp-nchw-pt113-cu117-rtx3090.csv, column param_count.
  ["resnet18d", "11.71"],
  ["resnet34d", "21.82"],
  ["resnet50d", "25.58"],
  ["resnet101d", "44.57"],
  ["resnet152d", "60.21"],
  ["seresnet18", "11.78"],
  ["seresnet34", "21.96"],
  ["seresnet50", "28.09"],
  ["seresnet101", "49.33"],
  ["seresnext50_32x4d", "27.56"],
  ["convnext_atto", "3.70"],
  ["convnext_femto", "5.22"],
  ["convnext_pico", "9.05"],
  ["convnext_nano", "15.59"],
  ["regnetx_002", "2.68"],
  ["regnetx_004", "5.16"],
  ["regnetx_006", "6.20"],
  ["regnetx_040", "22.12"],
  ["regnetx_064", "26.21"],
  ["regnetx_120", "46.11"],
  ["regnety_002", "3.16"],
  ["regnety_006", "6.06"],
  ["regnety_040", "20.65"],
  ["regnety_064", "30.58"],
  ["regnety_080", "39.18"],
  ["regnety_120", "51.82"],
  ["regnetx_032", "15.30"],
  ["regnety_032", "19.44"],
  ["resnetrs50", "35.69"],
  ["resnetrs101", "63.62"],
  ["resnetrs152", "86.62"],
  ["resnetrs200", "93.21"],
  ["resnetrs270", "129.86"],
  ["resnetrs350", "163.96"],
  ["resnetrs420", "191.89"],
  ["res2net50_26w_4s", "25.70"],
  ["res2net50_14w_8s", "25.06"],
  ["res2net50_48w_2s", "25.29"],
  ["res2net50_26w_6s", "37.05"],
  ["res2net50_26w_8s", "48.40"],
  ["res2net101_26w_4s", "45.21"],
  ["res2next50", "24.67"],
  ["res2net50d", "25.72"],
  ["res2net101d", "45.23"],
  ["resnest14d", "10.61"],
  ["resnest26d", "17.07"],
  ["resnest50d", "27.48"],
  ["resnest101e", "48.28"],
  ["resnest200e", "70.20"],
  ["resnest269e", "110.93"],
  ["resnest50d_4s2x40d", "30.42"],
  ["resnest50d_1s4x24d", "25.68"],
  ["resnetv2_50", "25.55"],
  ["resnetv2_101", "44.54"],
  ["resnetv2_152", "60.19"],
  ["resnetv2_50d", "25.57"],
  ["resnetv2_101d", "44.56"],
  // He et al. 2016, table 4, and section 4.
  ["resnetv2_164", "1.7"],
  ["resnetv2_110", "1.7"],
  // Zagoruyko and Komodakis 2016, table 4.
  ["wrn-40-4", "8.9"],
  ["wrn-16-8", "11.0"],
  ["wrn-22-8", "17.2"],
  ["wrn-28-10", "36.5"],
  // Xie et al. 2016, table 7.
  ["resnext29_8x64d", "34.4"],
  // Huang et al. 2016 (DenseNet), table 2.
  ["densenet40_k12", "1.0"],
  ["densenetbc100_k12", "0.8"],
  ["densenetbc250_k24", "15.3"],
  ["densenetbc190_k40", "25.6"],
];

test.each(rounded)("%s has %s million parameters", (name, millions) => {
  const digits = millions.split(".")[1].length;
  expect((count(name) / 1e6).toFixed(digits)).toBe(millions);
});

test.each([
  // torchvision's published GFLOPS (`_ops` of its weights).
  ["resnet18", 1.81],
  ["resnet50", 4.09],
  ["resnet101", 7.8],
  ["resnext50_32x4d", 4.23],
  ["wide_resnet50_2", 11.4],
  ["densenet121", 2.83],
  ["densenet169", 3.36],
  ["convnext_tiny", 4.456],
  ["convnext_base", 15.355],
])("%s takes %d billion multiply-adds an image", (name, billions) => {
  const { module, imageShape } = createModel(name);
  expect(Math.abs(describeModule(module, imageShape).multiplyAdds / 1e9 - billions)).toBeLessThan(0.006);
});

test.each(["pad", "project-all", "scaled", "gated", "gated-shortcut", "dropout"] as const)(
  "a ConvNeXt's blocks keep their shape, and shortcut %s is theirs",
  (shortcut) => {
    const { blocks } = describeModule(createModel("convnext_atto", { shortcut, classes: 3 }).module, [3, 32, 32]);
    const kinds = { pad: "identity", "project-all": "projection", scaled: "scaled identity" } as const;
    const gates = { gated: "gated identity and residual", "gated-shortcut": "gated identity" } as const;
    const kind = { ...kinds, ...gates, dropout: "identity with dropout" }[shortcut];
    expect(blocks.map((block) => block.shortcut)).toEqual(Array.from({ length: 12 }, () => kind));
  },
);

test("a ConvNeXt refuses what would reach nothing in it, by name", () => {
  expect(() => createModel("convnext_tiny", { shortcut: "project" })).toThrow(/"project" does not fit convnext_tiny/);
  expect(() => createModel("convnext_tiny", { shortcut: "concat" })).toThrow(/"concat" does not fit convnext_tiny/);
  expect(() => createModel("convnext_tiny", { shortcut: "plain" })).toThrow(/layerScale.*needs a shortcut/);
  expect(() => createModel("convnext_tiny", { attention: "se" })).toThrow(/attention.*not an option of convnext_tiny/);
  expect(() => createModel("convnext_tiny", { normEpsilon: 1e-3 })).toThrow(/normEpsilon.*not an option/);
  expect(count("convnext_tiny", { shortcut: "plain", layerScale: "none" })).toBe(28_589_128 - 6_624);
});

test.each([
  ["airbench94", "pad", "identity"],
  ["airbench94", "project-all", "projection"],
  ["airbench95", "scaled", "scaled identity"],
  ["airbench95", "gated", "gated identity and residual"],
  ["airbench96", "gated-shortcut", "gated identity"],
  ["airbench96", "dropout", "identity with dropout"],
  ["airbench94", undefined, "none"],
  ["airbench95", undefined, "none"],
  ["airbench96", undefined, "identity"],
] as const)("the three blocks of %s keep their shape, and shortcut %s is theirs: %s", (name, shortcut, kind) => {
  // From 16 up, of any number of channels; half as wide as published.
  for (const [channels, side] of [
    [3, 32],
    [1, 28],
    [3, 24],
    [2, 16],
  ]) {
    const { module } = createModel(name, { channels, width: 0.5, ...(shortcut === undefined ? {} : { shortcut }) });
    const { blocks, modules } = describeModule(module, [channels, side, side]);
    expect(blocks.map((block) => block.shortcut)).toEqual([kind, kind, kind]);
    expect(modules.find(({ path }) => path === "conv1")?.outputShape).toEqual([8 * channels, side - 1, side - 1]);
  }
});

test("an airbench refuses what would reach nothing in it, and blocks that would start at nothing", () => {
  expect(() => createModel("airbench94", { shortcut: "project" })).toThrow(/"project" does not fit airbench94/);
  expect(() => createModel("airbench94", { shortcut: "concat" })).toThrow(/"concat" does not fit airbench94/);
  expect(() => createModel("airbench94", { padSide: "both" })).toThrow(/padSide.*not an option of airbench94/);
  expect(() => createModel("airbench94", { layerScale: "scalar" })).toThrow(/layerScale.*needs a shortcut/);
  expect(() => createModel("airbench94", { zeroInitResidual: true })).toThrow(/zeroInitResidual.*needs a shortcut/);
  expect(() => createModel("resnet20", { activation: "gelu" })).toThrow(/activation.*not an option of resnet20/);
  expect(() => createModel("airbench97")).toThrow(/unknown model "airbench97"/);
});

test("zeroInitResidual starts the last norm of an airbench's blocks at 0, attention and stochastic depth end them", () => {
  const { module } = createModel("airbench96", { zeroInitResidual: true, attention: "se", stochasticDepth: 0.2 });
  const parameters = parametersOf(module);
  const starts = ["bn1", "bn2"].map((norm) => {
    const { shape, initialize } = parameters.get(`layer2.block.${norm}.weight`)!;
    return initialize(shape, randomStream(1, norm))[0];
  });
  expect(starts).toEqual([1, 0]);
  expect([...parameters.keys()].filter((key) => key.startsWith("layer2.block.se."))).toHaveLength(4);
});

test("an airbench's convolutions start as published: the identity, then PyTorch's default; without diracInit that alone", () => {
  for (const diracInit of [true, false]) {
    const parameters = parametersOf(createModel("airbench94", { diracInit }).module);
    for (const [key, identities] of [
      ["layer1.conv.weight", 24],
      ["layer1.block.conv1.weight", 64],
      ["layer2.conv.weight", 64],
    ] as const) {
      const { shape, initialize } = parameters.get(key)!;
      const data = initialize(shape, randomStream(5, key));
      const size = data.length / shape[0];
      const bound = 1 / Math.sqrt(size);
      const filters = Array.from({ length: shape[0] }, (_, filter) => data.slice(filter * size, (filter + 1) * size));
      const isIdentity = (filter: Float32Array, at: number): boolean =>
        filter[at * 9 + 4] === 1 && filter.filter((value) => value !== 0).length === 1;
      const uniform = filters.filter((filter) => filter.every((value) => Math.abs(value) <= bound));
      expect(filters.filter(isIdentity)).toHaveLength(diracInit ? identities : 0);
      expect(uniform).toHaveLength(shape[0] - (diracInit ? identities : 0));
      const largest = Math.max(0, ...uniform.map((filter) => Math.max(...filter)));
      expect(largest > 0.99 * bound).toBe(uniform.length > 0);
    }
    const { shape, initialize } = parameters.get("conv1.bias")!;
    expect(initialize(shape, randomStream(5, "conv1.bias")).every((value) => value === 0)).toBe(true);
  }
});

test("a RegNet refuses what would reach nothing in it, and shortcuts that would drop channels", () => {
  expect(() => createModel("regnety_002", { stem: "deep" })).toThrow(/stem.*not an option of regnety_002/);
  expect(() => createModel("regnety_002", { attention: "se" })).toThrow(/attention.*not an option/);
  expect(() => createModel("regnety_002", { shortcut: "concat" })).toThrow(/"concat" does not fit regnety_002/);
  expect(() => createModel("regnety_002", { shortcut: "pad" })).toThrow(/"pad" cannot go from 32 to 24 channels/);
  expect(() => createModel("regnetz_005")).toThrow(/unknown model "regnetz_005"/);
});

test("gates of ResNet-110 have a C×C convolution with bias in each of its 52 identity shortcuts", () => {
  const project = count("resnet110");
  const gates = 18 * (16 * 16 + 16) + 17 * (32 * 32 + 32) + 17 * (64 * 64 + 64);
  expect(count("resnet110", { shortcut: "gated" })).toBe(project + gates);
  expect(count("resnet110", { shortcut: "gated-shortcut" })).toBe(project + gates);
  expect(count("resnet110", { shortcut: "scaled" })).toBe(project);
  expect(count("resnet110", { shortcut: "dropout" })).toBe(project);
});

test("every listed name is its own family's, and no other's", () => {
  for (const name of modelNames) {
    const knowing = modelFamilies.filter((family) => family.find(name) !== undefined);
    expect([name, knowing.length, knowing[0].names.includes(name)]).toEqual([name, 1, true]);
  }
});

const small = [
  "resnet18",
  "resnet18d",
  "resnetrs50",
  "regnet_y_400mf",
  "res2net50_14w_8s",
  "resnest26d",
  "resnetv2_18",
  "wrn-16-2",
  "resnext29_2x8d",
  "seresnet18",
  "cbamresnet18",
];

test.each(small.flatMap((name) => additiveShortcutTypes.map((shortcut) => [name, shortcut] as const)))(
  "%s with shortcut %s can be described",
  (name, shortcut) => {
    const { module } = createModel(name, { shortcut, classes: 3 });
    const { blocks } = describeModule(module, [3, 32, 32]);
    expect(blocks.length).toBeGreaterThan(5);
    expect(blocks.every((block) => (block.shortcut === "none") === (shortcut === "plain"))).toBe(true);
  },
);

test("an option that reaches nothing is refused, and so is a shortcut type that the family has not", () => {
  expect(() => createModel("densenet121", { outputStride: 8 })).toThrow(/outputStride.*not an option of densenet121/);
  expect(() => createModel("densenet121", { shortcut: "project" })).toThrow(/"project" does not fit densenet121/);
  expect(() => createModel("resnet18", { shortcut: "concat" })).toThrow(/"concat" does not fit resnet18/);
  expect(() => createModel("resnet18", { dropout: 1 })).toThrow(/dropout.*in \[0, 1\)/);
  expect(() => createModel("resnet18", { outputStride: 2 })).toThrow(/outputStride.*at least 4/);
});

test.each([8, 16, 32])("output stride %i leaves planes that much smaller than the images", (outputStride) => {
  for (const name of ["resnet18", "resnet50", "resnetv2_50", "resnext50_32x4d"]) {
    const { modules } = describeModule(createModel(name, { outputStride }).module, [3, 64, 64]);
    const last = modules.find(({ path }) => path === "layer4" || path === "stages.3");
    expect(last?.outputShape.slice(1)).toEqual([64 / outputStride, 64 / outputStride]);
  }
});

test("channels, classes, stem and its width reach the layers that they name", () => {
  for (const name of ["resnet18", "resnetv2_18", "seresnet18", "wrn-16-2", "densenet121"]) {
    const options = { channels: 5, classes: 7, stem: "3x3", stemWidth: 24 } as const;
    const shapes = [...parametersOf(createModel(name, options).module).values()].map(({ shape }) => shape);
    expect([name, shapes[0]]).toEqual([name, [24, 5, 3, 3]]);
    expect([name, shapes.at(-1)]).toEqual([name, [7]]);
  }
});

test("zeroInitResidual starts the last norm of every block at 0, epsilon reaches every norm", () => {
  const last = { resnet18: /bn2\.weight$/, resnet50: /bn3\.weight$/, resnetv2_50: /norm3\.weight$/ };
  for (const [name, pattern] of Object.entries(last)) {
    const parameters = [...parametersOf(createModel(name, { zeroInitResidual: true }).module)];
    const found = parameters.filter(([key]) => pattern.test(key) && /\.\d+\./.test(key));
    expect(found.length).toBe(name === "resnet18" ? 8 : 16);
    expect(
      found.every(([, { shape, initialize }]) => initialize(shape, undefined as never).every((x) => x === 0)),
    ).toBe(true);
  }
});

test("diracInit starts a block's convolutions with the identity on their first channels, and changes nothing else", () => {
  for (const name of ["resnet20", "resnet50", "resnext50_32x4d", "resnetv2_50", "wrn-16-2", "seresnet18"]) {
    const [plain, dirac] = [false, true].map((diracInit) => parametersOf(createModel(name, { diracInit }).module));
    // Whole networks would take long to draw: the stem, and the first block of the first stages.
    const keys = [...dirac.keys()].filter((key) =>
      /^(stem\.)?conv|(layer|stages\.|blocks\.)[012]\.(blocks\.)?0\./.test(key),
    );
    const draw = (parameters: typeof plain, key: string): Float32Array => {
      const { shape, initialize } = parameters.get(key)!;
      return initialize(shape, randomStream(5, key));
    };
    const changed = keys.filter((key) => Buffer.compare(bytesOf(draw(plain, key)), bytesOf(draw(dirac, key))) !== 0);
    expect(changed).toEqual(keys.filter((key) => /\.0\.conv\d\.weight$/.test(key)));
    expect(changed.length).toBeGreaterThan(1);
    for (const key of changed) {
      const [data, { shape }] = [draw(dirac, key), dirac.get(key)!];
      const [filters, channels] = shape;
      const size = data.length / filters;
      for (const filter of [0, Math.min(filters, channels) - 1]) {
        const own = data.subarray(filter * size, (filter + 1) * size);
        // All zeros but the middle of its own channel.
        const middle = filter * (size / channels) + Math.floor(size / channels / 2);
        expect([key, own.indexOf(1), own.filter((value) => value !== 0).length]).toEqual([key, middle, 1]);
      }
      const rest = channels * size;
      expect(data.subarray(rest)).toEqual(draw(plain, key).subarray(rest));
    }
  }
});

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
