import type { WorkerService } from "../../../jobs/web/service.ts";
import type { CellEdit } from "../../../tasks/segment/correct.ts";
import type { CellMeasurement } from "../../../tasks/segment/measure.ts";
import type { CellOutline } from "../../../tasks/segment/outlines.ts";

/** A picture to find cells in. */
export interface FindInput {
  readonly file: File;
  /** The address of the folder of ready networks. */
  readonly models: string;
  /** A network that was trained further; the package's if left out. */
  readonly network?: Uint8Array;
}

/** What is asked: the cells of a picture, or a correction of those that were found last. */
export type CellsRequest =
  | ({ readonly kind: "find" } & FindInput)
  | { readonly kind: "correct"; readonly edit: CellEdit }
  | { readonly kind: "take back" }
  | { readonly kind: "separate"; readonly thresholds: Thresholds };

/** By what cells are told from the background and from each other. */
export interface Thresholds {
  /** Least probability of a point to belong to a cell. */
  readonly foreground: number;
  /** How much deeper than the pass between them two cells must be. */
  readonly persistence: number;
}

/** Cells with their outlines and measurements. */
export interface CellLabels {
  /** `[height, width]`: the number of the cell at each point; 0 is background. */
  readonly labels: Int32Array;
  readonly cells: readonly CellMeasurement[];
  readonly outlines: readonly CellOutline[];
  /** Corrections by hand that are in them. */
  readonly corrections: number;
  readonly thresholds: Thresholds;
}

/** The cells of a picture. */
export interface FoundCells extends CellLabels {
  /** The file's name. */
  readonly name: string;
  readonly height: number;
  readonly width: number;
  /** Channels of the file. */
  readonly channels: number;
  /** `[height, width, 3]`: the picture as it is looked at, its percentiles as black and white. */
  readonly picture: Uint8Array;
  /** Side of a pixel in micrometres, if the file says it. */
  readonly pixelSize?: number;
}

/** What finding reports: the share of the picture that was seen. */
export type FindEvent = { readonly kind: "loading" } | { readonly kind: "share"; readonly share: number };

/** What is answered. */
export type CellsAnswer = ({ readonly kind: "found" } & FoundCells) | ({ readonly kind: "corrected" } & CellLabels);

/** Finding cells and correcting them, in a worker that keeps the picture as it was measured, and what the network said of it. */
export const cellFinding: WorkerService<CellsRequest, FindEvent, CellsAnswer> = {
  name: "cells",
  worker: () => new Worker(new URL("./find-worker.js", import.meta.url), { type: "module" }),
};
