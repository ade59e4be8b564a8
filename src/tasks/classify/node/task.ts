import { decodeImage } from "../../../data/node/image.ts";
import type { NodeTask } from "../../node/node-task.ts";
import type { ClassifyTypes } from "../task.ts";
import { classificationAnswers } from "./answers.ts";
import { openTestImages } from "./samples.ts";
import { classifyTrainOptions, startClassification } from "./start.ts";
import { setUpClassification } from "./set-up.ts";

/** What classification does with files. */
export const nodeTask: NodeTask<ClassifyTypes> = {
  setUp: setUpClassification,
  readInput: async (source, { imageShape: [channels, height, width] }, options) => {
    const format = { channels, height, width };
    return { ...format, pixels: await decodeImage(source, { ...format, ...options }) };
  },
  answers: classificationAnswers,
  openSamples: openTestImages,
  trainOptions: classifyTrainOptions,
  startTraining: startClassification,
};
