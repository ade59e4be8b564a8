import { statSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { OptionError, ResiduaError, WeightsError } from "../tensor/errors.ts";
import { imageEndings, imageGlob } from "../data/image/names.ts";
import { ExitCode } from "./exit-code.ts";
import { say, sayMessage } from "./output.ts";

/**
 * The images that arguments name: files as they are; of a folder the images in it; of a glob, such as "plate/**\/*.tif", what
 * fits, for shells that leave it as it is. In the order of the arguments, each in that of the names.
 *
 * @throws {OptionError} if a folder has no images, or nothing fits a glob
 */
export async function findImages(args: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const arg of args) found.push(...(await findIn(arg)));
  return [...new Set(found)];
}

async function findIn(arg: string): Promise<readonly string[]> {
  const entry = statSync(arg, { throwIfNoEntry: false });
  if (entry?.isDirectory()) {
    const names = await glob(imageGlob, arg);
    if (names.length === 0) throw new OptionError("<image…>", `"${arg}" has no images (${imageEndings})`);
    return names.map((name) => join(arg, name));
  }
  if (entry !== undefined || !/[*?[{]/.test(arg)) return [arg];
  const names = await glob(arg);
  if (names.length === 0) throw new OptionError("<image…>", `no file fits "${arg}"`);
  return names;
}

/** Loaded for folders and patterns alone. */
async function glob(pattern: string, cwd?: string): Promise<readonly string[]> {
  const tinyglobby = await import("tinyglobby");
  const found = await tinyglobby.glob(pattern.replaceAll("\\", "/"), {
    caseSensitiveMatch: false,
    expandDirectories: false,
    ...(cwd === undefined ? {} : { cwd }),
  });
  return found.toSorted();
}

/**
 * Output names, unique in one folder: two images of equal name are told apart by their extension, and so is an image that is
 * called like a table of all images.
 *
 * @param tables names of the tables, without their extension
 */
export function namesOf(paths: readonly string[], tables: readonly string[] = []): readonly string[] {
  const isTable = (name: string): boolean => tables.includes(name.toLowerCase());
  const names = paths.map((path) => basename(path, extname(path)));
  for (;;) {
    // A whole name may be the stem of another: a.png beside a.png.png.
    const counts = new Map<string, number>();
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    const clashes = names.map((name) => isTable(name) || counts.get(name) !== 1);
    if (!clashes.includes(true)) return names;
    let isChanged = false;
    for (const [index, path] of paths.entries()) {
      const whole = basename(path);
      if (!clashes[index] || names[index] === whole) continue;
      names[index] = whole;
      isChanged = true;
    }
    if (!isChanged) return refuseClash(paths[clashes.indexOf(true)], isTable);
  }
}

/** @throws {OptionError} always */
function refuseClash(path: string, isTable: (name: string) => boolean): never {
  const name = basename(path);
  if (isTable(name))
    throw new OptionError("<image…>", `"${path}" would write over the table ${name}.csv; give it another name`);
  throw new OptionError(
    "<image…>",
    `two images are called ${name}, so their results would have the same name; give them one by one`,
  );
}

/** An image that nothing came of. */
interface Failure {
  readonly image: string;
  readonly error: string;
}

/** Does the same for every image; what is wrong with one of several stops no other. */
export async function doEach<T>(
  images: readonly string[],
  act: (image: string, index: number) => Promise<T>,
): Promise<{ readonly results: readonly T[]; readonly failures: readonly Failure[] }> {
  const results: T[] = [];
  const failures: Failure[] = [];
  for (const [index, image] of images.entries()) {
    try {
      results.push(await act(image, index));
    } catch (error) {
      // Damaged weights are damaged for every image.
      const isOfImage = error instanceof ResiduaError && !(error instanceof WeightsError);
      if (!isOfImage || images.length === 1) throw error;
      failures.push({ image, error: error.message });
    }
  }
  return { results, failures };
}

/** Lists what failed, and makes the command end with 1 if something did. */
export function reportFailures(failures: readonly Failure[], count: number): void {
  if (failures.length === 0) return;
  for (const { error } of failures) sayMessage(error.replaceAll(/\s*\n\s*/g, " "));
  say({ en: `${failures.length} of ${count} images failed`, zh: `${count} 幅图像中有 ${failures.length} 幅失败` });
  process.exitCode = ExitCode.failure;
}
