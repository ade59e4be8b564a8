import type { WorkerJob } from "../../../jobs/web/worker.ts";
import type { ShortcutType } from "../../../nn/shortcuts/type.ts";
import type { Words } from "../../../report/words.ts";

/** A network to describe: a file that holds one, or one by its name. */
export type NetworkSource =
  | { readonly kind: "file"; readonly file: File }
  | {
      readonly kind: "named";
      readonly model: string;
      /** The network's own if left out. */
      readonly shortcut?: ShortcutType;
    };

/** What is to be described. */
export interface DescribeInput {
  readonly source: NetworkSource;
  /** Height and width of the images; what the file or the network says if left out. */
  readonly size?: number;
}

/** A shortcut as a page draws it. */
export interface ViewSkip {
  /** What it is called. */
  readonly name: Words;
  readonly color: string;
  /** What lies on it, in words; empty for an identity. */
  readonly detail: string;
  readonly join: "add" | "concat";
}

/** A layer, or a residual block with its shortcut. */
export interface ViewRow {
  /** Its place, such as "layer1.0". */
  readonly label: string;
  readonly boxes: readonly string[];
  readonly shape: string;
  readonly skip?: ViewSkip;
  /** Shortcuts over several rows that end here, with the label of the row that they come from. */
  readonly long: readonly (ViewSkip & { readonly from: string })[];
  readonly parameters: number;
  readonly multiplyAdds?: number;
}

/** Rows that belong together, as one stage of a ResNet; a row that stands alone is a stage of one. */
export interface ViewStage {
  readonly rows: readonly ViewRow[];
}

/** What a page shows of a network. */
export interface NetworkView {
  /** The file's or the network's name. */
  readonly name: string;
  readonly stages: readonly ViewStage[];
  /** Kinds of shortcuts, with how many there are of each. */
  readonly kinds: readonly (Pick<ViewSkip, "name" | "color"> & { readonly count: number })[];
  /** The file card: what is known about the network and its file. */
  readonly facts: readonly { readonly term: Words; readonly text: Words }[];
  readonly parameters: number;
  readonly multiplyAdds?: number;
  /** Why extents and costs are unknown. */
  readonly limits?: string;
}

/** What describing gives: the network, and what else may be chosen. */
export interface Described {
  readonly view: NetworkView;
  /** Names of networks. */
  readonly names: readonly string[];
  /** Types that the named network can be built with, its own first; none for a file. */
  readonly shortcuts: readonly ShortcutType[];
}

/** Describing, in a worker of its own. */
export const describing: WorkerJob<DescribeInput, never, Described> = {
  name: "describing",
  worker: () => new Worker(new URL("./describe-worker.js", import.meta.url), { type: "module" }),
};
