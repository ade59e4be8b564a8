import { OptionError } from "../../../tensor/errors.ts";
import type { Answers } from "../../node/node-task.ts";
import type { ClassifyTypes } from "../task.ts";

/** Classes of an answer that does not say how many it wants. */
const STANDARD_TOP = 5;

/** Classes by their probability: `{"predictions": [{"class", "probability"}]}`. */
export const classificationAnswers: Answers<ClassifyTypes> = {
  readOptions: ({ top = String(STANDARD_TOP), ...unknown }) => {
    const [other] = Object.keys(unknown);
    if (other !== undefined)
      throw new OptionError(other, "is not an option of a classification; there are top, page, channel");
    if (!/^[1-9]\d{0,8}$/.test(top)) throw new OptionError("top", `must be a whole number above 0, got ${top}`);
    return { top: Number(top) };
  },
  write: { "application/json": (predictions) => JSON.stringify({ predictions }) },
};
