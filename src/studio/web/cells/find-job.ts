import type { WorkerJob } from "../../../jobs/web/worker.ts";
import type { CellMeasurement } from "../../../tasks/segment/measure.ts";
import type { CellOutline } from "../../../tasks/segment/outlines.ts";

/** A picture to find cells in. */
export interface FindInput {
  readonly file: File;
  /** The address of the folder of ready networks. */
  readonly models: string;
}

/** The cells of a picture. */
export interface FoundCells {
  /** The file's name. */
  readonly name: string;
  readonly height: number;
  readonly width: number;
  /** Channels of the file. */
  readonly channels: number;
  /** `[height, width, 3]`: the picture as it is looked at, its percentiles as black and white. */
  readonly picture: Uint8Array;
  /** `[height, width]`: the number of the cell at each point; 0 is background. */
  readonly labels: Int32Array;
  readonly cells: readonly CellMeasurement[];
  readonly outlines: readonly CellOutline[];
  /** Side of a pixel in micrometres, if the file says it. */
  readonly pixelSize?: number;
}

/** What finding reports: the share of the picture that was seen. */
export type FindEvent = { readonly kind: "loading" } | { readonly kind: "share"; readonly share: number };

/** Finding cells, in a worker of its own. */
export const finding: WorkerJob<FindInput, FindEvent, FoundCells> = {
  name: "finding",
  worker: () => new Worker(new URL("./find-worker.js", import.meta.url), { type: "module" }),
};
