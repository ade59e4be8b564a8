import { builtFile } from "../../../data/node/built-file.ts";

/** The module that trains for segmentation in a child process. */
export const segmentationWorker: URL = builtFile(import.meta.url, "./train-worker.js");
