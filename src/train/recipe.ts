import type { Precision } from "../compile/lowering.ts";
import type { Variation } from "../data/variation.ts";
import type { AdamwOptions } from "../optim/adamw.ts";
import type { MuonOptions } from "../optim/muon.ts";
import type { ScheduleName } from "../optim/schedules.ts";
import type { SgdOptions } from "../optim/sgd.ts";

/** An optimizer by name, with its options. */
export type OptimizerRecipe =
  | ({ readonly name: "sgd" } & SgdOptions)
  | ({ readonly name: "adamw" } & Omit<AdamwOptions, "epsilon">)
  | ({ readonly name: "muon" } & MuonOptions);

/** A training recipe: plain data, stored in every checkpoint. Equal recipes on equal data give equal networks. */
export interface Recipe extends Variation {
  readonly epochs: number;
  /** Images per step. */
  readonly batch: number;
  readonly optimizer: OptimizerRecipe;
  /** The peak rate of the schedule. */
  readonly learningRate: number;
  readonly schedule: ScheduleName;
  /** Warm-up steps, over which the rate rises from near zero; 0 for one-cycle, which warms up by itself. */
  readonly warmupSteps: number;
  /** Whether weight decay spares biases and batch norms. PyTorch decays all parameters. */
  readonly decaySparesNorms: boolean;
  readonly labelSmoothing: number;
  /** Largest global norm of the gradients. */
  readonly clipNorm?: number;
  /** Stops after this many epochs without a better validation. */
  readonly patience?: number;
  /** Batches whose mean gradient makes one step; 1 if left out. */
  readonly accumulate?: number;
  /**
   * Ranks over whose batches a batch norm normalises together, all that train; each by its own if left out. Of a rank's
   * accumulated batches, each is joined with those that the others compute at the same time.
   */
  readonly syncBatchNorm?: number;
  /**
   * Class weights in the loss, in class order; "balanced" weights each class inversely to its frequency in the training
   * images.
   */
  readonly classWeights?: "balanced" | readonly number[];
  /** α of mixup, λ ~ Beta(α, α). */
  readonly mixup?: number;
  /** Decay of a moving average of the weights, which is then used for validation, test and export. */
  readonly average?: number;
  /** Share of their slow average that weights are pulled back to every five steps, at the end of the training. */
  readonly lookahead?: number;
  /**
   * In what convolutions and products of a step compute: float32, or float16 where the device has it, "mixed". Parameters, statistics,
   * loss and optimizer state are float32 in either. float32 if left out.
   */
  readonly precision?: Precision;
  /** The first half of the steps see images of this share of their size, which cost less; whole ones if left out. */
  readonly progressiveResize?: number;
  /** Whether the first layer starts as the whitening of the images' patches, and stays; false if left out. */
  readonly whiten?: boolean;
  /** Patterns of frozen parameters, see `matchesPattern`. */
  readonly freeze?: readonly string[];
  /** Whether to train only the classifier. */
  readonly headOnly?: boolean;
  /** Unfreezes one more group of layers every this many epochs, starting from the classifier alone. */
  readonly unfreezeEvery?: number;
  /** Layers freeze from the front on: the first stage after this share of the steps, the last one never. */
  readonly freezeOut?: number;
  /** Ratio of each layer group's learning rate to that of the next group towards the output; 1 if left out. */
  readonly layerDecay?: number;
  /** Learning-rate factors by pattern; the last match wins. */
  readonly rates?: readonly RateGroup[];
  /** Learning-rate factor of all biases, those of norms included; 1 if left out. */
  readonly biasRate?: number;
  /** Seeds parameter initialisation, data order, augmentation, dropout and mixup. */
  readonly seed: number;
}

/** Parameters with their own learning rate. */
export interface RateGroup {
  readonly pattern: string;
  readonly factor: number;
}

/** Nesterov SGD in one cycle, which brings a CIFAR ResNet to 99.3 % on MNIST within three epochs. */
export const defaultRecipe: Recipe = {
  epochs: 3,
  batch: 64,
  optimizer: { name: "sgd", momentum: 0.9, nesterov: true, weightDecay: 5e-4 },
  learningRate: 0.1,
  schedule: "one-cycle",
  warmupSteps: 0,
  decaySparesNorms: false,
  labelSmoothing: 0,
  seed: 0,
};

/** The augmentation of a recipe, besides crops and mirroring by chance. */
export function variationOf(recipe: Recipe): Variation {
  const { rotation, brightness, contrast, saturation, erasing, alternateFlip, reflectBorder } = recipe;
  const fields = Object.entries({ rotation, brightness, contrast, saturation, erasing, alternateFlip, reflectBorder });
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

/** Images that a recipe takes for one step. */
export function imagesPerStep({ batch, accumulate = 1 }: Pick<Recipe, "batch" | "accumulate">): number {
  return batch * accumulate;
}
