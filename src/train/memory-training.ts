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

/** A network, and images in memory to train it on. */
export interface MemoryTraining {
  readonly network: NetworkCard;
  readonly train: ImageSet;
  /** Evaluated after every epoch. */
  readonly validation?: ImageSet;
  /** None if left out. */
  readonly augmentation?: Augmentation;
}

/** A training on images in memory that is set up: what steps are made of, and how the network is judged. */
export interface MemorySetup {
  /** The recipe with all that follows from the data. */
  readonly recipe: Recipe;
  readonly source: LocalSource;
  readonly measures: TrainingMeasures;
  readonly step?: TaskStep;
  readonly refuses?: RecipeRefusals;
  /** Shape of one sample of the step, if it is not the image that the network predicts. */
  readonly sampleShape?: Shape;
  /** Judges the network as it predicts on the validation part; left out if there is none. */
  readonly validate?: (session: Session) => Promise<Evaluation>;
}

/**
 * How a task sets up a training on images in memory.
 *
 * @throws {OptionError} naming images that do not fit the network, or batches that cannot be had
 */
export type SetUpInMemory = (training: MemoryTraining, recipe: Recipe) => MemorySetup;
