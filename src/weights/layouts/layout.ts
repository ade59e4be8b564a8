import type { Structure } from "../recognise/structure.ts";
import type { Origin } from "../weights-file.ts";
import type { NamePair } from "./names.ts";

/**
 * How a system names and builds its networks. The table maps its names to the common names; the rest is what names
 * cannot tell.
 *
 * The common names, which need not occur in any file:
 *
 * | name | is |
 * |---|---|
 * | `stem.conv{i}.weight`, `stem.bn{i}.*` | the convolutions before the first block, from 1 |
 * | `layer{s}.{b}.conv{c}.weight`, `.bn{c}.*` | stage s from 1, block b from 0, convolution c from 1 |
 * | `layer{s}.{b}.downsample.conv.weight`, `.downsample.bn.*` | the projection |
 * | `layer{s}.{b}.se.fc{i}.*` | squeeze-and-excitation |
 * | `layer{s}.{b}.layer_scale.gamma` | the factor on a block's residual |
 * | `norm.*` | the norm after the last block of a pre-activation network |
 * | `fc.weight`, `fc.bias` | the classifier |
 */
export interface Layout {
  /** Its name in messages. */
  readonly name: string;
  /** Its value for an option `layout`. */
  readonly id: string;
  readonly names: readonly NamePair[];
  /** Names of parts outside the residual network, such as a segmentation head: left out, with a note. */
  readonly besides?: RegExp;
  readonly build: LayoutBuild;
  /** Whether a network of this structure can come from this system; several systems share names. */
  readonly takes: (structure: Structure, origin: Origin) => boolean;
}

/** Properties of a system that its names do not show; the default is as in torchvision. */
export interface LayoutBuild {
  /** What a network without any projections is: option A, if the system has nothing else. */
  readonly withoutProjections?: "pad";
  /** Where option A puts its zero channels. */
  readonly padSide?: "both";
  /** Which convolution of a bottleneck takes the stride. */
  readonly stridePlace?: "1x1";
  /** The stride of the first convolution per axis, if not 2 for large images and 1 for small ones. */
  readonly stemStride?: number | readonly number[];
  /** Stages 3 and 4 keep the stride at 1 and dilate instead. */
  readonly dilated?: boolean;
  /** Strided projections read window means (ResNet-D). */
  readonly averageDown?: boolean;
  /** Convolutions have biases, which the batch norm after them absorbs. */
  readonly foldBias?: boolean;
  /** Batch norm's epsilon, if not 1e-5. */
  readonly epsilon?: number;
  /** The projection of a pre-activation block reads the block's input, not its first activation. */
  readonly rawProjection?: boolean;
  /** The normalisation of the system's images, with pixels from 0 to 1: x ← (x − mean) / deviation. */
  readonly normalization?: ChannelNormalization;
}

/** Mean and deviation of each channel. */
export interface ChannelNormalization {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** ImageNet's, as in torchvision's recipes. */
export const imagenetNormalization: ChannelNormalization = {
  mean: [0.485, 0.456, 0.406],
  deviation: [0.229, 0.224, 0.225],
};

/** CIFAR's, as in Zagoruyko's and xternalz's code. */
export const cifarNormalization: ChannelNormalization = {
  mean: [125.3 / 255, 123 / 255, 113.9 / 255],
  deviation: [63 / 255, 62.1 / 255, 66.7 / 255],
};
