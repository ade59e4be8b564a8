import { builtFile } from "../../../files/node.ts";
import type { ComputePlace } from "../../../runtime/compute-place.ts";
import type { ChildJob } from "../../../jobs/node/child-process.ts";
import type { LandscapeStudy } from "../study.ts";

/** A landscape to be measured, as the child gets it. */
export interface LandscapeJob extends ComputePlace {
  readonly file: string;
  readonly data?: string;
  readonly cache: string;
  /** The first so many training images. */
  readonly images: number;
  readonly seed: number;
  /** How far to go, in sizes of filters. */
  readonly radius: number;
  /** Points of the line, and points along each side of the planes: odd numbers. */
  readonly linePoints: number;
  readonly planePoints: number;
  /** Files of weights on the way of the training, in their order; none without a trajectory. */
  readonly snapshots: readonly string[];
  /** Whether these were asked for, so that they have to fit the network; otherwise they are left out where they do not. */
  readonly needsSnapshots: boolean;
  /** File that keeps points; whoever has the result removes it. */
  readonly journal: string;
}

/** Events of the child. */
export type LandscapeEvent =
  | { readonly kind: "note"; readonly text: string }
  | {
      readonly kind: "point";
      readonly done: number;
      readonly total: number;
      readonly loss: number;
      readonly isKnown: boolean;
    };

/** Measures a landscape; stopped, it returns what it has. */
export const landscapeJob: ChildJob<LandscapeJob, LandscapeEvent, LandscapeStudy> = {
  name: "landscape",
  worker: builtFile(import.meta.url, "./worker.js"),
};
