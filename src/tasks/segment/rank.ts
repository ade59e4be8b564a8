/**
 * A score by which images are put in order, the worst first. Where there is nothing to judge, nothing is wrong: such an image is the
 * last one, by a number that is finite, so that two of them compare.
 */
export const rankOf = (score: number | null): number => score ?? Number.MAX_VALUE;
