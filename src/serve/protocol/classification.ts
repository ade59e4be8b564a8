import type { Tensor } from "../../tensor/tensor.ts";
import { RequestError } from "./request-error.ts";

/**
 * The best classes of each row of scores, as the classification extension writes them: `value:index:label`, or
 * `value:index` if the model names no classes. A vector counts as one row.
 *
 * @param scores `[N, classes]` or `[classes]`
 * @throws {RequestError} if the output has another shape
 */
export function classify(
  scores: Tensor,
  count: number,
  classes: readonly string[],
): { readonly shape: readonly number[]; readonly strings: readonly string[] } {
  const { shape, data } = scores;
  if (shape.length === 0 || shape.length > 2)
    throw new RequestError(400, "classification", `needs scores [N, classes], the output has ${shape.length} axes`);
  const width = shape.at(-1)!;
  const rows = shape.length === 2 ? shape[0] : 1;
  const kept = Math.min(count, width);
  const strings: string[] = [];
  for (let row = 0; row < rows; row++) {
    const values = Array.from({ length: width }, (_, index) => Number(data[row * width + index]));
    const order = values.map((_, index) => index).toSorted((a, b) => values[b] - values[a] || a - b);
    for (const index of order.slice(0, kept)) {
      const label = classes[index];
      strings.push(`${values[index]}:${index}${label === undefined ? "" : `:${label}`}`);
    }
  }
  return { shape: shape.length === 2 ? [rows, kept] : [kept], strings };
}
