import { Option } from "commander";
import type { ShortcutType } from "../nn/shortcuts/type.ts";
import type { OpenOptions } from "../networks/node/open.ts";
import { layouts } from "../weights/layouts/index.ts";
import { optionName } from "./options.ts";
import { sayMessage } from "./output.ts";

/** What a user may specify about a foreign weights file. */
export interface WeightsOptions {
  readonly layout?: string;
  readonly entry?: string;
  readonly prefix?: string;
  readonly partial?: boolean;
}

/** The options behind {@link WeightsOptions}, created anew for each command. */
export const weightsOptions: { readonly [Name in keyof Required<WeightsOptions>]: () => Option } = {
  layout: () =>
    new Option("--layout <name>", "naming scheme of the weights, if several systems use the same names").choices(
      layouts.map(({ id }) => id),
    ),
  entry: () => new Option("--entry <name>", "entry of a PyTorch checkpoint to read, such as state_dict_ema"),
  prefix: () => new Option("--prefix <name>", "prefix of the names of the weights to load, such as module.encoder_q."),
  partial: () => new Option("--partial", "load the weights that fit and report the rest, which is drawn anew"),
};

/** Which entry of the file to read, and the prefix of its names. */
export function entryOf({ entry, prefix }: WeightsOptions): { readonly entry?: string; readonly prefix?: string } {
  return { ...(entry === undefined ? {} : { entry }), ...(prefix === undefined ? {} : { prefix }) };
}

/** How to load what was read. */
export function loadOptionsOf({ layout, partial }: WeightsOptions): {
  readonly layout?: string;
  readonly partial?: boolean;
} {
  return { ...(layout === undefined ? {} : { layout }), ...(partial === true ? { partial } : {}) };
}

/** How to open foreign weights as a network that predicts; notes go to standard error. */
export function openOptionsOf(options: WeightsOptions & { readonly shortcut?: ShortcutType }): OpenOptions {
  const { shortcut } = options;
  return {
    ...entryOf(options),
    ...loadOptionsOf(options),
    ...(shortcut === undefined ? {} : { options: { shortcut } }),
    onNote: (text) => sayMessage(text.replace(/`([A-Za-z]+)`/g, (_, field: string) => optionName(field))),
  };
}
