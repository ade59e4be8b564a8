import { airbenchFamily } from "../../nn/families/airbench.ts";
import type { ModelOptions } from "../../nn/model-options.ts";
import type { FamilyLayout } from "./family-layout.ts";
import type { NamePair } from "./names.ts";

/** A factor on F needs a shortcut, which the smaller networks have not by default. */
const variants: readonly ModelOptions[] = [
  { shortcut: "project-all" },
  { shortcut: "gated" },
  { shortcut: "pad", layerScale: "channel" },
  { shortcut: "pad", layerScale: "scalar" },
];

const shared = {
  family: airbenchFamily,
  variants,
  normalization: { mean: [0.4914, 0.4822, 0.4465], deviation: [0.247, 0.2435, 0.2616] },
} as const;

/** Residua's own names. */
export const ownAirbench: FamilyLayout = {
  ...shared,
  name: "Residua (airbench)",
  mark: "layer1.block.conv1.weight",
  names: ["conv1", "layer1", "layer2", "layer3", "fc"].map((part) => [`${part}.*`, `${part}.*`] as const),
};

/** A convolution with its norm, counted from 1 in each group: the first is the stage's, the others are its block's. */
const convNorm = (place: number): readonly NamePair[] => {
  const [conv, norm] = place === 1 ? ["conv", "bn"] : [`block.conv${place - 1}`, `block.bn${place - 1}`];
  return [
    [`{s+1}.conv${place}.*`, `layer{s}.${conv}.*`],
    [`{s+1}.norm${place}.*`, `layer{s}.${norm}.*`],
  ];
};

/** The places of an `nn.Sequential`. @source github.com/KellerJordan/cifar10-airbench `make_net` */
export const originalAirbench: FamilyLayout = {
  ...shared,
  name: "KellerJordan/cifar10-airbench",
  mark: "2.conv1.weight",
  names: [["0.*", "conv1.*"], ...[1, 2, 3].flatMap(convNorm), ["7.*", "fc.*"]],
};
