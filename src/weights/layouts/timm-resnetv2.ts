import type { Layout } from "./layout.ts";

/**
 * Pre-activation networks: the projection is a convolution alone and reads the first activation; the classifier is a
 * 1×1 convolution.
 *
 * @source https://github.com/huggingface/pytorch-image-models timm/models/resnetv2.py
 */
export const timmResnetV2: Layout = {
  name: "timm (resnetv2)",
  id: "timm-resnetv2",
  names: [
    ["stem.conv.*", "stem.conv1.*"],
    ["stages.{s}.blocks.{b}.norm{c}.*", "layer{s+1}.{b}.bn{c}.*"],
    ["stages.{s}.blocks.{b}.conv{c}.*", "layer{s+1}.{b}.conv{c}.*"],
    ["stages.{s}.blocks.{b}.downsample.conv.*", "layer{s+1}.{b}.downsample.conv.*"],
    ["norm.*", "norm.*"],
    ["head.fc.*", "fc.*"],
  ],
  build: {},
  takes: ({ dimensions }) => dimensions === 2,
};
