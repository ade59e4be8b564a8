import type { Pixels } from "./straighten.ts";

/** Shrinks an image, by means over areas; each point takes the share of the pixels that it covers. */
export function resizePixels({ width, height, data }: Pixels, columns: number, rows: number): Pixels {
  const across = weightsOf(width, columns);
  const down = weightsOf(height, rows);
  const lines = new Float32Array(columns * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < columns; x++) {
      const { start, weights } = across[x];
      const to = 3 * (y * columns + x);
      for (let k = 0; k < weights.length; k++) {
        const from = 3 * (y * width + start + k);
        for (let c = 0; c < 3; c++) lines[to + c] += weights[k] * data[from + c];
      }
    }
  const out = new Uint8Array(columns * rows * 3);
  for (let y = 0; y < rows; y++) {
    const { start, weights } = down[y];
    for (let i = 0; i < 3 * columns; i++) {
      let sum = 0.5;
      for (let k = 0; k < weights.length; k++) sum += weights[k] * lines[3 * columns * (start + k) + i];
      out[3 * columns * y + i] = sum;
    }
  }
  return { width: columns, height: rows, data: out };
}

/** For each point, the first pixel that it covers, and the shares of that and the following ones. */
function weightsOf(from: number, to: number): readonly { readonly start: number; readonly weights: Float64Array }[] {
  const ratio = from / to;
  return Array.from({ length: to }, (_, index) => {
    const [begin, end] = [index * ratio, Math.min(from, (index + 1) * ratio)];
    const start = Math.min(from - 1, Math.floor(begin));
    const count = Math.max(1, Math.ceil(end - 1e-9) - start);
    const weights = Float64Array.from({ length: count }, (__, k) => {
      return Math.max(1e-9, Math.min(end, start + k + 1) - Math.max(begin, start + k));
    });
    const sum = weights.reduce((a, b) => a + b, 0);
    return { start, weights: weights.map((weight) => weight / sum) };
  });
}
