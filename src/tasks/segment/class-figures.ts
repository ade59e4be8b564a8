import { countRegion, dice, intersectionOverUnion, type RegionCounts } from "./metrics.ts";
import { IGNORED } from "./data/set.ts";

/** Points of each class in one image, in the order of the classes. */
export interface ClassCounts {
  readonly name: string;
  readonly regions: readonly RegionCounts[];
}

/**
 * How well points were classified: by class, and the mean over the classes. A class that is not there and was not found has
 * null, and is not in the means.
 */
export interface ClassFigures {
  readonly meanIou: number | null;
  readonly meanDice: number | null;
  readonly dice: Readonly<Record<string, number | null>>;
  readonly iou: Readonly<Record<string, number | null>>;
}

/** Compares classes of points. */
export function compareClasses(name: string, truth: Uint16Array, found: Uint8Array, classes: number): ClassCounts {
  const regions = Array.from({ length: classes }, (_, label) => countRegion(truth, found, { label, ignored: IGNORED }));
  return { name, regions };
}

/** Figures of images together, of all their points; of one image, its own. @param names of the classes */
export function summarizeClasses(images: readonly ClassCounts[], names: readonly string[]): ClassFigures {
  const regions = names.map((_, label) => ({
    both: sum(images, (image) => image.regions[label].both),
    truth: sum(images, (image) => image.regions[label].truth),
    found: sum(images, (image) => image.regions[label].found),
  }));
  const isThere = ({ truth, found }: RegionCounts): boolean => truth + found > 0;
  const byName = (figure: (region: RegionCounts) => number): Readonly<Record<string, number | null>> =>
    Object.fromEntries(
      names.map((name, label) => [name, isThere(regions[label]) ? figure(regions[label]) : null] as const),
    );
  const there = regions.filter(isThere);
  const mean = (figure: (region: RegionCounts) => number): number | null =>
    there.length === 0 ? null : sum(there, figure) / there.length;
  return {
    meanIou: mean(intersectionOverUnion),
    meanDice: mean(dice),
    dice: byName(dice),
    iou: byName(intersectionOverUnion),
  };
}

function sum<T>(items: readonly T[], pick: (item: T) => number): number {
  return items.reduce((total, item) => total + pick(item), 0);
}
