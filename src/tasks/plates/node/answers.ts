import { noOptions } from "../../node/no-options.ts";
import type { Answers } from "../../node/node-task.ts";
import type { PlatesTypes } from "../task.ts";

/** Where plates are, or what the plate of a picture says, by the one network that is served. */
export const plateAnswers: Answers<PlatesTypes> = {
  readOptions: noOptions("a request about plates"),
  write: {
    "application/json": (found, { input: { width, height } }) => JSON.stringify({ width, height, ...found }),
  },
};
