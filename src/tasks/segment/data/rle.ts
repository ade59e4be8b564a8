import { FormatError } from "../../../tensor/errors.ts";

/**
 * Fills the runs of one cell into a mask. Runs are pairs "start length", counted from 1 down the columns, as in the Data
 * Science Bowl 2018.
 *
 * @param ids `[height, width]`
 * @throws {FormatError} if the text is no such list, or leaves the image
 */
export function fillRuns(
  text: string,
  id: number,
  { ids, height, width }: { readonly ids: Int32Array; readonly height: number; readonly width: number },
  where: string,
): void {
  const numbers = text.trim() === "" ? [] : text.trim().split(/\s+/).map(Number);
  if (numbers.length % 2 !== 0)
    throw new FormatError(where, "has runs of an odd number of numbers, must be pairs of start and length");
  for (let at = 0; at < numbers.length; at += 2) {
    const [start, length] = [numbers[at], numbers[at + 1]];
    const isInside =
      Number.isInteger(start) &&
      Number.isInteger(length) &&
      start >= 1 &&
      length >= 1 &&
      start + length - 1 <= height * width;
    if (!isInside)
      throw new FormatError(
        where,
        `has the run "${start} ${length}", which does not lie in ${height} × ${width} points`,
      );
    for (let place = start - 1; place < start - 1 + length; place++)
      ids[(place % height) * width + Math.floor(place / height)] = id;
  }
}
