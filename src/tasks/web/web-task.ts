import type { LabelledImages } from "../../data/labelled-images.ts";
import type { PageImage } from "../../data/web/page-image.ts";
import type { NetworkCard } from "../../networks/card.ts";
import type { WebTrainingJob } from "../../train/web/protocol.ts";
import type { MemoryChoice } from "../memory-choice.ts";
import type { TaskTypes } from "../task.ts";

/** Images of a training in a page: in memory, or files by class. */
export type PageImages = LabelledImages | LabelledFiles;

/** Image files by class. */
export interface LabelledFiles {
  /** The files of each class; the order of the classes is that of the scores. */
  readonly files: Readonly<Record<string, readonly Blob[]>>;
  /** The name of the data in the network's description. Default "images in memory". */
  readonly name?: string;
}

/** A training in a page, as far as anything is said about it. */
export interface WebTrainingChoice<Options extends object = object> extends MemoryChoice<Options> {
  readonly images: PageImages;
  /** Height and width that files are brought to; the network's if left out. */
  readonly imageSize?: number;
}

/** What a task does in a page. `web/task.ts` of its folder exports it as `webTask`. */
export interface WebTask<T extends TaskTypes = TaskTypes> {
  /** Reads an image as the network takes it. @param where its name, for errors */
  readonly readInput: (image: PageImage, card: NetworkCard, where: string) => Promise<T["input"]>;
  /** Names of the options that a training for it may be told. */
  readonly trainOptions: readonly (keyof T["trainOptions"] & string)[];
  /** Fills in the defaults of a training run; null if a page cannot train for the task. */
  readonly startTraining: ((choice: WebTrainingChoice<T["trainOptions"]>) => Promise<WebTrainingJob>) | null;
}
