import { builtFile } from "../../../files/node.ts";
import type { ModelOptions } from "../../../nn/model-options.ts";
import type { ComputePlace } from "../../../runtime/compute-place.ts";
import type { LoweringChoice } from "../../../compile/lowering.ts";
import type { ChildJob } from "../../../jobs/node/child-process.ts";
import type { Recipe } from "../../../train/recipe.ts";
import type { AdviceStudy } from "../measured.ts";

/** Networks to train for a short while, as the child gets them. */
export interface MeasureJob extends ComputePlace {
  readonly base: { readonly name: string; readonly options: ModelOptions };
  readonly variants: readonly { readonly id: string; readonly name: string; readonly options: ModelOptions }[];
  readonly data: string;
  readonly cache: string;
  readonly steps: number;
  readonly seeds: readonly number[];
  readonly testImages: number;
  /** Fields that differ from `defaultRecipe`; `steps` and `seeds` take the place of its epochs and seed. */
  readonly recipe: Partial<Omit<Recipe, "epochs" | "seed">>;
  readonly lowering: LoweringChoice;
  /** File that keeps progress; whoever has the result removes it. */
  readonly training: string;
}

/** Events of the child. */
export type MeasureEvent =
  | { readonly kind: "note"; readonly text: string }
  | {
      readonly kind: "step";
      readonly label: string;
      /** Share of what this call has to do that is done. */
      readonly share: number;
    };

/** What was measured. */
export type Measured = NonNullable<AdviceStudy["measured"]>;

/** Trains a network and its variants for a short while; stopped, it returns and keeps what it has. */
export const measuringJob: ChildJob<MeasureJob, MeasureEvent, Measured> = {
  name: "measurement",
  worker: builtFile(import.meta.url, "./worker.js"),
};
