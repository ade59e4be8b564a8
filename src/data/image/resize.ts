/** Rows and columns. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

/** Lobes of the kernel on either side. */
const LOBES = 3;

/** Lanczos' kernel: sinc(x) · sinc(x/3) within 3 on either side. */
function lanczos(x: number): number {
  if (x === 0) return 1;
  if (Math.abs(x) >= LOBES) return 0;
  const angle = Math.PI * x;
  return (LOBES * Math.sin(angle) * Math.sin(angle / LOBES)) / angle ** 2;
}

/** What each place of a resized line is made of: `taps` neighbours from `first` on. */
interface Weights {
  readonly taps: number;
  readonly first: Int32Array;
  /** `[to, taps]`; their sum is 1. */
  readonly values: Float32Array;
}

/**
 * @param count places there are
 * @param extent how long the line is in these places: less than `count` if the last one is a part of a place
 */
function weightsOf(count: number, extent: number, to: number): Weights {
  const scale = extent / to;
  // To shrink, the kernel is stretched, so that nothing finer than the new places is left.
  const stretch = Math.max(1, scale);
  const reach = LOBES * stretch;
  const taps = Math.min(count, 2 * Math.ceil(reach) + 1);
  const first = new Int32Array(to);
  const values = new Float32Array(to * taps);
  for (let place = 0; place < to; place++) {
    const middle = (place + 0.5) * scale;
    const from = Math.min(Math.max(0, Math.floor(middle - reach)), count - taps);
    first[place] = from;
    let sum = 0;
    for (let tap = 0; tap < taps; tap++)
      sum += values[place * taps + tap] = lanczos((from + tap + 0.5 - middle) / stretch);
    for (let tap = 0; tap < taps; tap++) values[place * taps + tap] /= sum;
  }
  return { taps, first, values };
}

/** Pixels that are averaged before the kernel is used: it always has two or more for each new one, which is cheaper and as good. */
function blockOf(from: ImageSize, to: ImageSize): number {
  const factor = Math.min(from.height / to.height, from.width / to.width);
  return [8, 4, 2].find((block) => factor >= 2 * block) ?? 1;
}

/** Means of squares of `block` pixels. */
function average(
  source: Uint8Array,
  { height, width, channels }: ImageSize & { readonly channels: number },
  block: number,
): Uint8Array {
  const [outHeight, outWidth] = [Math.ceil(height / block), Math.ceil(width / block)];
  const out = new Uint8Array(outHeight * outWidth * channels);
  const sums = new Uint32Array(outWidth * channels);
  for (let row = 0; row < outHeight; row++) {
    sums.fill(0);
    const rows = Math.min(block, height - row * block);
    for (let inside = 0; inside < rows; inside++) {
      let from = (row * block + inside) * width * channels;
      for (let column = 0; column < width; column++) {
        const to = Math.floor(column / block) * channels;
        for (let channel = 0; channel < channels; channel++) sums[to + channel] += source[from++];
      }
    }
    for (let at = 0; at < sums.length; at++) {
      const columns = Math.min(block, width - Math.floor(at / channels) * block);
      out[row * sums.length + at] = (sums[at] + (rows * columns) / 2) / (rows * columns);
    }
  }
  return out;
}

/**
 * Scales an image of 8 bits, the same in every runtime: Lanczos with three lobes, after a mean over squares of 2, 4 or 8 if
 * it becomes more than four, eight or sixteen times smaller.
 *
 * @param source `[from.height, from.width, channels]`
 * @returns `[channels, to.height, to.width]`
 */
export function resize(source: Uint8Array, from: ImageSize & { readonly channels: number }, to: ImageSize): Uint8Array {
  const { channels } = from;
  const block = blockOf(from, to);
  const pixels = block === 1 ? source : average(source, from, block);
  const [height, width] = [Math.ceil(from.height / block), Math.ceil(from.width / block)];
  const out = new Uint8ClampedArray(channels * to.height * to.width);
  const across = width === to.width && block === 1 ? undefined : weightsOf(width, from.width / block, to.width);
  const down = height === to.height && block === 1 ? undefined : weightsOf(height, from.height / block, to.height);
  const lines = new Float32Array(height * to.width);
  for (let channel = 0; channel < channels; channel++) {
    resizeRows(pixels, { height, width, channels, channel }, { weights: across, lines, outWidth: to.width });
    resizeColumns(
      lines,
      { height, width: to.width },
      { weights: down, out: out.subarray(channel * to.height * to.width), outHeight: to.height },
    );
  }
  return new Uint8Array(out.buffer);
}

function resizeRows(
  pixels: Uint8Array,
  { height, width, channels, channel }: ImageSize & { readonly channels: number; readonly channel: number },
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
  { width }: ImageSize,
  {
    weights,
    out,
    outHeight,
  }: { readonly weights: Weights | undefined; readonly out: Uint8ClampedArray; readonly outHeight: number },
): void {
  const sums = new Float32Array(width);
  for (let row = 0; row < outHeight; row++) {
    // Uint8ClampedArray rounds and keeps to 0 … 255.
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
