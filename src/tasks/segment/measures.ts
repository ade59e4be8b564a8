import type { Measure } from "../../train/measure.ts";
import type { SegmentationSettings } from "./settings.ts";

const measure = (name: string, en: string, zh: string): Measure => ({ name, words: { en, zh }, better: "higher" });

type Name =
  | "pointAccuracy"
  | "meanAp"
  | "f1At50"
  | "foregroundDice"
  | "panopticQuality"
  | "aggregatedJaccard"
  | "meanIou"
  | "meanDice";

/** What is measured of cells and of classes. */
export const segmentationMeasures: { readonly [N in Name]: Measure } = {
  pointAccuracy: measure("pointAccuracy", "points right", "像素准确率"),
  meanAp: measure("meanAp", "mean AP", "平均 AP"),
  f1At50: measure("f1At50", "F1 at IoU 0.5", "IoU 0.5 时的 F1"),
  foregroundDice: measure("foregroundDice", "foreground Dice", "前景 Dice"),
  panopticQuality: measure("panopticQuality", "panoptic quality", "全景质量 PQ"),
  aggregatedJaccard: measure("aggregatedJaccard", "aggregated Jaccard (AJI)", "聚合 Jaccard (AJI)"),
  meanIou: measure("meanIou", "mean IoU", "平均 IoU"),
  meanDice: measure("meanDice", "mean Dice", "平均 Dice"),
};

/** Measures by which a segmentation is judged, the one that chooses the best epoch first. */
export function measuresOfTarget({ target }: Pick<SegmentationSettings, "target">): readonly [Measure, ...Measure[]] {
  const { meanAp, f1At50, foregroundDice, panopticQuality, aggregatedJaccard, meanIou, meanDice } =
    segmentationMeasures;
  return target === "classes"
    ? [meanIou, meanDice]
    : [meanAp, f1At50, foregroundDice, panopticQuality, aggregatedJaccard];
}
