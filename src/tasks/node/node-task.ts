import type { OnNote } from "../../data/image/raster.ts";
import type { ReadOptions } from "../../data/image/read.ts";
import type { NetworkCard } from "../../networks/card.ts";
import type { TrainingTask } from "../../train/node/set-up.ts";
import type { TaskTypes } from "../task.ts";

/** Which samples of which data. */
export interface SamplesChoice {
  /** A data set's name or a folder; the network's own data if left out. */
  readonly data?: string;
  /** Only samples that the training has kept for its test. */
  readonly heldBack?: boolean;
  /** The first so many. */
  readonly limit?: number;
  /** Where fetched data sets lie. */
  readonly cache: string;
  /** Hears, of the first few images, how they were read if that is not plain. */
  readonly onNote?: OnNote;
}

/** Samples to judge a network by. */
export interface OpenedSamples<Sample> {
  /** The data's name. */
  readonly data: string;
  /** How many images there are. */
  readonly count: number;
  /** They are read as they are wanted. */
  readonly samples: AsyncIterable<Sample>;
}

/** What a task does with files. `node/task.ts` of its folder exports it as `nodeTask`. */
export interface NodeTask<T extends TaskTypes = TaskTypes> extends TrainingTask {
  /** Reads a file, or the page and channel of it that the options choose, as the network takes it. */
  readonly readInput: (path: string, card: NetworkCard, options?: ReadOptions) => Promise<T["input"]>;
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
