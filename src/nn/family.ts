import type { Shape } from "../tensor/shape.ts";
import type { CompleteModelOptions, ModelOptionName } from "./model-options.ts";
import type { Module } from "./module.ts";
import type { ShortcutType } from "./shortcuts/type.ts";

/** How one named network is made. */
export interface ModelPlan {
  /** Defaults of the options. */
  readonly defaults: CompleteModelOptions;
  /** Options that have an effect in this network; any other is refused. */
  readonly accepts: readonly ModelOptionName[];
  /** Shortcut types that the network can be built with. */
  readonly shortcuts: readonly ShortcutType[];
  /** Spatial extents `[H, W]` (or others) that the network was designed for. */
  readonly extents: Shape;
  readonly build: (options: CompleteModelOptions) => Module;
}

/** A row of the registry: networks of one paper. */
export interface ModelFamily {
  /** Its name in papers. */
  readonly title: string;
  readonly source: string;
  /** Names to show in a list; `find` may know more. */
  readonly names: readonly string[];
  /** A summary of all its names, for messages. */
  readonly forms: string;
  /** The plan for a name; undefined if the name belongs to another family. */
  readonly find: (name: string) => ModelPlan | undefined;
}
