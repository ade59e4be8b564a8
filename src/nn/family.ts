import type { Shape } from "../tensor/shape.ts";
import type { CompleteModelOptions, ModelOptionName } from "./model-options.ts";
import type { Module } from "./module.ts";
import type { ShortcutType } from "./shortcuts/type.ts";

/** How one named network is made. */
export interface ModelPlan {
  /** Options where the caller says nothing. */
  readonly defaults: CompleteModelOptions;
  /** Options that reach something in this network; any other is refused. */
  readonly accepts: readonly ModelOptionName[];
  /** Shortcut types that the network can be built with. */
  readonly shortcuts: readonly ShortcutType[];
  /** Spatial extents `[H, W]` (or others) that the network was designed for. */
  readonly extents: Shape;
  readonly build: (options: CompleteModelOptions) => Module;
}

/** A row of the registry: networks of one paper. */
export interface ModelFamily {
  /** As papers call it. */
  readonly title: string;
  readonly source: string;
  /** Names to show in a list; `find` may know more. */
  readonly names: readonly string[];
  /** All names in a few words, for messages. */
  readonly forms: string;
  /** The plan of a name; undefined if the name is another family's. */
  readonly find: (name: string) => ModelPlan | undefined;
}
