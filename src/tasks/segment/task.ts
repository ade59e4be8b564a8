import type { Task, TaskTypes } from "../task.ts";
import type { Raster } from "../../data/image/raster.ts";
import { type JudgeOptions, judgeSegmentation, type MaskedSample } from "./judge.ts";
import type { SegmentationJudgement } from "./judge.ts";
import { measuresOfTarget, segmentationMeasures } from "./measures.ts";
import { type Segmented, segmentImage } from "./predict.ts";
import { reportSegmentation, type SegmentationStudy } from "./report.ts";
import type { SegmentOptions } from "./segment.ts";
import { type SegmentationSettings, segmentationSettings } from "./settings.ts";
import type { SegmentTrainOptions } from "./train-options.ts";
import { refusedFields, segmentationStep } from "./step.ts";

/** The types of segmentation. */
export interface SegmentTypes extends TaskTypes {
  readonly settings: SegmentationSettings;
  readonly input: Raster;
  readonly predictOptions: SegmentOptions;
  readonly trainOptions: SegmentTrainOptions;
  readonly output: Segmented;
  readonly sample: MaskedSample;
  readonly judgeOptions: JudgeOptions;
  readonly judgement: SegmentationJudgement;
  readonly study: SegmentationStudy;
}

/** Segmenting images of any size: cells told apart, or points classified. */
export const segment: Task<"segment", SegmentTypes> = {
  name: "segment",
  settings: segmentationSettings,
  step: segmentationStep,
  refuses: refusedFields,
  trainingMeasure: segmentationMeasures.pointAccuracy,
  measures: measuresOfTarget,
  join: null,
  predict: segmentImage,
  judge: judgeSegmentation,
  samplesInMemory: null,
  report: reportSegmentation,
  setUpInMemory: null,
};
