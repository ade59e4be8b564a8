import * as v from "valibot";
import { type ShortcutType, shortcutTypes } from "../../../nn/shortcuts/type.ts";
import type { Limits } from "../../limits.ts";
import { type LinkFields, linkNumber, readLink, type ReadLink } from "../link.ts";

/** A network by its name, as a link tells it. */
export interface NamedNetwork {
  readonly model: string;
  /** The network's own if left out. */
  readonly shortcut?: ShortcutType | undefined;
  /** Height and width of the images; the network's if left out. */
  readonly size?: number | undefined;
  /** A second network's name, if there is one. */
  readonly with?: string | undefined;
  /** The second's shortcut. */
  readonly withShortcut?: ShortcutType | undefined;
}

/** The limits of an image's height and width. */
export const sizeLimits: Limits = { least: 1, most: 4096 };

/** What is shown if a link says nothing. */
export const standardNetwork: NamedNetwork = {
  model: "resnet20",
  shortcut: undefined,
  size: undefined,
  with: undefined,
  withShortcut: undefined,
};

const name = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_-]{0,60}$/));

const fields: LinkFields<Required<NamedNetwork>> = {
  model: name,
  shortcut: v.picklist(shortcutTypes),
  size: linkNumber(sizeLimits),
  with: name,
  withShortcut: v.picklist(shortcutTypes),
};

/** Reads the query of a link, such as `model=resnet50&shortcut=project&with=resnet101`. */
export function readNamedNetwork(query: string): ReadLink<NamedNetwork> {
  return readLink<NamedNetwork>(query, fields, standardNetwork);
}

/** The query of a link to a network by its name. */
export function writeNamedNetwork(network: NamedNetwork): string {
  return Object.entries(network)
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => `${field}=${value}`)
    .join("&");
}
