import type { WorkerService } from "../../../jobs/web/service.ts";
import type { MeasuredPoint } from "../../../lab/measured-point.ts";
import type { Words } from "../../../report/words.ts";
import type { LeftOut } from "../../pictures/sort-files.ts";
import type { ImageSource } from "../train/read-job.ts";
import type { DescribeInput } from "./describe-job.ts";

/** Images that a network is tried on. */
export type StudyImages =
  | {
      readonly kind: "digits";
      /** The address of the site's digits. */
      readonly address: string;
    }
  | { readonly kind: "own"; readonly source: ImageSource };

/** What is asked of a network: to be opened with its images, then whatever may be tried on it. */
export type StudyRequest =
  | (DescribeInput & { readonly kind: "open"; readonly images: StudyImages })
  | {
      readonly kind: "cut";
      /** Names of the blocks whose residuals are removed. */
      readonly removed: readonly string[];
    }
  | { readonly kind: "flow" }
  | { readonly kind: "look" }
  | {
      readonly kind: "point";
      /** How far the weights are moved along each of two random directions. */
      readonly at: readonly [x: number, y: number];
    };

/** A block that may be cut out. */
export interface StudyBlock {
  readonly name: string;
  /** Whether what is left of it passes on: it has a shortcut, or gives what it takes. */
  readonly isRemovable: boolean;
}

/** A network, ready to be tried. */
export interface OpenedStudy {
  /** In the order in which they run. */
  readonly blocks: readonly StudyBlock[];
  /** What its images are called. */
  readonly images: Words;
  readonly count: number;
  /** Images that were given; more than `count` if only some are used. */
  readonly given: number;
  readonly leftOut: readonly LeftOut[];
  /** A network by its name has the weights that every training begins with. */
  readonly isTrained: boolean;
  /** Whether its batch norms are folded into its convolutions. */
  readonly isFolded: boolean;
}

/** How a network does with some of its blocks cut out. */
export interface CutResult {
  readonly correct: number;
  readonly count: number;
}

/** The first step's gradient. */
export interface FlowResult {
  /** From the input to the output. */
  readonly places: readonly { readonly name: string; readonly gradient: number }[];
  /** Images of the step. */
  readonly batch: number;
  readonly verdict: Words;
}

/** Where a network looks in an image. */
export interface LookedAt {
  readonly height: number;
  readonly width: number;
  /** `[height, width, 4]`: the image with the map over it. */
  readonly map: Uint8ClampedArray<ArrayBuffer>;
  readonly label: string;
  readonly found: string;
  readonly probability: number;
}

/** What is answered. */
export type StudyAnswer =
  | ({ readonly kind: "open" } & OpenedStudy)
  | ({ readonly kind: "cut" } & CutResult)
  | ({ readonly kind: "flow" } & FlowResult)
  | { readonly kind: "look"; readonly looks: readonly LookedAt[] }
  | ({ readonly kind: "point" } & MeasuredPoint);

/** Trying a network, in a worker that keeps it and its images. */
export const networkStudy: WorkerService<StudyRequest, never, StudyAnswer> = {
  name: "network",
  worker: () => new Worker(new URL("./study-worker.js", import.meta.url), { type: "module" }),
};
