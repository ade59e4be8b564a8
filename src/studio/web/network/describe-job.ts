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
  /** The address of the folder of ready networks, which have names as well. */
  readonly models: string;
  readonly source: NetworkSource;
  /** Height and width of the images; what the file or the network says if left out. */
  readonly size?: number;
  /** A second network, to be told how it differs. */
  readonly other?: NetworkSource;
  /** By what the first network's file may be checked. */
  readonly signing?: SignatureFiles;
  /** By what the second's may be. */
  readonly otherSigning?: SignatureFiles;
}

/** Files that came beside a network's. */
export interface SignatureFiles {
  /** As `residua sign` writes it. */
  readonly signature?: File;
  /** The public key of who is trusted to have signed. */
  readonly key?: File;
}

/** What is known of a file's signature. */
export type SignatureView =
  | {
      /** No signature was given. */
      readonly kind: "none";
    }
  | {
      /** The file is the one that was signed; there is no key to tell by whom. */
      readonly kind: "unchecked";
      readonly name: string;
      /** Whether the release's key was tried, which is not the signer's. */
      readonly isRelease: boolean;
    }
  | {
      /** The key signed this file. */
      readonly kind: "holds";
      readonly name: string;
      /** The key's file. */
      readonly key: string;
      readonly isRelease: boolean;
      /** The key's fingerprint. */
      readonly signer: string;
      /** The file's name when it was signed. */
      readonly signedName: string;
      /** What the signer vouches for besides the bytes. */
      readonly provenance: readonly (readonly [name: string, text: string])[];
    }
  | {
      /** It is not this file that was signed, or not by this key; or what was given is no signature or no key. */
      readonly kind: "broken" | "unreadable";
      readonly name: string;
      readonly message: string;
    };

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

/** What two blocks or layers in the same place may differ in. */
export type Difference = "shortcut" | "width" | "extent" | "layers" | "parameters" | "multiplyAdds";

/** What stands in one place of two networks; one side is missing where the other has no counterpart. */
export interface ViewPair {
  readonly label: string;
  readonly first?: ViewRow;
  readonly second?: ViewRow;
  /** None if they are alike, and where one is missing. */
  readonly differences: readonly Difference[];
  /** ‖second − first‖ / ‖first‖ over the place's parameters, where both have the same. */
  readonly moved?: number;
}

/** Two networks, place by place. */
export interface Comparison {
  readonly second: NetworkView;
  /** The second's; left out if it is none of a file's. */
  readonly signature?: SignatureView;
  /** Types that the second can be built with, if it is one by its name. */
  readonly shortcuts: readonly ShortcutType[];
  /** By what places were found to be the same; nothing if too few are. */
  readonly by: "names" | "layers" | "nothing";
  /** Empty if they cannot be aligned. */
  readonly pairs: readonly ViewPair[];
  /** How far the weights of one lie from the other's, over all that both have; or why that cannot be told. */
  readonly moved: { readonly whole: number; readonly isFolded: boolean } | { readonly why: Words };
}

/** What describing gives: the network, and what else may be chosen. */
export interface Described {
  readonly view: NetworkView;
  /** Names of networks. */
  readonly names: readonly string[];
  /** Types that the named network can be built with, its own first; none for a file. */
  readonly shortcuts: readonly ShortcutType[];
  /** Whether it has weights of its own: a file, or a ready network. */
  readonly hasWeights: boolean;
  /** Left out for a network by its name. */
  readonly signature?: SignatureView;
  /** There if a second network was given. */
  readonly comparison?: Comparison;
}

/** Describing, in a worker of its own. */
export const describing: WorkerJob<DescribeInput, never, Described> = {
  name: "describing",
  worker: () => new Worker(new URL("./describe-worker.js", import.meta.url), { type: "module" }),
};
