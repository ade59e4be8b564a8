import { builtFile } from "../../../files/node.ts";

/** The module that trains for segmentation in a child process. */
export const segmentationWorker: URL = builtFile(import.meta.url, "./worker.js");
