import type { Raster } from "../../data/image/raster.ts";
import type { SegmentationNetwork } from "./network.ts";
import { type CellOutline, outlineCells } from "./outlines.ts";
import { predictorOf } from "./predictor.ts";
import { requireSegmentOptions } from "./segment-options.ts";
import { segmentCells, segmentClasses, type SegmentOptions } from "./segment.ts";

/** The cells of an image. */
export interface SegmentedCells {
  readonly target: "instances";
  readonly height: number;
  readonly width: number;
  /** `[height, width]`: the number of the cell at each point, from 1; 0 is background. */
  readonly labels: Int32Array;
  /** How many cells there are. */
  readonly count: number;
  /** Traces the cells' outlines along the edges of their points. */
  outlines(): readonly CellOutline[];
}

/** The classes of an image's points. */
export interface SegmentedClasses {
  readonly target: "classes";
  readonly height: number;
  readonly width: number;
  /** `[height, width]`: the most probable class of each point, as its place among the network's classes. */
  readonly labels: Uint8Array;
  /** Share of the points that each class has, by its name. */
  readonly shares: Readonly<Record<string, number>>;
}

/** What a network that segments says about an image: cells, or classes of points. */
export type Segmented = SegmentedCells | SegmentedClasses;

/**
 * Segments one image of any size; what the options leave out is as the network's settings say.
 * @throws {OptionError} naming an option that is not what it may be, or that the network does not have
 */
export async function segmentImage(
  network: SegmentationNetwork,
  raster: Raster,
  options: SegmentOptions = {},
): Promise<Segmented> {
  const { settings, card } = network;
  requireSegmentOptions(options, settings.target);
  const { height, width } = raster;
  const predictor = predictorOf(network);
  const input = { raster, scaling: settings.scaling, longestSide: settings.longestSide };
  const how: SegmentOptions = { ...options, views: options.views ?? settings.views ?? 1 };
  if (settings.target === "instances") {
    const instances = { ...settings.instances, ...options.instances };
    const { labels, count } = await segmentCells(predictor, input, { ...how, instances });
    return { target: "instances", height, width, labels, count, outlines: () => outlineCells(labels, raster) };
  }
  const labels = await segmentClasses(predictor, input, how);
  return { target: "classes", height, width, labels, shares: sharesOf(labels, card.classes) };
}

function sharesOf(labels: Uint8Array, classes: readonly string[]): Readonly<Record<string, number>> {
  const counts = classes.map(() => 0);
  for (const label of labels) counts[label]++;
  return Object.fromEntries(classes.map((name, label) => [name, counts[label] / labels.length]));
}
