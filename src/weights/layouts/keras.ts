import type { Layout, LayoutBuild } from "./layout.ts";

/**
 * v1: the stride in the first 1×1 convolution, a bias in every convolution, batch norm with an epsilon of 1.001e-5.
 * Leaves and axes are converted to PyTorch's when the file is read.
 */
const build: LayoutBuild = { stridePlace: "1x1", foldBias: true, epsilon: 1.001e-5 };

const takes: Layout["takes"] = ({ dimensions, preactivation, convolutionBias }) =>
  dimensions === 2 && !preactivation && convolutionBias;

/** @source https://github.com/keras-team/keras-applications keras_applications/resnet_common.py `ResNet` */
export const keras: Layout = {
  name: "Keras",
  id: "keras",
  names: [
    ["conv1_conv.*", "stem.conv1.*"],
    ["conv1_bn.*", "stem.bn1.*"],
    ["conv{s+1}_block{b+1}_0_conv.*", "layer{s}.{b}.downsample.conv.*"],
    ["conv{s+1}_block{b+1}_0_bn.*", "layer{s}.{b}.downsample.bn.*"],
    ["conv{s+1}_block{b+1}_{c}_conv.*", "layer{s}.{b}.conv{c}.*"],
    ["conv{s+1}_block{b+1}_{c}_bn.*", "layer{s}.{b}.bn{c}.*"],
    ["predictions.*", "fc.*"],
    ["probs.*", "fc.*"],
  ],
  build,
  takes,
};

/** Keras before 2.2.5, with Caffe's names. @source keras_applications/resnet50.py */
export const kerasOld: Layout = {
  name: "Keras (before 2.2.5)",
  id: "keras-old",
  names: [
    ["conv1.*", "stem.conv1.*"],
    ["bn_conv1.*", "stem.bn1.*"],
    ["res{s+1}{b:letter}_branch1.*", "layer{s}.{b}.downsample.conv.*"],
    ["bn{s+1}{b:letter}_branch1.*", "layer{s}.{b}.downsample.bn.*"],
    ["res{s+1}{b:letter}_branch2{c-1:letter}.*", "layer{s}.{b}.conv{c}.*"],
    ["bn{s+1}{b:letter}_branch2{c-1:letter}.*", "layer{s}.{b}.bn{c}.*"],
    ["fc1000.*", "fc.*"],
  ],
  build,
  takes,
};
