import type { WorkerJob } from "../../../jobs/web/worker.ts";
import type { Words } from "../../../report/words.ts";
import type { OfferedFolder } from "../../server-protocol.ts";
import type { LeftOut } from "../../pictures/sort-files.ts";
import type { DroppedFile } from "../dropped.ts";

/** Where images come from. */
export type ImageSource =
  | { readonly kind: "files"; readonly files: readonly DroppedFile[] }
  | { readonly kind: "zip"; readonly zip: File }
  | {
      readonly kind: "server";
      readonly folder: OfferedFolder;
      /** The address of its files, which their places complete. */
      readonly address: string;
    };

/** What is to be read, and how. */
export interface ReadInput {
  readonly source: ImageSource;
  /** Height and width that images are brought to. */
  readonly size: number;
  /** Seeds the choice of the images held back. */
  readonly seed: number;
}

/** How far reading is. */
export interface ReadEvent {
  readonly done: number;
  readonly count: number;
}

/** Images in colour, of one size, by class; some of them held back from training. */
export interface ReadImages {
  /** What they were called together. */
  readonly name: string;
  readonly classes: readonly string[];
  readonly size: number;
  /** `[count, 3, size, size]`, 0 to 255. */
  readonly images: Uint8Array;
  readonly labels: readonly number[];
  readonly names: readonly string[];
  readonly held: readonly boolean[];
  readonly leftOut: readonly LeftOut[];
  /** Why no network can be trained on them. */
  readonly problem?: Words;
}

/** Reading, in a worker of its own. */
export const reading: WorkerJob<ReadInput, ReadEvent, ReadImages> = {
  name: "reading",
  worker: () => new Worker(new URL("./read-worker.js", import.meta.url), { type: "module" }),
};
