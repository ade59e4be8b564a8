import type { Command } from "commander";
import { OptionError, type ResiduaError, ShapeError } from "../tensor/errors.ts";
import { optionName } from "./options.ts";
import { recipeFlagOf } from "./recipe-flags.ts";

/**
 * Library fields whose flag has a different name. Recipe fields have their flags in their own table; any other field's
 * flag is its name in kebab case.
 */
const otherFlags: Readonly<Record<string, string>> = {
  axes: "--vary",
  "instances.foreground": "--foreground",
  "instances.minimumArea": "--min-area",
  "instances.persistence": "--persistence",
  options: "--option",
  url: "--mlflow",
};

/** The flag that sets a field on this command; undefined if there is none. */
function flagOf(field: string, command: Command): string | undefined {
  const candidates = [recipeFlagOf(field), otherFlags[field], optionName(field)];
  const typed = candidates.find((flag) => command.options.some(({ long }) => flag !== undefined && long === flag));
  // "--no-close-ups" sets `closeUps`.
  return typed ?? command.options.find((option) => option.negate && option.attributeName() === field)?.long;
}

/** Whether the error is about a field rather than a file, a layer or a node. */
function namesField(error: ResiduaError): boolean {
  return error instanceof OptionError || error instanceof ShapeError;
}

/**
 * An error's line in the command line's terms: the library names fields, such as `batch`, where the user typed flags,
 * such as --batch-size. A field for which the command has no flag is left unchanged.
 */
export function describeError(error: ResiduaError, command: Command): string {
  const where = (namesField(error) ? flagOf(error.where, command) : undefined) ?? error.where;
  const detail = error.detail.replace(/`([A-Za-z.]+)`/g, (mention, field: string) => flagOf(field, command) ?? mention);
  return `${where}: ${detail}`;
}
