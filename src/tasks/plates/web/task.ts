import { readPageImage } from "../../../data/web/page-image.ts";
import type { WebTask } from "../../web/web-task.ts";
import { toPixels } from "../pixels.ts";
import type { PlatesTypes } from "../task.ts";

/** What plates do in a page. */
export const webTask: WebTask<PlatesTypes> = {
  readInput: async (image, _, where) => toPixels(await readPageImage(image, where)),
  trainOptions: [],
  startTraining: null,
};
