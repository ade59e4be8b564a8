import type { OnNote } from "../../data/image/raster.ts";
import type { ReadOptions } from "../../data/image/read.ts";
import type { NetworkCard } from "../../networks/card.ts";
import type { FileSource } from "../../files/node.ts";
import type { FreshTraining } from "../../train/node/job.ts";
import type { TrainingTask } from "../../train/node/set-up.ts";
import type { RecipeFields } from "../../train/standard-recipe.ts";
import type { TaskTypes } from "../task.ts";

/** Selects samples of a data set. */
export interface SamplesChoice {
  /** A data set's name or a folder; the network's own data if left out. */
  readonly data?: string;
  /** Only samples that training held out for its test. */
  readonly heldBack?: boolean;
  /** The first so many. */
  readonly limit?: number;
  /** Where fetched data sets lie. */
  readonly cache: string;
  /** Receives notes on the first few images that were not read trivially. */
  readonly onNote?: OnNote;
}

/** Samples for evaluation. */
export interface OpenedSamples<Sample> {
  /** The data's name. */
  readonly data: string;
  /** How many images there are. */
  readonly count: number;
  /** Read on demand. */
  readonly samples: AsyncIterable<Sample>;
}

/** A training from the start, as far as anything is said about it. */
export interface TrainingChoice<Options extends object = object> {
  readonly start: Omit<FreshTraining, "augmentation" | "validation" | "recipe" | "task">;
  /** Share of the training images held out to choose the best epoch. */
  readonly validation?: number;
  /** Fields of the recipe that are said. */
  readonly given: RecipeFields;
  /** The task's own options. */
  readonly options: Options;
}

/** How a task answers a server's requests about one image. */
export interface Answers<T extends TaskTypes = TaskTypes> {
  /**
   * The options of a request, from the texts in its address.
   *
   * @throws {OptionError} naming one that is not known, or is not what it must be
   */
  readonly readOptions: (texts: Readonly<Record<string, string>>) => T["predictOptions"];
  /** What was found as a document, by media type; the first is the standard. */
  readonly write: Readonly<
    Record<
      string,
      (
        found: T["output"],
        about: { readonly input: T["input"]; readonly settings: T["settings"] },
      ) => string | Uint8Array | Promise<string | Uint8Array>
    >
  >;
}

/** What a task does with files. `node/task.ts` of its folder exports it as `nodeTask`. */
export interface NodeTask<T extends TaskTypes = TaskTypes> extends TrainingTask {
  /** Reads a file, or the page and channel of it that the options choose, as the network takes it. */
  readonly readInput: (file: FileSource, card: NetworkCard, options?: ReadOptions) => Promise<T["input"]>;
  readonly answers: Answers<T>;
  /** Names of the options that a training for it may be told. */
  readonly trainOptions: readonly (keyof T["trainOptions"] & string)[];
  /**
   * Fills in the defaults of a training run.
   *
   * @throws {OptionError} for options that contradict each other
   */
  readonly startTraining: (choice: TrainingChoice<T["trainOptions"]>) => FreshTraining;
  /**
   * Opens samples with their truth.
   *
   * @throws {OptionError} naming the choice that cannot be met
   */
  readonly openSamples: (
    network: { readonly card: NetworkCard; readonly settings: T["settings"] },
    choice: SamplesChoice,
  ) => Promise<OpenedSamples<T["sample"]>>;
}
