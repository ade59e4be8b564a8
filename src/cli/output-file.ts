import { realpath, stat } from "node:fs/promises";
import { type Command, Option } from "commander";
import { OptionError } from "../tensor/errors.ts";

/** An option that names a file to write: {@link requireNoInputs} keeps it apart from all that its command reads. */
export class OutputFileOption extends Option {
  /** What is added to its name by the names of the files that are written beside it. */
  readonly besides: readonly string[];
  /** Inputs that it may replace, since they are read whole before it is written. */
  readonly mayReplace: (input: string) => boolean;

  constructor(
    flags: string,
    description: string,
    besides: readonly string[] = [],
    mayReplace: (input: string) => boolean = () => false,
  ) {
    super(flags, description);
    this.besides = besides;
    this.mayReplace = mayReplace;
  }
}

/** Options and arguments that name what is read say so in their place: `<name|file>`, `<url|path>`, `<image...>`. */
const namesFile = (place: string): boolean => /file|path|image/.test(place);

/** Texts of a value, which may be a list; an address may be given as `@FILE`. */
function textsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(textsOf);
  return typeof value === "string" ? [value.replace(/^@/, "")] : [];
}

/** Which of a command's options and arguments may name a file that it reads. */
export function inputsOf(command: Command): readonly (readonly [name: string, value: unknown])[] {
  const args = command.registeredArguments.map((argument, index) => ({
    name: `<${argument.name()}>`,
    place: argument.name(),
    value: command.processedArgs[index] as unknown,
  }));
  const options = command.options
    .filter((option) => !(option instanceof OutputFileOption))
    .map((option) => ({
      name: option.long ?? option.flags,
      place: option.flags.replace(/^[^<[]*/, ""),
      value: command.getOptionValue(option.attributeName()) as unknown,
    }));
  return [...args, ...options].filter(({ place }) => namesFile(place)).map(({ name, value }) => [name, value]);
}

/** Where a file really lies; undefined if there is none, or it is a device, which holds nothing to protect. */
async function realFile(path: string): Promise<string | undefined> {
  try {
    return (await stat(path)).isFile() ? await realpath(path) : undefined;
  } catch {
    // What cannot be read is no input, and who reads or writes it says why.
    return undefined;
  }
}

/**
 * The first input that a file to write would replace, whatever links lead to it.
 *
 * @param outputs paths of files that a command will write
 * @param inputs paths of those that it reads
 */
async function findReplaced(
  outputs: readonly string[],
  inputs: readonly string[],
): Promise<{ readonly output: string; readonly input: string } | undefined> {
  const replaced = new Map<string, string>();
  for (const output of outputs) {
    const real = await realFile(output);
    if (real !== undefined) replaced.set(real, output);
  }
  if (replaced.size === 0) return undefined;
  for (const input of inputs) {
    const output = replaced.get((await realFile(input)) ?? "");
    if (output !== undefined) return { output, input };
  }
  return undefined;
}

/** @throws {OptionError} if a file to write is one that is read */
export async function requireNoInput(
  outputs: readonly string[],
  option: string,
  inputs: readonly string[],
): Promise<void> {
  const found = await findReplaced(outputs, inputs);
  if (found !== undefined)
    throw new OptionError(option, `"${found.output}" is a file that this command reads; name another`);
}

/** Checks all of a command's options for files to write. @throws {OptionError} if one names a file that the command reads */
export async function requireNoInputs(command: Command): Promise<void> {
  const inputs = inputsOf(command).flatMap(([, value]) => textsOf(value));
  for (const option of command.options) {
    const path = command.getOptionValue(option.attributeName()) as unknown;
    if (!(option instanceof OutputFileOption) || typeof path !== "string") continue;
    const kept = inputs.filter((input) => !option.mayReplace(input));
    await requireNoInput([path, ...option.besides.map((ending) => path + ending)], option.long ?? option.flags, kept);
  }
}

/** @throws {OptionError} if one of the files to write into a folder is an image that is read, or would be written twice */
export async function requireApart(
  outputs: readonly string[],
  option: string,
  inputs: readonly string[],
): Promise<void> {
  const known = new Set<string>();
  const twice = outputs.find((path) => known.size === known.add(path).size);
  if (twice !== undefined) throw new OptionError(option, `two results would be called ${twice}; give another folder`);
  const found = await findReplaced(outputs, inputs);
  if (found !== undefined) throw new OptionError(option, `would replace ${found.input} itself; give another folder`);
}
