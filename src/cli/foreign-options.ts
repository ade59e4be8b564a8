import { readFile } from "node:fs/promises";
import { Option } from "commander";
import type { ForeignChoice } from "../networks/foreign.ts";
import { type PixelScale, pixelScales } from "../networks/pixel-scale.ts";
import { EnvironmentError, FormatError } from "../tensor/errors.ts";
import { onlyGiven, positiveNumber, wholeNumber } from "./options.ts";

/** What a user may say of an ONNX classifier that does not describe itself. */
export interface ForeignOptions {
  readonly classes?: string;
  readonly imageSize?: number;
  readonly pixels?: PixelScale;
  readonly timeLimit?: number;
}

const LARGEST_SIZE = 16_384;

/** The options behind {@link ForeignOptions}, made anew for each command. */
export function foreignOptions(): readonly Option[] {
  return [
    new Option("--classes <file>", "names of the classes of another system's file, one per line (default: numbers)"),
    new Option(
      "--image-size <n>",
      "size of images, where another system's file leaves it open (default: 224, or its network's usual size)",
    ).argParser(wholeNumber(1, LARGEST_SIZE)),
    new Option(
      "--pixels <scale>",
      "how another system's file wants pixels: by ImageNet's mean and deviation, from 0 to 1 or from 0 to 255",
    ).choices([...pixelScales]),
    new Option(
      "--time-limit <seconds>",
      "how long loading an ONNX file of another system, and each run of it, may take (default: 60)",
    ).argParser(positiveNumber),
  ];
}

async function readClasses(path: string): Promise<readonly string[]> {
  const text = await readFile(path, "utf8").catch((cause: Error) => {
    throw new EnvironmentError(path, "cannot be read; give a file with one class name per line", { cause });
  });
  return parseClassNames(text, path);
}

/** Names of classes, one a line. @throws {FormatError} naming a line that is empty, or holds what no name may hold */
export function parseClassNames(text: string, path: string): readonly string[] {
  const names = text
    .replace(/^\uFEFF/, "")
    .replace(/(\r?\n)+$/, "")
    .split(/\r?\n/);
  const odd = names.findIndex((name) => name.trim() === "" || /[\p{Cc}\p{Cf}\u2028\u2029]/u.test(name));
  if (odd >= 0) throw new FormatError(path, `line ${odd + 1} is not a class name; must be one name per line`);
  return names;
}

/** The choice as the library takes it; undefined if nothing was said. */
export async function foreignChoiceOf(options: ForeignOptions): Promise<ForeignChoice | undefined> {
  const { classes, imageSize, pixels } = options;
  const names = classes === undefined ? undefined : await readClasses(classes);
  const choice = onlyGiven({ classes: names, imageSize, pixels });
  return Object.keys(choice).length === 0 ? undefined : choice;
}
