import { decodePageImage } from "../../../data/web/page-image.ts";
import type { WebTask } from "../../web/web-task.ts";
import type { ClassifyTypes } from "../task.ts";
import { startClassification } from "./start.ts";

/** What classification does in a page. */
export const webTask: WebTask<ClassifyTypes> = {
  readInput: async (image, { imageShape: [channels, height, width] }, where) => {
    const format = { channels, height, width };
    return { ...format, pixels: await decodePageImage(image, where, format) };
  },
  trainOptions: ["preset", "augment", "normalization"],
  startTraining: startClassification,
};
