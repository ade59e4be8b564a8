import type { MaskedFile } from "./folder.ts";
import { readMasked } from "./folder.ts";
import type { Raster } from "../data/raster.ts";
import { classesOf } from "../data/set.ts";
import type { Session } from "../../../runtime/runtime.ts";
import type { NetworkCard } from "../../../networks/card.ts";
import { type ClassCounts, type ClassFigures, compareClasses, summarizeClasses } from "../class-figures.ts";
import { type CellCounts, type CellFigures, compareCells, summarizeCells } from "../evaluate.ts";
import { predictorOf } from "../predictor.ts";
import { segmentCells, segmentClasses, type SegmentOptions } from "../segment.ts";
import type { SegmentationSettings } from "../settings.ts";

/** Figures of a folder's images, each and together. */
export type FolderEvaluation =
  | { readonly target: "instances"; readonly overall: CellFigures; readonly images: readonly CellCounts[] }
  | { readonly target: "classes"; readonly overall: ClassFigures; readonly images: readonly ClassCounts[] };

/** One image that was compared, for whoever wants to show it. */
export interface ComparedImage {
  readonly name: string;
  readonly raster: Raster;
  /** `[height, width]`; points of 65,535 do not count. */
  readonly truth: ArrayLike<number>;
  readonly found: ArrayLike<number>;
  /** By what images are ranked: the mean average precision of cells, the mean IoU of classes. */
  readonly score: number;
}

/** Segments images one after another and compares them with their masks. */
export async function evaluateFiles(
  network: { readonly card: NetworkCard; readonly session: Session },
  settings: SegmentationSettings,
  files: readonly MaskedFile[],
  {
    onImage = () => {},
    views = settings.views ?? 1,
    ...rest
  }: SegmentOptions & { readonly onImage?: (done: number, image: ComparedImage) => void } = {},
): Promise<FolderEvaluation> {
  const predictor = predictorOf(network, settings);
  const options = { ...rest, views };
  const { scaling, longestSide, instances, values = [], ignored } = settings;
  const cells: CellCounts[] = [];
  const classes: ClassCounts[] = [];
  for (const [index, file] of files.entries()) {
    const { name, image, mask } = await readMasked(file, settings.target);
    const input = { raster: image, scaling, longestSide };
    if (settings.target === "instances") {
      const { labels } = await segmentCells(predictor, input, {
        ...options,
        instances: { ...instances, ...options.instances },
      });
      const { height, width } = image;
      const compared = compareCells(name, { height, width, truth: mask, found: labels });
      cells.push(compared);
      onImage(index + 1, { name, raster: image, truth: mask, found: labels, score: compared.figures.meanAp });
    } else {
      const found = await segmentClasses(predictor, input, options);
      const truth = classesOf(mask, { values, ...(ignored === undefined ? {} : { ignored }) }, file.image);
      const compared = compareClasses(name, truth, found, values.length);
      classes.push(compared);
      const score = summarizeClasses([compared], network.card.classes).meanIou;
      onImage(index + 1, { name, raster: image, truth, found, score });
    }
  }
  return settings.target === "instances"
    ? { target: "instances", overall: summarizeCells(cells), images: cells }
    : { target: "classes", overall: summarizeClasses(classes, network.card.classes), images: classes };
}
