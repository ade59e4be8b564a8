import type { Layout } from "./layout.ts";
import type { NamePair } from "./names.ts";

const bodyNames: readonly NamePair[] = [
  ["stages.{s}.blocks.{b}.norm{c}.*", "layer{s+1}.{b}.bn{c}.*"],
  ["stages.{s}.blocks.{b}.conv{c}.*", "layer{s+1}.{b}.conv{c}.*"],
  ["stages.{s}.blocks.{b}.downsample.conv.*", "layer{s+1}.{b}.downsample.conv.*"],
  // Not timm's: Residua's own, beside its names.
  ["stages.{s}.blocks.{b}.layer_scale.*", "layer{s+1}.{b}.layer_scale.*"],
  ["norm.*", "norm.*"],
  ["head.fc.*", "fc.*"],
];

/**
 * Pre-activation networks: the projection is a convolution alone and reads the first activation; the classifier is a
 * 1×1 convolution.
 *
 * @source https://github.com/huggingface/pytorch-image-models timm/models/resnetv2.py
 */
export const timmResnetV2: Layout = {
  name: "timm (resnetv2)",
  id: "timm-resnetv2",
  names: [["stem.conv.*", "stem.conv1.*"], ...bodyNames],
  build: {},
  takes: ({ dimensions }) => dimensions === 2,
};

/**
 * ResNet-D's stem, whose last convolution has no norm, and averaged projections, which have the same names as others.
 *
 * @source timm/models/resnetv2.py `resnetv2_50d`, `create_resnetv2_stem`
 */
export const timmResnetV2D: Layout = {
  name: "timm (resnetv2, deep stem, average-down)",
  id: "timm-resnetv2-d",
  names: [["stem.conv{i}.*", "stem.conv{i}.*"], ["stem.norm{i}.*", "stem.bn{i}.*"], ...bodyNames],
  build: { averageDown: true },
  takes: ({ dimensions, stem }) => dimensions === 2 && stem.convolutions === 3,
};
