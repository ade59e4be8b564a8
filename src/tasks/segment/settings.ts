import * as v from "valibot";
import type { MaskMeaning } from "./data/set.ts";
import { type IntensityScaling, standardScaling } from "./data/raster.ts";
import { pointClasses } from "./data/targets.ts";
import { cellAugmentation, type SegmentationAugmentation } from "./data/variation.ts";
import { type SegmentationLoss, segmentationLossNames } from "./losses.ts";
import { type InstanceOptions, standardInstanceOptions } from "./instances.ts";
import type { Views } from "./tiles.ts";

/** All that segmenting needs to know beside the network: a network's card carries it. */
export interface SegmentationSettings {
  readonly name: "segment";
  /** Whether cells are told apart, or points classified. */
  readonly target: MaskMeaning;
  readonly scaling: IntensityScaling;
  readonly loss: SegmentationLoss;
  /** What an error of the distances costs beside one of the classes. Default 1. */
  readonly distanceWeight?: number;
  /** Rows and columns of the crops that are trained on; those of the network's tile if left out. */
  readonly crop?: number;
  /** Rows or columns that an image has at most where it is trained on and used: larger ones are shrunk to it. */
  readonly longestSide?: number;
  readonly augmentation: SegmentationAugmentation;
  /** Share of the images that was kept for the test, always by the same seed. */
  readonly testShare: number;
  readonly instances: InstanceOptions;
  /** Views of each tile that are averaged when the network is used. Default 1. */
  readonly views?: Views;
  /** Values of the masks in the order of the classes, where points are classified. */
  readonly values?: readonly number[];
  /** The value of points that belong to no class. */
  readonly ignored?: number;
}

/** Rows and columns that a crop and a shrunk image may have. */
export const sides = { least: 16, most: 4096 } as const;

/** What holds where nothing else is said. */
export const standardSettings: SegmentationSettings = {
  name: "segment",
  target: "instances",
  scaling: standardScaling,
  loss: { name: "combined" },
  augmentation: cellAugmentation,
  testShare: 0.15,
  instances: standardInstanceOptions,
};

const number = v.pipe(v.number(), v.finite());
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const least = (minimum: number): v.GenericSchema<unknown, number> => v.pipe(number, v.minValue(minimum));
const side = v.pipe(v.number(), v.safeInteger(), v.minValue(sides.least), v.maxValue(sides.most));
const value = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(255));

/** Views of a tile that can be averaged. */
export const viewCounts: v.GenericSchema<unknown, Views> = v.picklist([1, 2, 4, 8]);

/** How cells are told apart, field by field. */
export const instanceEntries: { readonly [Field in keyof InstanceOptions]: v.GenericSchema<unknown, number> } = {
  foreground: share,
  persistence: share,
  boundaryWeight: least(0),
  minimumArea: least(0),
};

/** The settings as a card keeps them. */
export const segmentationSettings: v.GenericSchema<unknown, SegmentationSettings> = v.strictObject({
  name: v.literal("segment"),
  target: v.picklist(["instances", "classes"]),
  scaling: v.strictObject({
    low: v.pipe(number, v.minValue(0), v.maxValue(100)),
    high: v.pipe(number, v.minValue(0), v.maxValue(100)),
    invertBright: v.boolean(),
  }),
  loss: v.strictObject({ name: v.picklist(segmentationLossNames), classWeights: v.exactOptional(v.array(least(0))) }),
  distanceWeight: v.exactOptional(least(0)),
  crop: v.exactOptional(side),
  longestSide: v.exactOptional(side),
  augmentation: v.strictObject({
    flip: v.boolean(),
    rotation: share,
    scale: least(1),
    elastic: least(0),
    intensity: share,
    noise: share,
    invert: share,
    colour: share,
  }),
  testShare: v.pipe(v.number(), v.minValue(0), v.ltValue(1)),
  instances: v.strictObject(instanceEntries),
  views: v.exactOptional(viewCounts),
  values: v.exactOptional(v.pipe(v.array(value), v.minLength(2))),
  ignored: v.exactOptional(value),
});

/** Names of the scores of a network that tells cells apart. */
export const cellScores: readonly string[] = [...pointClasses, "distance"];
