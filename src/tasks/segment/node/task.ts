import { readImage } from "../../../data/node/image.ts";
import type { NodeTask } from "../../node/node-task.ts";
import type { SegmentTypes } from "../task.ts";
import { segmentationAnswers } from "./answers.ts";
import { openSegmentationSamples } from "./samples.ts";
import { segmentTrainOptions, startSegmentation } from "./start.ts";
import { setUpSegmentation } from "./set-up.ts";

/** What segmentation does with files. */
export const nodeTask: NodeTask<SegmentTypes> = {
  setUp: setUpSegmentation,
  readInput: (source, _, options) => readImage(source, options),
  trainOptions: segmentTrainOptions,
  startTraining: startSegmentation,
  answers: segmentationAnswers,
  openSamples: openSegmentationSamples,
};
