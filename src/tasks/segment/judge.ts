import type { Evaluation } from "../../train/evaluation.ts";
import { type ClassCounts, type ClassFigures, compareClasses, summarizeClasses } from "./class-figures.ts";
import type { Raster } from "../../data/image/raster.ts";
import { classesOf, type MaskedRaster } from "./data/set.ts";
import { type CellCounts, type CellSetFigures, compareCells, summarizeCells } from "./evaluate.ts";
import type { SegmentationNetwork } from "./network.ts";
import { predictorOf } from "./predictor.ts";
import { requireSegmentOptions } from "./segment-options.ts";
import { segmentCells, segmentClasses, type SegmentOptions } from "./segment.ts";

/** An image with its mask. */
export interface MaskedSample extends MaskedRaster {
  /** Its file, for errors. */
  readonly where: string;
}

/** Figures of images, each and together. */
export type ImageFigures =
  | { readonly target: "instances"; readonly overall: CellSetFigures; readonly images: readonly CellCounts[] }
  | {
      readonly target: "classes";
      /** In their own order, which keys of an object do not keep where they are numbers. */
      readonly classes: readonly string[];
      readonly overall: ClassFigures;
      readonly images: readonly ClassCounts[];
    };

/** How well a network segments. */
export interface SegmentationJudgement extends Evaluation {
  /** Dice of each class, if points were classified. */
  readonly dice?: ClassFigures["dice"];
  readonly found: ImageFigures;
}

/** One image that was compared, for whoever wants to show it. */
export interface ComparedImage {
  readonly name: string;
  readonly raster: Raster;
  /** `[height, width]`; points of 65,535 do not count. */
  readonly truth: ArrayLike<number>;
  readonly found: ArrayLike<number>;
  /** By what images are ranked: the mean average precision of cells, the mean IoU of classes; null if no point counts. */
  readonly score: number | null;
}

/** How images are segmented before they are compared. */
export interface JudgeOptions extends Omit<SegmentOptions, "onProgress"> {
  readonly onImage?: (done: number, image: ComparedImage) => void;
}

/**
 * Segments images one after another and compares them with their masks.
 *
 * @throws {OptionError} naming an option that is not what it may be, or that the network does not have
 * @throws {FormatError} naming the file whose mask has a value that is no class
 */
export async function judgeSegmentation(
  network: SegmentationNetwork,
  samples: AsyncIterable<MaskedSample> | Iterable<MaskedSample>,
  how: JudgeOptions = {},
): Promise<SegmentationJudgement> {
  const { settings, card } = network;
  requireSegmentOptions(how, settings.target);
  const predictor = predictorOf(network);
  const { onImage = () => {}, views = settings.views ?? 1, ...rest } = how;
  const options = { ...rest, views };
  const { scaling, longestSide, instances, values = [], ignored } = settings;
  const cells: CellCounts[] = [];
  const classes: ClassCounts[] = [];
  let done = 0;
  for await (const { name, image, mask, where } of samples) {
    const input = { raster: image, scaling, longestSide };
    if (settings.target === "instances") {
      const { labels } = await segmentCells(predictor, input, {
        ...options,
        instances: { ...instances, ...options.instances },
      });
      const { height, width } = image;
      const compared = compareCells(name, { height, width, truth: mask, found: labels });
      cells.push(compared);
      onImage(++done, { name, raster: image, truth: mask, found: labels, score: compared.figures.meanAp });
    } else {
      const found = await segmentClasses(predictor, input, options);
      const truth = classesOf(mask, { values, ...(ignored === undefined ? {} : { ignored }) }, where);
      const compared = compareClasses(name, truth, found, values.length);
      classes.push(compared);
      const score = summarizeClasses([compared], card.classes).meanIou;
      onImage(++done, { name, raster: image, truth, found, score });
    }
  }
  return judgementOf(
    settings.target === "instances"
      ? { target: "instances", overall: summarizeCells(cells), images: cells }
      : {
          target: "classes",
          classes: card.classes,
          overall: summarizeClasses(classes, card.classes),
          images: classes,
        },
  );
}

/** What images' figures come to, in the measures of `measuresOfTarget`. */
export function judgementOf(found: ImageFigures): SegmentationJudgement {
  const count = found.images.length;
  const none = count === 0 ? "there are no images" : undefined;
  if (found.target === "classes") {
    const { meanIou, meanDice, dice } = found.overall;
    return {
      count,
      loss: lossOf(meanDice),
      measures: { meanIou, meanDice },
      dice,
      found,
      ...(meanIou === null ? { unmeasured: none ?? "no point of any mask counts" } : {}),
    };
  }
  const { f1At50, meanAp, foregroundDice, panopticQuality, aggregatedJaccard } = found.overall;
  return {
    count,
    loss: lossOf(foregroundDice),
    measures: { meanAp, f1At50, foregroundDice, panopticQuality, aggregatedJaccard },
    found,
    ...(meanAp === null ? { unmeasured: none ?? "no mask has a cell" } : {}),
  };
}

const lossOf = (dice: number | null): number => (dice === null ? Number.NaN : 1 - dice);
