import { readImage } from "../../../data/node/image.ts";
import type { NodeTask } from "../../node/node-task.ts";
import { toPixels } from "../pixels.ts";
import type { PlatesTypes } from "../task.ts";
import { plateAnswers } from "./answers.ts";
import { openPlateSamples } from "./samples.ts";
import { setUpPlates } from "./set-up.ts";
import { platesTrainOptions, startPlates } from "./start.ts";

/** What plates do with files. */
export const nodeTask: NodeTask<PlatesTypes> = {
  setUp: setUpPlates,
  readInput: async (source, _, options) => toPixels(await readImage(source, options)),
  answers: plateAnswers,
  trainOptions: platesTrainOptions,
  startTraining: startPlates,
  openSamples: openPlateSamples,
};
