import { OptionError } from "../../tensor/errors.ts";

/** Reads the options of a server's request for a task that has none, beside those of every image. @param task such as "a segmentation" */
export function noOptions(task: string): (texts: Readonly<Record<string, string>>) => Record<never, never> {
  return (texts) => {
    const [other] = Object.keys(texts);
    if (other !== undefined) throw new OptionError(other, `is not an option of ${task}; there are page, channel`);
    return {};
  };
}
