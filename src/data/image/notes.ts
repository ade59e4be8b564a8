import type { OnNote } from "./raster.ts";

/** How many notes about images suffice as examples for the rest. */
const MOST_NOTES = 3;

/** Passes on the first few notes about the images of a data set, then says that there are more. */
export function firstNotes(onNote: OnNote | undefined): OnNote {
  let count = 0;
  return (text) => {
    if (count < MOST_NOTES) onNote?.(text);
    else if (count === MOST_NOTES) onNote?.("other images were read likewise; no more lines about them");
    count++;
  };
}
