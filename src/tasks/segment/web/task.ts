import { readPageImage } from "../../../data/web/page-image.ts";
import type { WebTask } from "../../web/web-task.ts";
import type { SegmentTypes } from "../task.ts";

/** What segmentation does in a page. */
export const webTask: WebTask<SegmentTypes> = {
  readInput: (image, _, where) => readPageImage(image, where),
  trainOptions: [],
  startTraining: null,
};
