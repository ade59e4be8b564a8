/** Rows and columns. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

/** Lanczos' kernel: sinc(x) · sinc(x/3) within 3 on either side. */
function lanczos(x: number): number {
  if (x === 0) return 1;
  if (Math.abs(x) >= 3) return 0;
  const angle = Math.PI * x;
  return (3 * Math.sin(angle) * Math.sin(angle / 3)) / angle ** 2;
}

/** Catmull's and Rom's cubic, within 2 on either side. */
function cubic(x: number): number {
  const far = Math.abs(x);
  if (far >= 2) return 0;
  return far < 1 ? 1.5 * far ** 3 - 2.5 * far ** 2 + 1 : -0.5 * far ** 3 + 2.5 * far ** 2 - 4 * far + 2;
}

/** The weights of a resampled line: each output reads `taps` neighbours from `first` on. */
interface Weights {
  readonly taps: number;
  readonly first: Int32Array;
  /** `[to, taps]`; their sum is 1. */
  readonly values: Float32Array;
}

/** @param count places there are @param extent how long the line is in these places: the last one may be a part of one */
function weightsOf(count: number, extent: number, to: number): Weights {
  const scale = extent / to;
  const [kernel, lobes] = scale > 1 ? [lanczos, 3] : [cubic, 2];
  // For shrinking, the kernel is stretched, so that no detail finer than the output pixels aliases.
  const stretch = Math.max(1, scale);
  const reach = lobes * stretch;
  const taps = Math.min(count, 2 * Math.ceil(reach) + 1);
  const first = new Int32Array(to);
  const values = new Float32Array(to * taps);
  for (let place = 0; place < to; place++) {
    const middle = (place + 0.5) * scale;
    const from = Math.min(Math.max(0, Math.floor(middle - reach)), count - taps);
    first[place] = from;
    let sum = 0;
    // Edges are extended by their last pixel.
    for (let at = Math.floor(middle - reach); at <= middle + reach; at++) {
      const weight = kernel((at + 0.5 - middle) / stretch);
      const tap = Math.min(Math.max(at, 0), count - 1) - from;
      if (tap < 0 || tap >= taps) continue;
      values[place * taps + tap] += weight;
      sum += weight;
    }
    for (let tap = 0; tap < taps; tap++) values[place * taps + tap] /= sum;
  }
  return { taps, first, values };
}

/**
 * Pixels to average per block before the kernel, which still sees at least two per output: cheaper, at equal quality.
 */
const blockOf = (from: number, to: number): number => Math.max(1, Math.floor(from / to / 2));

/** Averages blocks of pixels. */
function average(
  source: Uint8Array,
  { height, width, channels }: ImageSize & { readonly channels: number },
  block: ImageSize,
): Uint8Array {
  const [outHeight, outWidth] = [Math.ceil(height / block.height), Math.ceil(width / block.width)];
  const row = outWidth * channels;
  const out = new Uint8Array(outHeight * row);
  const sums = new Uint32Array(row);
  for (let top = 0, at = 0; top < height; top += block.height) {
    const rows = Math.min(block.height, height - top);
    sums.fill(0);
    for (let inside = 0, from = top * width * channels; inside < rows; inside++) {
      for (let left = 0, to = 0; left < width; left += block.width, to += channels) {
        const columns = Math.min(block.width, width - left);
        for (let column = 0; column < columns; column++)
          for (let channel = 0; channel < channels; channel++) sums[to + channel] += source[from++];
      }
    }
    const full = rows * block.width;
    const last = rows * (width - (outWidth - 1) * block.width);
    for (let to = 0; to < row; to++) {
      const count = to < row - channels ? full : last;
      out[at++] = (sums[to] + count / 2) / count;
    }
  }
  return out;
}

/**
 * Scales an 8-bit image as libvips does for sharp: block means if it shrinks fourfold or more, then Lanczos' kernel; a
 * cubic kernel if it grows.
 *
 * @param source `[from.height, from.width, channels]`
 * @returns `[channels, to.height, to.width]`
 */
export function resize(source: Uint8Array, from: ImageSize & { readonly channels: number }, to: ImageSize): Uint8Array {
  const { channels } = from;
  if (from.height === to.height && from.width === to.width) return toPlanes(source, channels);
  const block = { height: blockOf(from.height, to.height), width: blockOf(from.width, to.width) };
  const isWhole = block.height === 1 && block.width === 1;
  const pixels = isWhole ? source : average(source, from, block);
  const [height, width] = [Math.ceil(from.height / block.height), Math.ceil(from.width / block.width)];
  const out = new Uint8ClampedArray(channels * to.height * to.width);
  const across = from.width === to.width ? undefined : weightsOf(width, from.width / block.width, to.width);
  const down = from.height === to.height ? undefined : weightsOf(height, from.height / block.height, to.height);
  const lines = new Float32Array(height * to.width);
  for (let channel = 0; channel < channels; channel++) {
    resizeRows(pixels, { height, width, channels, channel }, { weights: across, lines, outWidth: to.width });
    const plane = out.subarray(channel * to.height * to.width);
    resizeColumns(lines, to.width, { weights: down, out: plane, outHeight: to.height });
  }
  return new Uint8Array(out.buffer);
}

/** `[pixels, channels]` → `[channels, pixels]` */
function toPlanes(source: Uint8Array, channels: number): Uint8Array {
  if (channels === 1) return source;
  const plane = source.length / channels;
  const out = new Uint8Array(source.length);
  for (let channel = 0; channel < channels; channel++)
    for (let at = channel * plane, from = channel; from < source.length; at++, from += channels) out[at] = source[from];
  return out;
}

function resizeRows(
  pixels: Uint8Array,
  {
    height,
    width,
    channels,
    channel,
  }: ImageSize & {
    readonly channels: number;
    readonly channel: number;
  },
  {
    weights,
    lines,
    outWidth,
  }: { readonly weights: Weights | undefined; readonly lines: Float32Array; readonly outWidth: number },
): void {
  for (let row = 0; row < height; row++) {
    const start = row * width * channels + channel;
    const to = row * outWidth;
    if (weights === undefined) {
      for (let column = 0; column < outWidth; column++) lines[to + column] = pixels[start + column * channels];
      continue;
    }
    const { taps, first, values } = weights;
    for (let column = 0; column < outWidth; column++) {
      let sum = 0;
      let from = start + first[column] * channels;
      for (let tap = column * taps, end = tap + taps; tap < end; tap++, from += channels)
        sum += values[tap] * pixels[from];
      lines[to + column] = sum;
    }
  }
}

function resizeColumns(
  lines: Float32Array,
  width: number,
  {
    weights,
    out,
    outHeight,
  }: { readonly weights: Weights | undefined; readonly out: Uint8ClampedArray; readonly outHeight: number },
): void {
  const sums = new Float32Array(width);
  for (let row = 0; row < outHeight; row++) {
    // Uint8ClampedArray rounds and clamps to 0 … 255.
    if (weights === undefined) {
      out.set(lines.subarray(row * width, (row + 1) * width), row * width);
      continue;
    }
    const { taps, first, values } = weights;
    sums.fill(0);
    for (let tap = 0; tap < taps; tap++) {
      const weight = values[row * taps + tap];
      const from = (first[row] + tap) * width;
      for (let column = 0; column < width; column++) sums[column] += weight * lines[from + column];
    }
    out.set(sums, row * width);
  }
}
