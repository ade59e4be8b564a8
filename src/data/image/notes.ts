import type { OnNote } from "./raster.ts";

/** Lines about images that are enough to understand the others by. */
const MOST_NOTES = 3;

/** Passes on the first few lines about the images of a data set, and says that there are more. */
export function firstNotes(onNote: OnNote | undefined): OnNote {
  let count = 0;
  return (text) => {
    if (count < MOST_NOTES) onNote?.(text);
    else if (count === MOST_NOTES) onNote?.("other images were read likewise; no more lines about them");
    count++;
  };
}
