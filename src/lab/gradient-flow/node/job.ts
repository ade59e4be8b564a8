import { builtFile } from "../../../files/node.ts";
import type { ModelOptions } from "../../../nn/model-options.ts";
import type { ComputePlace } from "../../../runtime/compute-place.ts";
import type { LoweringChoice } from "../../../compile/lowering.ts";
import type { ChildJob } from "../../../jobs/node/child-process.ts";
import { defaultRecipe, type Recipe } from "../../../train/recipe.ts";
import type { FlowStudy, NetworkFlow } from "../study.ts";

/** What a network is measured from: fresh weights of a named one, or those of a file. */
export type FlowStart =
  | { readonly label: string; readonly model: string; readonly options: ModelOptions }
  | { readonly label: string; readonly file: string };

/** What networks are trained with while their gradients are followed: the same learning rate in every step. */
export const flowRecipe: Recipe = { ...defaultRecipe, schedule: "constant" };

/** A measurement as the child gets it. */
export interface FlowJob extends ComputePlace {
  readonly networks: readonly FlowStart[];
  /** A data set's name, or a folder of images; that of a file's card if left out. */
  readonly data?: string;
  /** Where fetched data sets lie. */
  readonly cache: string;
  /** Updates to take; 0 measures the weights as they are. */
  readonly steps: number;
  /** How often to measure, the start and the end included. */
  readonly probes: number;
  /** Fields that differ from `flowRecipe`; `steps` takes the place of its epochs. */
  readonly recipe: Partial<Omit<Recipe, "epochs">>;
  readonly lowering: LoweringChoice;
  /** File that keeps progress; whoever has the result removes it. */
  readonly training: string;
}

/** Events of the child. */
export type FlowEvent =
  | { readonly kind: "note"; readonly text: string }
  | {
      readonly kind: "step";
      readonly network: number;
      readonly label: string;
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
      /** Share of what this call has to do that is done. */
      readonly share: number;
    }
  | { readonly kind: "network"; readonly result: NetworkFlow };

/** Measures networks one after another; stopped, it returns and keeps what it has. */
export const gradientFlowJob: ChildJob<FlowJob, FlowEvent, FlowStudy> = {
  name: "gradient flow",
  worker: builtFile(import.meta.url, "./worker.js"),
};
