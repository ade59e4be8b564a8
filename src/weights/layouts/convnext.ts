import { convnextFamily } from "../../nn/families/convnext.ts";
import type { ModelOptions } from "../../nn/model-options.ts";
import type { FamilyLayout } from "./family-layout.ts";
import { imagenetNormalization } from "./layout.ts";
import type { NamePair } from "./names.ts";

const stages = [0, 1, 2, 3] as const;

const variants: readonly ModelOptions[] = [
  { shortcut: "project-all" },
  { layerScale: "scalar" },
  { layerScale: "none" },
  { shortcut: "project-all", layerScale: "none" },
];

const shared = { family: convnextFamily, variants, normalization: imagenetNormalization } as const;

/** Residua's own names. @source torchvision/models/convnext.py */
export const torchvisionConvnext: FamilyLayout = {
  ...shared,
  name: "torchvision",
  mark: "features.1.0.block.0.weight",
  names: [
    ["features.*", "features.*"],
    ["classifier.*", "classifier.*"],
  ],
};

/** torchvision numbers entries and stages in one sequence: entry s is 2s, stage s is 2s + 1. */
const timmStage = (stage: number): readonly NamePair[] => {
  const [theirs, ours] = [`stages.${stage}.blocks.{b}`, `features.${2 * stage + 1}.{b}`];
  return [
    [`stages.${stage}.downsample.{i}.*`, `features.${2 * stage}.{i}.*`],
    [`${theirs}.gamma`, `${ours}.layer_scale`],
    [`${theirs}.conv_dw.*`, `${ours}.block.0.*`],
    [`${theirs}.norm.*`, `${ours}.block.2.*`],
    [`${theirs}.mlp.fc1.*`, `${ours}.block.3.*`],
    [`${theirs}.mlp.fc2.*`, `${ours}.block.5.*`],
  ];
};

/** The small networks' fully connected layers are 1×1 convolutions. @source timm/models/convnext.py */
export const timmConvnext: FamilyLayout = {
  ...shared,
  name: "timm (convnext)",
  mark: "stages.0.blocks.0.conv_dw.weight",
  names: [
    ["stem.{i}.*", "features.0.{i}.*"],
    ...stages.flatMap(timmStage),
    ["head.norm.*", "classifier.0.*"],
    ["head.fc.*", "classifier.2.*"],
  ],
};

const originalStage = (stage: number): readonly NamePair[] => {
  const [theirs, ours] = [`stages.${stage}.{b}`, `features.${2 * stage + 1}.{b}`];
  return [
    [`downsample_layers.${stage}.{i}.*`, `features.${2 * stage}.{i}.*`],
    [`${theirs}.gamma`, `${ours}.layer_scale`],
    [`${theirs}.dwconv.*`, `${ours}.block.0.*`],
    [`${theirs}.norm.*`, `${ours}.block.2.*`],
    [`${theirs}.pwconv1.*`, `${ours}.block.3.*`],
    [`${theirs}.pwconv2.*`, `${ours}.block.5.*`],
  ];
};

/** @source https://github.com/facebookresearch/ConvNeXt models/convnext.py */
export const originalConvnext: FamilyLayout = {
  ...shared,
  name: "facebookresearch/ConvNeXt",
  mark: "stages.0.0.dwconv.weight",
  names: [...stages.flatMap(originalStage), ["norm.*", "classifier.0.*"], ["head.*", "classifier.2.*"]],
};
