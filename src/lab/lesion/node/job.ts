import { builtFile } from "../../../files/node.ts";
import type { ComputePlace } from "../../../runtime/compute-place.ts";
import type { ChildJob } from "../../../jobs/node/child-process.ts";
import type { LesionScope, LesionStudy, LesionWish } from "../study.ts";

/** A study of lesions as the child gets it. */
export interface LesionJob extends ComputePlace {
  readonly file: string;
  readonly data?: string;
  readonly cache: string;
  /** The first so many test images. */
  readonly images: number;
  /** Gradient paths to sample of each length. */
  readonly pathSamples: number;
  readonly scope: LesionScope;
  readonly wish: LesionWish;
  /** File that keeps points; whoever has the result removes it. */
  readonly journal: string;
}

/** Events of the child. */
export type LesionEvent =
  | { readonly kind: "note"; readonly text: string }
  | {
      readonly kind: "point";
      readonly done: number;
      readonly total: number;
      readonly key: string;
      readonly error: number;
      readonly isKnown: boolean;
    };

/** Takes a network apart; stopped, it returns what it has. */
export const lesionJob: ChildJob<LesionJob, LesionEvent, LesionStudy> = {
  name: "lesion",
  worker: builtFile(import.meta.url, "./worker.js"),
};
