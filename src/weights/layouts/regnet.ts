import { regnetFamily } from "../../nn/families/regnet.ts";
import type { ModelOptions } from "../../nn/model-options.ts";
import type { FamilyLayout } from "./family-layout.ts";
import { imagenetNormalization } from "./layout.ts";
import type { NamePair } from "./names.ts";

const variants: readonly ModelOptions[] = [
  { shortcut: "project-all" },
  { layerScale: "channel" },
  { layerScale: "scalar" },
];

const shared = { family: regnetFamily, variants, normalization: imagenetNormalization } as const;

/** Residua's own names. @source torchvision/models/regnet.py */
export const torchvisionRegnet: FamilyLayout = {
  ...shared,
  name: "torchvision",
  mark: "trunk_output.block1.block1-0.f.a.0.weight",
  names: ["stem", "trunk_output", "fc"].map((part) => [`${part}.*`, `${part}.*`] as const),
};

/** A convolution with its norm: named in timm, numbered in torchvision. */
const convNorm = (theirs: string, ours: string): readonly NamePair[] => [
  [`${theirs}.conv.*`, `${ours}.0.*`],
  [`${theirs}.bn.*`, `${ours}.1.*`],
];

const [theirBlock, ourBlock] = ["s{s}.b{b+1}", "trunk_output.block{s}.block{s}-{b}"];

/** @source timm/models/regnet.py */
export const timmRegnet: FamilyLayout = {
  ...shared,
  name: "timm (regnet)",
  mark: "s1.b1.conv1.conv.weight",
  names: [
    ...convNorm("stem", "stem"),
    ...convNorm(`${theirBlock}.conv1`, `${ourBlock}.f.a`),
    ...convNorm(`${theirBlock}.conv2`, `${ourBlock}.f.b`),
    ...convNorm(`${theirBlock}.conv3`, `${ourBlock}.f.c`),
    ...convNorm(`${theirBlock}.downsample`, `${ourBlock}.proj`),
    [`${theirBlock}.se.fc{i}.*`, `${ourBlock}.f.se.fc{i}.*`],
    ["head.fc.*", "fc.*"],
  ],
};
