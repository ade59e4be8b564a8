import { type RandomStream, randomStream } from "../../../tensor/random.ts";
import type { Canvas } from "./flat.ts";

const NOISE_SIZE = 1 << 16;

let made: Float32Array | undefined;

/** Normal draws, made once when they are first wanted: noise takes them from a random place on. */
function noiseTable(): Float32Array {
  const stream = randomStream(20, "noise table");
  made ??= Float32Array.from({ length: NOISE_SIZE }, () => stream.normal());
  return made;
}

/** Adds sensor noise: independent in each channel, and a part that all share. */
export function addNoise({ data }: Canvas, deviation: number, random: RandomStream): void {
  const table = noiseTable();
  let [one, other] = [random.integer(NOISE_SIZE), random.integer(NOISE_SIZE)];
  const [own, shared] = [0.6 * deviation, 0.8 * deviation];
  for (let at = 0; at < data.length; at += 3) {
    const common = shared * table[other++ & (NOISE_SIZE - 1)];
    for (let c = 0; c < 3; c++) data[at + c] += common + own * table[one++ & (NOISE_SIZE - 1)];
  }
}

/** Weights of a one-dimensional blur from −radius to radius. */
function gaussian(deviation: number): Float32Array {
  const radius = Math.max(1, Math.round(2.2 * deviation));
  const weights = Float32Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-((i - radius) ** 2) / (2 * deviation ** 2)),
  );
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/** Blurs along a direction in whole steps of at most one pixel; beyond the edge, it continues. */
function blurAlong(canvas: Canvas, weights: Float32Array, [dx, dy]: readonly [number, number]): void {
  const { width, height, data } = canvas;
  const radius = (weights.length - 1) / 2;
  const source = data.slice();
  const across = Int32Array.from(weights, (_, i) => Math.round((i - radius) * dx));
  const down = Int32Array.from(weights, (_, i) => Math.round((i - radius) * dy));
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at += 3) {
      let r = 0;
      let g = 0;
      let b = 0;
      for (let i = 0; i < weights.length; i++) {
        const u = Math.min(width - 1, Math.max(0, x + across[i]));
        const v = Math.min(height - 1, Math.max(0, y + down[i]));
        const from = 3 * (v * width + u);
        r += weights[i] * source[from];
        g += weights[i] * source[from + 1];
        b += weights[i] * source[from + 2];
      }
      data[at] = r;
      data[at + 1] = g;
      data[at + 2] = b;
    }
}

/** Blurs along an axis; beyond the edge, it continues. @param step from a point to the next along the axis, in values */
function blurAxis({ data }: Canvas, weights: Float32Array, [count, step]: Axis, [lines, next]: Axis): void {
  const radius = (weights.length - 1) / 2;
  const line = new Float32Array(count + 2 * radius);
  for (let index = 0; index < lines; index++)
    for (let c = 0; c < 3; c++) {
      const start = index * next + c;
      for (let i = 0; i < count; i++) line[i + radius] = data[start + i * step];
      line.fill(line[radius], 0, radius);
      line.fill(line[count + radius - 1], count + radius);
      for (let i = 0; i < count; i++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k] * line[i + k];
        data[start + i * step] = sum;
      }
    }
}

/** Points along an axis, and values from one to the next. */
type Axis = readonly [count: number, step: number];

/** Blurs as a lens out of focus does. @param deviation in pixels */
export function blurFocus(canvas: Canvas, deviation: number): void {
  if (deviation < 0.25) return;
  const weights = gaussian(deviation);
  const [columns, rows]: readonly [Axis, Axis] = [
    [canvas.width, 3],
    [canvas.height, 3 * canvas.width],
  ];
  blurAxis(canvas, weights, columns, rows);
  blurAxis(canvas, weights, rows, columns);
}

/** Blurs as a car in motion is. @param length in pixels */
export function blurMotion(canvas: Canvas, length: number, angle: number): void {
  const count = Math.round(length) | 1;
  if (count < 3) return;
  blurAlong(canvas, new Float32Array(count).fill(1 / count), [Math.cos(angle), Math.sin(angle)]);
}

/** Light of a scene. */
export interface Light {
  /** Factor of all values, and their power. */
  readonly gain: number;
  readonly gamma: number;
  /** Factors of red, green and blue. */
  readonly cast: readonly [number, number, number];
  /** How much of the colour is left, 1 for all. */
  readonly saturation: number;
  /** Added to all values, as haze does. */
  readonly haze: number;
}

/** Draws a light: half of all scenes are near to even, others dark, bright, tinted or grey. */
export function drawLight(random: RandomStream, greyShare: number): Light {
  const isWild = random.uniform() < 0.5;
  const both = (most: number): number => most * (2 * random.uniform() - 1);
  return {
    gain: Math.exp(both(isWild ? 0.7 : 0.25)),
    gamma: Math.exp(both(isWild ? 0.8 : 0.25)),
    cast: [1 + both(isWild ? 0.25 : 0.08), 1 + both(isWild ? 0.12 : 0.05), 1 + both(isWild ? 0.25 : 0.08)],
    saturation: random.uniform() < greyShare ? 0 : isWild ? 0.3 + 0.9 * random.uniform() : 0.8 + 0.4 * random.uniform(),
    haze: random.uniform() < 0.2 ? 80 * random.uniform() : 0,
  };
}

/** Changes the light of an image. */
export function relight({ data }: Canvas, { gain, gamma, cast, saturation, haze }: Light): void {
  const room = (255 - haze) / 255;
  const table = Float32Array.from(
    { length: 512 },
    (_, i) => haze + room * 255 * (Math.min(255, (i * gain) / 2) / 255) ** gamma,
  );
  for (let at = 0; at < data.length; at += 3) {
    const grey = 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
    for (let c = 0; c < 3; c++) {
      const index = (2 * (grey + saturation * (data[at + c] - grey)) * (1 + saturation * (cast[c] - 1)) + 0.5) | 0;
      data[at + c] = table[index < 0 ? 0 : index > 511 ? 511 : index];
    }
  }
}

/** A shadow with a soft edge, or a glare: factors or light added over part of an image. */
export function addShade(canvas: Canvas, random: RandomStream): void {
  const { width, height, data } = canvas;
  const angle = 2 * Math.PI * random.uniform();
  const [nx, ny] = [Math.cos(angle), Math.sin(angle)];
  const [cx, cy] = [width * (0.2 + 0.6 * random.uniform()), height * (0.2 + 0.6 * random.uniform())];
  const softness = 1 + 0.4 * width * random.uniform() ** 2;
  const isGlare = random.uniform() < 0.4;
  const strength = isGlare ? 60 + 160 * random.uniform() : 0.3 + 0.5 * random.uniform();
  const radius = height * (0.15 + 0.5 * random.uniform());
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at += 3) {
      if (isGlare) {
        const distance = ((x - cx) ** 2 + (y - cy) ** 2) / radius ** 2;
        if (distance > 6) continue;
        const light = strength * Math.exp(-distance);
        for (let c = 0; c < 3; c++) data[at + c] += light;
      } else {
        const side = ((x - cx) * nx + (y - cy) * ny) / softness;
        const factor = 1 - strength * Math.min(1, Math.max(0, side + 0.5));
        for (let c = 0; c < 3; c++) data[at + c] *= factor;
      }
    }
}

/** The 8 × 8 cosine transform, row by row: c(u)·cos((2x + 1)uπ/16)/2. */
const cosines: Float32Array = Float32Array.from({ length: 64 }, (_, i) => {
  const [u, x] = [i >> 3, i & 7];
  return (u === 0 ? Math.SQRT1_2 : 1) * 0.5 * Math.cos(((2 * x + 1) * u * Math.PI) / 16);
});

/** Quantisation of brightness at quality 50. @source ITU-T T.81, table K.1 */
const brightnessSteps: readonly number[] = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
  87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
  72, 92, 95, 98, 112, 100, 103, 99,
];

/** The inverse's cosines: the transpose. */
const inverseCosines: Float32Array = Float32Array.from({ length: 64 }, (_, i) => cosines[(i & 7) * 8 + (i >> 3)]);

/** Transforms a block along both axes, in place. */
function transform(block: Float32Array, work: Float32Array, by: Float32Array): void {
  for (let pass = 0; pass < 2; pass++) {
    const from = pass === 0 ? block : work;
    const to = pass === 0 ? work : block;
    for (let row = 0; row < 64; row += 8)
      for (let u = 0; u < 8; u++) {
        const k = u * 8;
        to[k + (row >> 3)] =
          from[row] * by[k] +
          from[row + 1] * by[k + 1] +
          from[row + 2] * by[k + 2] +
          from[row + 3] * by[k + 3] +
          from[row + 4] * by[k + 4] +
          from[row + 5] * by[k + 5] +
          from[row + 6] * by[k + 6] +
          from[row + 7] * by[k + 7];
      }
  }
}

/**
 * Spoils an image as JPEG does: brightness in quantised blocks of 8 × 8, colour in means of 4 × 4 (chroma at half the size, of which
 * little but the mean is left).
 *
 * @param quality 1 to 100, as libjpeg counts it
 */
export function compress({ width, height, data }: Canvas, quality: number): void {
  const factor = (quality < 50 ? 5000 / quality : 200 - 2 * quality) / 100;
  const steps = brightnessSteps.map((step) => Math.max(1, step * factor));
  const block = new Float32Array(64);
  const work = new Float32Array(64);
  const grey = new Float32Array(width * height);
  for (let i = 0; i < grey.length; i++)
    grey[i] = 0.299 * data[3 * i] + 0.587 * data[3 * i + 1] + 0.114 * data[3 * i + 2];
  smoothColour({ width, height, data }, grey);
  for (let top = 0; top < height; top += 8)
    for (let left = 0; left < width; left += 8) {
      for (let i = 0; i < 64; i++) {
        block[i] = grey[Math.min(height - 1, top + (i >> 3)) * width + Math.min(width - 1, left + (i & 7))];
      }
      transform(block, work, cosines);
      for (let i = 0; i < 64; i++) block[i] = Math.round(block[i] / steps[i]) * steps[i];
      transform(block, work, inverseCosines);
      for (let y = top; y < Math.min(height, top + 8); y++)
        for (let x = left; x < Math.min(width, left + 8); x++) {
          const change = block[((y - top) << 3) + x - left] - grey[y * width + x];
          const at = 3 * (y * width + x);
          data[at] += change;
          data[at + 1] += change;
          data[at + 2] += change;
        }
    }
}

/** Replaces each point's difference from its brightness by the mean over 4 × 4 points. */
function smoothColour({ width, height, data }: Canvas, grey: Float32Array): void {
  for (let top = 0; top < height; top += 4)
    for (let left = 0; left < width; left += 4) {
      const [bottom, right] = [Math.min(height, top + 4), Math.min(width, left + 4)];
      const count = (bottom - top) * (right - left);
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let y = top; y < bottom; y++)
          for (let x = left; x < right; x++) sum += data[3 * (y * width + x) + c] - grey[y * width + x];
        const mean = sum / count;
        for (let y = top; y < bottom; y++)
          for (let x = left; x < right; x++) data[3 * (y * width + x) + c] = grey[y * width + x] + mean;
      }
    }
}

/** The image in bytes. */
export function toBytes({ data }: Canvas): Uint8Array {
  const bytes = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) bytes[i] = data[i] <= 0 ? 0 : data[i] >= 255 ? 255 : data[i] + 0.5;
  return bytes;
}
