import { OptionError } from "../../../tensor/errors.ts";
import type { Answers } from "../../node/node-task.ts";
import type { PlatesTypes } from "../task.ts";

/** Where plates are, or what the plate of a picture says, by the one network that is served. */
export const plateAnswers: Answers<PlatesTypes> = {
  readOptions: (texts) => {
    const [other] = Object.keys(texts);
    if (other !== undefined) throw new OptionError(other, "is not an option of plates; they have none");
    return {};
  },
  write: {
    "application/json": (found, { input: { width, height } }) => JSON.stringify({ width, height, ...found }),
  },
};
