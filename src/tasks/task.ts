import type * as v from "valibot";
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
  /** What it needs to know beside the network: a network's card carries it. */
  readonly settings: { readonly name: string };
  /** What a network predicts from. */
  readonly input: unknown;
  readonly predictOptions: object;
  /** What it predicts. */
  readonly output: unknown;
  /** What it is judged by: something to predict from, with the truth. */
  readonly sample: unknown;
  readonly judgeOptions: object;
  readonly judgement: Evaluation;
  /** What a report is made from. */
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
   * What its training step has of its own: loss, labels, what counts as right.
   *
   * @param sample `[channels, height, width]` of one sample of the step
   */
  readonly step: (settings: T["settings"], sample: Shape, recipe: Recipe) => TaskStep;
  /** Fields of the recipe that mean nothing to it, with the reason. */
  readonly refuses: RecipeRefusals;
  /** What its step counts as right, as a share. */
  readonly trainingMeasure: Measure;
  /** Measures by which it is judged, as its evaluations have them; the main one, which chooses the best epoch, comes first. */
  readonly measures: (settings: T["settings"]) => readonly [Measure, ...Measure[]];
  /** What the network says about one input. */
  readonly predict: (network: TaskNetwork<T>, input: T["input"], options?: T["predictOptions"]) => Promise<T["output"]>;
  /** Compares what the network says about samples with the truth. */
  readonly judge: (
    network: TaskNetwork<T>,
    samples: AsyncIterable<T["sample"]> | Iterable<T["sample"]>,
    options?: T["judgeOptions"],
  ) => Promise<T["judgement"]>;
  /** A study of a network as a page. */
  readonly report: (study: T["study"]) => Report;
  /** Sets up a training on images in memory, as a page has them; null if the task cannot be trained so. */
  readonly setUpInMemory: SetUpInMemory | null;
}
