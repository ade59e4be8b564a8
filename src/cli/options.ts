import { type Command, InvalidArgumentError, Option } from "commander";
import { ResiduaError } from "../tensor/errors.ts";
import { type ModelOptions, parseModelOption } from "../nn/model-options.ts";
import { parseShortcutType, shortcutList, type ShortcutType } from "../nn/shortcuts/type.ts";
import type { ComputePlace } from "../runtime/compute-place.ts";
import { type Device, parseDevice } from "../runtime/device.ts";
import { mostThreads } from "../runtime/node/default-threads.ts";
import { loweringChoices } from "../compile/lowering.ts";

/** Reads a whole number of at least `minimum`. */
export function wholeNumber(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isSafeInteger(value) || value < minimum || value > maximum) {
      const bounds = maximum === Number.MAX_SAFE_INTEGER ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`;
      throw new InvalidArgumentError(`must be a whole number ${bounds}, got "${text}"`);
    }
    return value;
  };
}

/** An option as it is typed: `longestSide` is `--longest-side`. */
export function optionName(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Reads a number above 0. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Number.POSITIVE_INFINITY)) {
    throw new InvalidArgumentError(`must be a number above 0, got "${text}"`);
  }
  return value;
}

/** Reads a number in [minimum, maximum). */
export function decimalNumber(minimum: number, maximum: number = Number.POSITIVE_INFINITY): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= minimum && value < maximum)) {
      const range = maximum === Number.POSITIVE_INFINITY ? `at least ${minimum}` : `in [${minimum}, ${maximum})`;
      throw new InvalidArgumentError(`must be a number ${range}, got "${text}"`);
    }
    return value;
  };
}

/** Reads one of some numbers. */
export function choiceOfNumbers<const T extends number>(values: readonly T[]): (text: string) => T {
  return (text) => {
    const found = values.find((value) => String(value) === text.trim());
    if (found === undefined)
      throw new InvalidArgumentError(`must be ${values.slice(0, -1).join(", ")} or ${values.at(-1)}, got "${text}"`);
    return found;
  };
}

/** Reads a comma-separated list of what `item` reads. */
export function listOf<T>(item: (text: string) => T): (text: string) => readonly T[] {
  return (text) => [...new Set(text.split(",").map((part) => item(part.trim())))];
}

/** Reads a shortcut type or alias. Errors are commander's. */
export function shortcutArgument(text: string): ShortcutType {
  try {
    return parseShortcutType(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof ResiduaError ? error.detail : String(error));
  }
}

/** Reads a device. Errors are commander's. */
function deviceArgument(text: string): Device {
  try {
    return parseDevice(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof ResiduaError ? error.detail : String(error));
  }
}

/** What a command that runs a network takes of where and how it computes. */
export interface ComputeOptions {
  readonly device?: Device;
  readonly threads?: number;
}

/** The same, as jobs take it. */
export function computePlace({ device, threads }: ComputeOptions): ComputePlace {
  return { ...onlyGiven({ device }), session: onlyGiven({ threads }) };
}

/** Adds one `name=value` to a network's options. */
function modelOptionArgument(text: string, before: ModelOptions = {}): ModelOptions {
  try {
    return { ...before, ...parseModelOption(text) };
  } catch (error) {
    throw new InvalidArgumentError(error instanceof ResiduaError ? error.detail : String(error));
  }
}

/** Options that several commands share, created anew for each. */
export const sharedOptions: {
  readonly [
    Name in "json" | "store" | "shortcut" | "option" | "seed" | "lowering" | "threads" | "device" | "limit"
  ]: () => Option;
} & { readonly out: (standard: string) => Option } = {
  json: () => new Option("--json", "print one JSON document on standard output, messages on standard error"),
  store: () =>
    new Option(
      "--store <url|path>",
      "where runs are recorded: mysql://…, postgres://…, a file, or @FILE that holds the address (default: RESIDUA_STORE, or .residua/runs.db)",
    ),
  shortcut: () =>
    new Option("--shortcut <type>", `what S is in y = act(F(x) + S(x)): ${shortcutList}`).argParser(shortcutArgument),
  option: () =>
    new Option(
      "--option <name=value>",
      "an option of the network, such as stochasticDepth=0.2 or outputStride=8; repeatable (residua models options lists all)",
    ).argParser(modelOptionArgument),
  seed: () => new Option("--seed <n>", "seed for all randomness").argParser(wholeNumber(0)).default(0),
  lowering: () =>
    new Option("--lowering <name>", "how to write the training graph for this machine")
      .choices([...loweringChoices])
      .default("auto"),
  threads: () =>
    new Option("--threads <n>", "compute threads (default: one per core)").argParser(wholeNumber(1, mostThreads())),
  device: () =>
    new Option(
      "--device <name>",
      "where to compute: cpu, webgpu (any graphics processor) or cuda[:N] (NVIDIA's); residua devices lists them (default: cpu)",
    ).argParser(deviceArgument),
  limit: () => new Option("--limit <n>", "use the first n training images").argParser(wholeNumber(1)),
  out: (standard) => new Option("--out <dir>", "output folder").default(standard),
};

/** The options that have a value, so that undefined ones do not override a default. */
export function onlyGiven<T extends object>(options: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]?: Exclude<T[Name], undefined>;
  };
}

/** The options that were typed, without defaults. */
export function typedOptions(command: Command): Readonly<Record<string, unknown>> {
  const entries = Object.entries(command.opts<Readonly<Record<string, unknown>>>());
  return Object.fromEntries(entries.filter(([name]) => command.getOptionValueSource(name) === "cli"));
}
