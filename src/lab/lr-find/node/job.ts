import type { LoweringChoice } from "../../../compile/lowering.ts";
import { builtFile } from "../../../files/node.ts";
import type { ChildJob } from "../../../jobs/node/child-process.ts";
import type { ComputePlace } from "../../../runtime/compute-place.ts";
import type { FreshTraining } from "../../../train/node/job.ts";
import type { Recipe } from "../../../train/recipe.ts";
import type { RateStudy } from "../study.ts";

const ramps = "does not apply to lr-find, whose learning rate rises from step to step; leave it out";

/** Fields of a recipe that a range test cannot follow: they are about the rate, or about what follows the steps. */
type RampedField =
  | "epochs"
  | "learningRate"
  | "schedule"
  | "warmupSteps"
  | "patience"
  | "average"
  | "progressiveResize"
  | "freezeOut";

/** Why each of them is refused. */
export const rateRefusals: Readonly<Record<RampedField, string>> = {
  epochs: "does not apply to lr-find, whose length is `steps`; leave it out",
  learningRate: "is what lr-find looks for; leave it out, or set `lowest` and `highest`",
  schedule: ramps,
  warmupSteps: ramps,
  patience: "does not apply to lr-find, which takes no validation; leave it out",
  average: "does not apply to lr-find: the loss is that of the weights, not of their moving average; leave it out",
  freezeOut: ramps,
  progressiveResize: "does not apply to lr-find: the loss would change with the images, not the rate; leave it out",
};

/** A recipe without what a range test sets itself. */
export type RateRecipe = Omit<Recipe, RampedField>;

/** A range test as the child gets it. */
export interface RateJob extends ComputePlace {
  /** The training that the rate is for. */
  readonly start: Omit<FreshTraining, "recipe"> & { readonly recipe: RateRecipe };
  /** Learning rates of the first and the last step. */
  readonly lowest: number;
  readonly highest: number;
  readonly steps: number;
  /** The folder of downloaded data sets. */
  readonly cache: string;
  readonly lowering: LoweringChoice;
}

/** Events of the child. */
export type RateEvent =
  | { readonly kind: "note"; readonly text: string }
  | {
      readonly kind: "step";
      readonly step: number;
      readonly steps: number;
      readonly learningRate: number;
      readonly loss: number;
    };

/** Tests learning rates; stopped, it returns what it has. */
export const rateJob: ChildJob<RateJob, RateEvent, RateStudy> = {
  name: "learning-rate test",
  worker: builtFile(import.meta.url, "./worker.js"),
};
