import { isImageName } from "../../data/image/names.ts";
import type { Said } from "../said.ts";

/** A file that is not used, and why. */
export interface LeftOut {
  readonly path: string;
  readonly why: Said;
}

/** A file of a class, by its place among the paths. */
export interface SortedFile {
  readonly place: number;
  /** Its class, as its place among the classes. */
  readonly label: number;
  /** Whether it lies in the folder `test`. */
  readonly isTest: boolean;
}

/** Image files by class. */
export interface SortedFiles {
  readonly classes: readonly string[];
  readonly files: readonly SortedFile[];
  readonly leftOut: readonly LeftOut[];
  /** Whether there are folders `train` and `test`, which say what is held back. */
  readonly isDivided: boolean;
}

const reasons = {
  hidden: { en: "hidden", zh: "隐藏文件" },
  noImage: { en: "no image, by its name", zh: "从名称看不是图像" },
  noClass: { en: "in no folder of a class", zh: "不在任何类别的文件夹中" },
  neither: { en: "neither in train nor in test", zh: "既不在 train 也不在 test 中" },
  again: { en: "a second file of this name in this folder", zh: "该文件夹中已有同名文件" },
} as const;

const isHidden = (parts: readonly string[]): boolean =>
  parts.some((part) => part.startsWith(".") || part === "__MACOSX");

/** Takes off the folders around all classes: `photos/cats/1.png` and `photos/dogs/1.png` share `photos`. */
function withoutRoot(all: readonly (readonly string[])[]): readonly (readonly string[])[] {
  let paths = all;
  while (
    paths.length > 0 &&
    paths.every((parts) => parts.length >= 2 && parts[0] === paths[0][0]) &&
    paths.some((parts) => parts.length >= 3)
  )
    paths = paths.map((parts) => parts.slice(1));
  return paths;
}

/**
 * Sorts files into classes by their folders: `CLASS/…` below whatever folders all share, or `train/CLASS/…` and
 * `test/CLASS/…`, as `residua train` takes them; within a class, folders do not count.
 *
 * @param paths with `/` between their parts
 */
export function sortFiles(paths: readonly string[]): SortedFiles {
  const leftOut: LeftOut[] = [];
  const seen = new Set<string>();
  const images = paths.flatMap((path, place) => {
    const parts = path.split("/").filter((part) => part !== "");
    const why = isHidden(parts)
      ? reasons.hidden
      : !isImageName(path)
        ? reasons.noImage
        : seen.has(path)
          ? reasons.again
          : undefined;
    seen.add(path);
    if (why === undefined) return [{ path, place, parts }];
    leftOut.push({ path, why });
    return [];
  });
  const below = withoutRoot(images.map(({ parts }) => parts));
  const tops = new Set(below.filter((parts) => parts.length >= 3).map(([top]) => top));
  const isDivided = tops.has("train") && tops.has("test");
  const found = images.flatMap(({ path, place }, index) => {
    const [top, second] = below[index];
    const depth = below[index].length;
    const isPart = top === "train" || top === "test";
    const why = isDivided && !isPart ? reasons.neither : depth < (isDivided ? 3 : 2) ? reasons.noClass : undefined;
    if (why === undefined) return [{ place, name: isDivided ? second : top, isTest: isDivided && top === "test" }];
    leftOut.push({ path, why });
    return [];
  });
  const classes = [...new Set(found.map(({ name }) => name))].toSorted();
  const files = found.map(({ name, ...file }) => ({ ...file, label: classes.indexOf(name) }));
  return { classes, files, leftOut, isDivided };
}
