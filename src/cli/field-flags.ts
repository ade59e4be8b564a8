import type { Command } from "commander";
import { OptionError, type ResiduaError, ShapeError } from "../tensor/errors.ts";
import { optionName } from "./options.ts";
import { recipeFlagOf } from "./recipe-flags.ts";

/**
 * Fields of the library whose flag has another name. Recipe fields have theirs in their own table; any other field's
 * flag is its name in kebab case.
 */
const otherFlags: Readonly<Record<string, string>> = {
  axes: "--vary",
  options: "--option",
  url: "--mlflow",
};

/** The flag that sets a field on this command; undefined if it has none. */
function flagOf(field: string, command: Command): string | undefined {
  const candidates = [recipeFlagOf(field), otherFlags[field], optionName(field)];
  return candidates.find((flag) => command.options.some(({ long }) => flag !== undefined && long === flag));
}

/** Whether what the error speaks of is a field; otherwise it is a file, a layer, a node. */
function namesField(error: ResiduaError): boolean {
  return error instanceof OptionError || error instanceof ShapeError;
}

/**
 * An error's line in the words of the command line: the library names fields, as `batch`, where the user typed flags, as
 * --batch-size. A field that the command has no flag for stays as it is.
 */
export function describeError(error: ResiduaError, command: Command): string {
  const where = (namesField(error) ? flagOf(error.where, command) : undefined) ?? error.where;
  const detail = error.detail.replace(/`([A-Za-z.]+)`/g, (mention, field: string) => flagOf(field, command) ?? mention);
  return `${where}: ${detail}`;
}
