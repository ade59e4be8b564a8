import { decodeImageBlob, fitPixels, readPixels } from "../../../data/web/decode-image.ts";
import type { WebTask } from "../../web/web-task.ts";
import type { ClassifyTypes } from "../task.ts";
import { startClassification } from "./start.ts";

/** What classification does in a page. */
export const webTask: WebTask<ClassifyTypes> = {
  readInput: async (image, { imageShape: [channels, height, width] }, where) => {
    const format = { channels, height, width };
    const pixels =
      image instanceof Blob
        ? await decodeImageBlob(image, format, where)
        : fitPixels(await readPixels(image, where), format);
    return { ...format, pixels };
  },
  trainOptions: ["augment", "normalization"],
  startTraining: startClassification,
};
