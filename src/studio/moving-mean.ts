/**
 * The mean of each value and those before it, at most `width` of them: steps of a small batch jump, their mean shows where they go.
 *
 * @param width a whole number above 0
 */
export function movingMean(values: readonly number[], width: number): readonly number[] {
  return values.map((_, index) => {
    const part = values.slice(Math.max(0, index + 1 - width), index + 1);
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}
