import type { Pixels } from "./straighten.ts";

/** Shrinks an image, by means over areas; each point takes the share of the pixels that it covers. */
export function resizePixels({ width, height, data }: Pixels, columns: number, rows: number): Pixels {
  const across = sharesOf(width, columns);
  const down = sharesOf(height, rows);
  const lines = new Float32Array(columns * height * 3);
  for (let y = 0, to = 0; y < height; y++)
    for (let x = 0; x < columns; x++, to += 3) {
      let [red, green, blue] = [0, 0, 0];
      const end = across.ends[x + 1];
      for (let k = across.ends[x], from = 3 * (y * width + across.starts[x]); k < end; k++, from += 3) {
        const share = across.shares[k];
        red += share * data[from];
        green += share * data[from + 1];
        blue += share * data[from + 2];
      }
      lines[to] = red;
      lines[to + 1] = green;
      lines[to + 2] = blue;
    }
  const out = new Uint8Array(columns * rows * 3);
  const line = new Float64Array(columns * 3);
  for (let y = 0; y < rows; y++) {
    line.fill(0.5);
    for (let k = down.ends[y], from = line.length * down.starts[y]; k < down.ends[y + 1]; k++, from += line.length) {
      const share = down.shares[k];
      for (let i = 0; i < line.length; i++) line[i] += share * lines[from + i];
    }
    out.set(line, line.length * y);
  }
  return { width: columns, height: rows, data: out };
}

/** For each point, the first pixel that it covers, and the shares of that and the following ones: `shares[ends[i] … ends[i + 1])`. */
interface Shares {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly shares: Float64Array;
}

function sharesOf(from: number, to: number): Shares {
  const ratio = from / to;
  const [starts, ends] = [new Int32Array(to), new Int32Array(to + 1)];
  const shares: number[] = [];
  for (let index = 0; index < to; index++) {
    const [begin, end] = [index * ratio, Math.min(from, (index + 1) * ratio)];
    const start = Math.min(from - 1, Math.floor(begin));
    const count = Math.max(1, Math.ceil(end - 1e-9) - start);
    const weights = Array.from({ length: count }, (_, k) =>
      Math.max(1e-9, Math.min(end, start + k + 1) - Math.max(begin, start + k)),
    );
    const sum = weights.reduce((a, b) => a + b, 0);
    starts[index] = start;
    shares.push(...weights.map((weight) => weight / sum));
    ends[index + 1] = shares.length;
  }
  return { starts, ends, shares: Float64Array.from(shares) };
}
