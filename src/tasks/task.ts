import type * as v from "valibot";
import type { LabelledImages } from "../data/labelled-images.ts";
import type { NetworkCard } from "../networks/card.ts";
import type { TrainedNetwork } from "../networks/open.ts";
import type { Report } from "../report/report.ts";
import type { Shape } from "../tensor/shape.ts";
import type { TaskStep } from "../train/engine.ts";
import type { Evaluation } from "../train/evaluation.ts";
import type { Measure } from "../train/measure.ts";
import type { SetUpInMemory } from "../train/memory-training.ts";
import type { Recipe } from "../train/recipe.ts";
import type { RecipeRefusals } from "../train/recipe-check.ts";

/** The types of a task, by which everything about it is typed. */
export interface TaskTypes {
  /** Its settings besides the network, carried by the network's card. */
  readonly settings: { readonly name: string };
  /** The input of a prediction. */
  readonly input: unknown;
  readonly predictOptions: object;
  /** Training options besides the network, the data and the recipe. */
  readonly trainOptions: object;
  /** The output of a prediction. */
  readonly output: unknown;
  /** An evaluation sample: an input with ground truth. */
  readonly sample: unknown;
  readonly judgeOptions: object;
  readonly judgement: Evaluation;
  /** The input of a report. */
  readonly study: unknown;
}

/** A network, opened for a task. */
export interface TaskNetwork<T extends TaskTypes> extends TrainedNetwork {
  readonly settings: T["settings"];
}

/**
 * What a network is for. Each task has a folder, whose `task.ts` exports its row for the table. What it does with files is
 * the row of `node/task.ts`, a {@link NodeTask}.
 */
export interface Task<Name extends string = string, T extends TaskTypes = TaskTypes> {
  /** Its name in cards and on the command line; its folder and its row have the same. */
  readonly name: Name;
  /** Checks the settings of a card. */
  readonly settings: v.GenericSchema<unknown, T["settings"]>;
  /**
   * Its part of the training step: loss, labels, measure of correctness.
   *
   * @param sample `[channels, height, width]` of one sample of the step
   */
  readonly step: (settings: T["settings"], sample: Shape, recipe: Recipe) => TaskStep;
  /** Recipe fields that do not apply, each with its reason. */
  readonly refuses: RecipeRefusals;
  /** The share that its step counts as correct. */
  readonly trainingMeasure: Measure;
  /** Measures by which it is judged, as its evaluations have them; the main one, which chooses the best epoch, comes first. */
  readonly measures: (settings: T["settings"]) => readonly [Measure, ...Measure[]];
  /**
   * Joins networks that do the task together, each by its part's name, into one; its session's `release` releases all. Null if one
   * network does the whole task.
   *
   * @param where what they are of, for errors
   * @throws {FormatError} naming a part that is missing or does something else
   */
  readonly join: ((parts: Readonly<Record<string, TrainedNetwork>>, where: string) => TaskNetwork<T>) | null;
  /** Predicts one input. */
  readonly predict: (network: TaskNetwork<T>, input: T["input"], options?: T["predictOptions"]) => Promise<T["output"]>;
  /** Evaluates the network on samples with ground truth. */
  readonly judge: (
    network: TaskNetwork<T>,
    samples: AsyncIterable<T["sample"]> | Iterable<T["sample"]>,
    options?: T["judgeOptions"],
  ) => Promise<T["judgement"]>;
  /**
   * Samples of images in memory, to judge a network by; null if the task has no such samples.
   *
   * @throws {OptionError} naming what does not fit the network
   */
  readonly samplesInMemory: ((images: LabelledImages, card: NetworkCard) => Iterable<T["sample"]>) | null;
  /** A study of a network as a page. */
  readonly report: (study: T["study"]) => Report;
  /** Sets up a training on images in memory, as a page has them; null if the task cannot be trained so. */
  readonly setUpInMemory: SetUpInMemory | null;
}
