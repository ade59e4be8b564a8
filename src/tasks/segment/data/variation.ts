import { randomStream } from "../../../tensor/random.ts";
import type { SampleKey } from "../../../data/augmentation.ts";

/** How images and their masks are varied together in training. */
export interface SegmentationAugmentation {
  /** Turns by quarters and mirrors, at random. */
  readonly flip: boolean;
  /** Share of samples that are turned by any angle besides. */
  readonly rotation: number;
  /** Largest factor by which cells are made larger or smaller, such as 1.5; 1 for none. */
  readonly scale: number;
  /** How far the points of an elastic grid are moved, in points of the plane; 0 for none. */
  readonly elastic: number;
  /** Strength of changed brightness, contrast and gamma, 0 to 1. */
  readonly intensity: number;
  /** Largest standard deviation of added noise, as a share of the intensities' range. */
  readonly noise: number;
  /** Share of samples that are inverted. */
  readonly invert: number;
  /** Share of coloured samples that become grey, and strength of changed colours. */
  readonly colour: number;
}

/** What brings cells of unlike stains and sizes into reach of each other. */
export const cellAugmentation: SegmentationAugmentation = {
  flip: true,
  rotation: 0.3,
  scale: 1.5,
  elastic: 4,
  intensity: 0.5,
  noise: 0.04,
  invert: 0.05,
  colour: 0.3,
};

/** Images as they are; crops are taken at random all the same. */
export const noSegmentationAugmentation: SegmentationAugmentation = {
  flip: false,
  rotation: 0,
  scale: 1,
  elastic: 0,
  intensity: 0,
  noise: 0,
  invert: 0,
  colour: 0,
};

/** Points of the elastic grid along an axis. */
export const GRID = 5;

/** One variation of one image: where its points come from, and what becomes of their intensities. */
export interface Variation {
  /** Centre of the crop in the image. */
  readonly centre: readonly [row: number, column: number];
  /** From the crop's own coordinates, counted from its centre, to the image's. */
  readonly matrix: readonly [number, number, number, number];
  /** Displacements of {@link GRID}² points, rows then columns; none if left out. */
  readonly grid?: Float32Array;
  readonly gamma: number;
  readonly contrast: number;
  readonly brightness: number;
  /** Factors of the colours. */
  readonly tint: readonly number[];
  readonly grey: boolean;
  readonly inverted: boolean;
  readonly noise: number;
  /** Of the noise's own stream. */
  readonly noiseSeed: number;
}

/**
 * Draws the variation of a sample, from (seed, epoch, index, repeat) alone.
 *
 * @param about.repeat tells the times apart that an epoch has the same image
 * @param about.crop extents of the crop
 * @param about.image extents of the image
 */
export function drawVariation(
  augmentation: SegmentationAugmentation,
  { seed, epoch, index }: SampleKey,
  {
    repeat,
    crop,
    image,
  }: { readonly repeat: number; readonly crop: readonly [number, number]; readonly image: readonly [number, number] },
): Variation {
  const stream = randomStream(seed, `segmentation variation ${repeat}`, epoch, index);
  const between = (low: number, high: number): number => low + (high - low) * stream.uniform();
  const chance = (share: number): boolean => stream.uniform() < share;
  const { scale, flip, intensity, colour } = augmentation;
  // The image's points a point of the crop: below 1, cells become larger.
  const reach = scale ** between(-1, 1);
  const quarters = flip ? stream.integer(4) : 0;
  const angle = (quarters * Math.PI) / 2 + (chance(augmentation.rotation) ? between(0, Math.PI / 2) : 0);
  const mirror = flip && chance(0.5) ? -1 : 1;
  const [sine, cosine] = [Math.sin(angle) * reach, Math.cos(angle) * reach];
  const centre = [0, 1].map((axis) => {
    const room = image[axis] - crop[axis] * reach;
    // Where the image is smaller, it is in the middle, or nearly.
    return image[axis] / 2 + between(-0.5, 0.5) * (room > 0 ? room : Math.min(image[axis], crop[axis]) / 4);
  }) as [number, number];
  const bends = augmentation.elastic > 0 && chance(0.5);
  const grid = bends
    ? Float32Array.from({ length: 2 * GRID * GRID }, () => augmentation.elastic * stream.normal() * 0.5)
    : undefined;
  return {
    centre,
    matrix: [cosine, -sine * mirror, sine, cosine * mirror],
    ...(grid === undefined ? {} : { grid }),
    gamma: Math.exp(intensity * between(-0.8, 0.8)),
    contrast: 1 + intensity * between(-0.6, 0.6),
    brightness: intensity * between(-0.3, 0.3),
    tint: [0, 1, 2].map(() => 1 + colour * between(-0.5, 0.5)),
    grey: chance(colour),
    inverted: chance(augmentation.invert),
    noise: chance(0.5) ? between(0, augmentation.noise) : 0,
    noiseSeed: stream.word(),
  };
}

/** For each point of a crop, the row and the column of the image that it comes from. */
export interface Places {
  readonly rows: Float32Array;
  readonly columns: Float32Array;
}

/** Where the points of a crop lie in the image. */
export function placesOf({ centre, matrix, grid }: Variation, height: number, width: number, out: Places): void {
  const [a, b, c, d] = matrix;
  const { rows, columns } = out;
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      let y = row - (height - 1) / 2;
      let x = column - (width - 1) / 2;
      if (grid !== undefined) {
        const v = (row / height) * (GRID - 1);
        const u = (column / width) * (GRID - 1);
        y += bend(grid, v, u, 0);
        x += bend(grid, v, u, GRID * GRID);
      }
      rows[at] = centre[0] - 0.5 + a * y + b * x;
      columns[at] = centre[1] - 0.5 + c * y + d * x;
    }
  }
}

/** A displacement between the grid's points, bilinear in smoothed steps so that it has no edges. */
function bend(grid: Float32Array, v: number, u: number, plane: number): number {
  const row = Math.min(GRID - 2, Math.floor(v));
  const column = Math.min(GRID - 2, Math.floor(u));
  const down = smooth(v - row);
  const across = smooth(u - column);
  const at = plane + row * GRID + column;
  const above = grid[at] + (grid[at + 1] - grid[at]) * across;
  const below = grid[at + GRID] + (grid[at + GRID + 1] - grid[at + GRID]) * across;
  return above + (below - above) * down;
}

const smooth = (t: number): number => t * t * (3 - 2 * t);
