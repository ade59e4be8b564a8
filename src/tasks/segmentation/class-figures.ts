import { countRegion, dice, intersectionOverUnion, type RegionCounts } from "./metrics.ts";
import { IGNORED } from "../../data/segmentation/set.ts";

/** Points of each class in one image, in the order of the classes. */
export interface ClassCounts {
  readonly name: string;
  readonly regions: readonly RegionCounts[];
}

/** How well points were classified: by class, and the mean over the classes. */
export interface ClassFigures {
  readonly meanIou: number;
  readonly meanDice: number;
  readonly dice: Readonly<Record<string, number>>;
  readonly iou: Readonly<Record<string, number>>;
}

/** Compares classes of points. */
export function compareClasses(name: string, truth: Uint16Array, found: Uint8Array, classes: number): ClassCounts {
  const regions = Array.from({ length: classes }, (_, label) => countRegion(truth, found, { label, ignored: IGNORED }));
  return { name, regions };
}

/** Figures of images together, of all their points. @param names of the classes */
export function summarizeClasses(images: readonly ClassCounts[], names: readonly string[]): ClassFigures {
  const regions = names.map((_, label) =>
    images.reduce(
      (sum, image) => ({
        both: sum.both + image.regions[label].both,
        truth: sum.truth + image.regions[label].truth,
        found: sum.found + image.regions[label].found,
      }),
      { both: 0, truth: 0, found: 0 },
    ),
  );
  const byName = (figure: (region: RegionCounts) => number): Readonly<Record<string, number>> =>
    Object.fromEntries(names.map((name, label) => [name, figure(regions[label])]));
  const mean = (figure: (region: RegionCounts) => number): number =>
    regions.reduce((sum, region) => sum + figure(region), 0) / regions.length;
  return {
    meanIou: mean(intersectionOverUnion),
    meanDice: mean(dice),
    dice: byName(dice),
    iou: byName(intersectionOverUnion),
  };
}
