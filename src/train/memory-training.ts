import type { Augmentation } from "../data/augmentation.ts";
import type { ImageSet } from "../data/image-set.ts";
import type { LocalSource } from "../data/sample-source.ts";
import type { NetworkCard } from "../networks/card.ts";
import type { Session } from "../runtime/runtime.ts";
import type { Shape } from "../tensor/shape.ts";
import type { TaskStep } from "./engine.ts";
import type { Evaluation } from "./evaluation.ts";
import type { Recipe } from "./recipe.ts";
import type { TrainingMeasures } from "./measure.ts";
import type { RecipeRefusals } from "./recipe-check.ts";
import type { ImageBatchesToWhiten } from "./whitening.ts";

/** A network, and images in memory to train it on. */
export interface MemoryTraining {
  readonly network: NetworkCard;
  readonly train: ImageSet;
  /** Evaluated after every epoch. */
  readonly validation?: ImageSet;
  /** Evaluated once, at the end. */
  readonly test?: ImageSet;
  /** None if left out. */
  readonly augmentation?: Augmentation;
}

/** A training run on images in memory, set up: the source of its steps and how the network is evaluated. */
export interface MemorySetup {
  /** The recipe, completed from the data. */
  readonly recipe: Recipe;
  readonly source: LocalSource;
  readonly measures: TrainingMeasures;
  readonly step?: TaskStep;
  readonly refuses?: RecipeRefusals;
  /** The first training images, where a layer can be whitened by them. */
  readonly imagesToWhiten?: ImageBatchesToWhiten;
  /** Shape of one sample, if it differs from the image that the network predicts. */
  readonly sampleShape?: Shape;
  /** Evaluates predictions on the validation split; absent if there is none. */
  readonly validate?: (session: Session) => Promise<Evaluation>;
  /** Evaluates predictions on the test split; absent if there is none. */
  readonly test?: (session: Session) => Promise<Evaluation>;
}

/**
 * Sets up a task's training on images in memory.
 *
 * @throws {OptionError} naming images that do not fit the network, or batches that cannot be formed
 */
export type SetUpInMemory = (training: MemoryTraining, recipe: Recipe) => MemorySetup;
