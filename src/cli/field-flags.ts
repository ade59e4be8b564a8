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

/** Library fields that a command may take as an argument of another name. */
const otherArguments: Readonly<Record<string, string>> = { data: "name", model: "file" };

/** The argument that a field was given as, as usage shows it: `<model|file>` for `model`; undefined if there is none. */
function argumentOf(field: string, command: Command): string | undefined {
  const names = [field, otherArguments[field]];
  const found = command.registeredArguments.find((argument) =>
    argument
      .name()
      .split("|")
      .some((name) => names.includes(name)),
  );
  return found && `<${found.name()}>`;
}

/** Whether the error is about a field rather than a file, a layer, a node or the device itself. */
function namesField(error: ResiduaError): boolean {
  return error instanceof OptionError || error instanceof ShapeError;
}

/**
 * An error's line in the command line's terms: the library names fields, such as `batch`, where the user typed flags,
 * such as --batch-size. A field for which the command has no flag and no argument is left unchanged.
 */
export function describeError(error: ResiduaError, command: Command): string {
  const { where: field } = error;
  const where = (namesField(error) ? (flagOf(field, command) ?? argumentOf(field, command)) : undefined) ?? field;
  const detail = error.detail.replace(/`([A-Za-z.]+)`/g, (mention, named: string) => flagOf(named, command) ?? mention);
  return `${where}: ${detail}`;
}
