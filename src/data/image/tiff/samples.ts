import type { Samples } from "../raster.ts";
import type { PageLayout } from "./layout.ts";

/** Whether this machine is little-endian. */
const isLittleMachine = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Allocates an array of samples for a page. */
export function createSamples({ kind, bits }: Pick<PageLayout, "kind" | "bits">, count: number): Samples {
  if (kind === "float") return bits === 64 ? new Float64Array(count) : new Float32Array(count);
  if (kind === "int")
    return bits === 8 ? new Int8Array(count) : bits === 16 ? new Int16Array(count) : new Int32Array(count);
  return bits <= 8 ? new Uint8Array(count) : bits <= 16 ? new Uint16Array(count) : new Uint32Array(count);
}

function swapBytes(bytes: Uint8Array, size: number): void {
  for (let at = 0; at + size <= bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}

/** Undoes horizontal differencing. */
function undoDifferences(values: Uint8Array | Uint16Array | Uint32Array, row: number, step: number): void {
  for (let start = 0; start < values.length; start += row)
    for (let at = start + step; at < start + row; at++) values[at] += values[at - step];
}

/**
 * Undoes the floating-point predictor: bytes sorted by significance, highest first, then differenced.
 * @source TIFF Technical Note 3
 */
function undoFloatPredictor(
  bytes: Uint8Array,
  rowBytes: number,
  { size, step }: { readonly size: number; readonly step: number },
): void {
  undoDifferences(bytes, rowBytes, step);
  const count = rowBytes / size;
  for (let start = 0; start < bytes.length; start += rowBytes) {
    const sorted = bytes.slice(start, start + rowBytes);
    for (let at = 0; at < count; at++) {
      for (let byte = 0; byte < size; byte++)
        bytes[start + at * size + (isLittleMachine ? size - 1 - byte : byte)] = sorted[byte * count + at];
    }
  }
}

/** Converts half precision; every value is exact in float32. */
function toSingle(halves: Uint16Array): Float32Array {
  return Float32Array.from(halves, (half) => {
    const [exponent, fraction] = [(half >> 10) & 31, half & 1023];
    const sign = half >> 15 === 0 ? 1 : -1;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}

/** Unpacks samples of other bit depths, most significant bit first; rows are byte-aligned. */
function readPacked(
  bytes: Uint8Array,
  { bits, perRow, rowBytes }: { readonly bits: number; readonly perRow: number; readonly rowBytes: number },
): Samples {
  const rows = bytes.length / rowBytes;
  const out = createSamples({ kind: "uint", bits }, rows * perRow);
  for (let row = 0, to = 0; row < rows; row++) {
    let [held, count, at] = [0, 0, row * rowBytes];
    for (let sample = 0; sample < perRow; sample++) {
      for (; count < bits; count += 8) held = ((held << 8) | bytes[at++]) & 0xffffff;
      count -= bits;
      out[to++] = (held >> count) & (2 ** bits - 1);
    }
  }
  return out;
}

/**
 * An unpacked block's bytes as samples: predictor undone, bytes in order.
 *
 * @param perRow samples per row
 * @param step samples per pixel in this block
 */
export function readSamples(
  unpacked: Uint8Array,
  { bits, kind, predictor }: PageLayout,
  { perRow, step, isLittle }: { readonly perRow: number; readonly step: number; readonly isLittle: boolean },
): Samples {
  const rowBytes = Math.ceil((perRow * bits) / 8);
  if (bits % 8 !== 0) return readPacked(unpacked, { bits, perRow, rowBytes });
  const size = bits / 8;
  // A copy of its own: `slice` of a Buffer would be a view of it.
  const bytes = new Uint8Array(unpacked);
  if (predictor === 3) undoFloatPredictor(bytes, rowBytes, { size, step });
  else if (size > 1 && isLittle !== isLittleMachine) swapBytes(bytes, size);
  const { buffer } = bytes;
  if (predictor === 2)
    undoDifferences(size === 1 ? bytes : size === 2 ? new Uint16Array(buffer) : new Uint32Array(buffer), perRow, step);
  if (kind === "float")
    return size === 8
      ? new Float64Array(buffer)
      : size === 4
        ? new Float32Array(buffer)
        : toSingle(new Uint16Array(buffer));
  if (kind === "int")
    return size === 1 ? new Int8Array(buffer) : size === 2 ? new Int16Array(buffer) : new Int32Array(buffer);
  return size === 1 ? bytes : size === 2 ? new Uint16Array(buffer) : new Uint32Array(buffer);
}
