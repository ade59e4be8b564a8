import type { LabeledBatch } from "../../train/batch.ts";
import { accuracy } from "../../train/measure.ts";
import type { Task, TaskTypes } from "../task.ts";
import { batchesInMemory } from "./samples-in-memory.ts";
import { type Classification, type ClassificationOptions, evaluateClassifier } from "./judge.ts";
import { classifyImage, type ClassifyOptions, type ImagePixels, type RankedClasses } from "./predict.ts";
import { type ClassificationStudy, reportClassification } from "./report.ts";
import { type ClassifySettings, classifySettings } from "./settings.ts";
import type { ClassifyTrainOptions } from "./train-options.ts";
import { setUpInMemory } from "./set-up-in-memory.ts";

/** The types of classification. */
export interface ClassifyTypes extends TaskTypes {
  readonly settings: ClassifySettings;
  readonly input: ImagePixels;
  readonly predictOptions: ClassifyOptions;
  readonly trainOptions: ClassifyTrainOptions;
  readonly output: RankedClasses;
  readonly sample: LabeledBatch;
  readonly judgeOptions: ClassificationOptions;
  readonly judgement: Classification;
  readonly study: ClassificationStudy;
}

/** Telling images of classes apart. Its loss is the one that a recipe describes, so that its step has nothing of its own. */
export const classify: Task<"classify", ClassifyTypes> = {
  name: "classify",
  settings: classifySettings,
  step: () => ({}),
  refuses: {},
  trainingMeasure: accuracy,
  measures: () => [accuracy],
  join: null,
  predict: classifyImage,
  judge: ({ session }, samples, options) => evaluateClassifier(session, samples, options),
  samplesInMemory: batchesInMemory,
  report: reportClassification,
  setUpInMemory,
};
