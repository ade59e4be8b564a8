import { type RandomStream, randomStream } from "../../../tensor/random.ts";
import { OptionError } from "../../../tensor/errors.ts";
import type { Raster } from "../../../data/image/raster.ts";

/** How images of cells are drawn. */
export interface DrawnCellsOptions {
  readonly seed: number;
  /** Tells images of one seed apart. Default 0. */
  readonly index?: number;
  readonly height: number;
  readonly width: number;
  /** Cells that are tried to be placed; where there is no room, fewer are. */
  readonly cells: number;
  /** Smallest and largest radius. Default 6 and 12. */
  readonly radius?: readonly [least: number, most: number];
  /** Share of a cell that others may cover. Default 0.2. */
  readonly overlap?: number;
  /** 8 bits, or so many of 16: 10 are what many cameras give. Default 8. */
  readonly bits?: 8 | 10 | 12 | 16;
  /** 1 is grey, 3 are stains. Default 1. */
  readonly channels?: 1 | 3;
  /** Whether cells are dark on a bright background, as in bright-field microscopy. Default false. */
  readonly bright?: boolean;
  /** Standard deviation of the noise as a share of the range. Default 0.03. */
  readonly noise?: number;
  /** How uneven the light is: the darkest corner has 1 − this of it. Default 0.4. */
  readonly shading?: number;
}

/** An image of whole numbers. */
export interface DrawnImage extends Raster {
  readonly samples: Uint8Array | Uint16Array;
}

/** An image of cells, and what is known of it exactly. */
export interface DrawnCells {
  readonly image: DrawnImage;
  /** `[height, width]`: the number of the uppermost cell at each point, 0 where there is none. */
  readonly mask: Uint16Array;
  /** `[height, width]`: 0 background, 1 the cell's body, 2 its nucleus. */
  readonly classes: Uint8Array;
  readonly count: number;
}

/** Waves around an outline. */
const WAVES = 4;
const ATTEMPTS = 20;
/** A nucleus's radius as a share of its cell's. */
const NUCLEUS = 0.55;

interface Cell {
  readonly row: number;
  readonly column: number;
  readonly radius: number;
  readonly stretch: number;
  readonly angle: number;
  readonly waves: readonly (readonly [height: number, phase: number])[];
  readonly brightness: number;
}

function drawCell(
  stream: RandomStream,
  { height, width, radius: [least, most] = [6, 12] }: Pick<DrawnCellsOptions, "height" | "width" | "radius">,
): Cell {
  const between = (low: number, high: number): number => low + (high - low) * stream.uniform();
  return {
    row: between(0, height - 1),
    column: between(0, width - 1),
    radius: between(least, most),
    stretch: between(1, 1.5),
    angle: between(0, Math.PI),
    waves: Array.from({ length: WAVES }, (_, index) => [
      (0.12 * stream.normal()) / (index + 2),
      between(0, 2 * Math.PI),
    ]),
    brightness: between(0.4, 0.9),
  };
}

/** How far out in a cell a point lies: 0 at the centre, 1 on the outline. */
function depthIn(cell: Cell, row: number, column: number): number {
  const [y, x] = [row - cell.row, column - cell.column];
  const [cosine, sine] = [Math.cos(cell.angle), Math.sin(cell.angle)];
  const u = (x * cosine + y * sine) / cell.stretch;
  const v = (y * cosine - x * sine) * cell.stretch;
  const around = Math.atan2(v, u);
  const wave = cell.waves.reduce((sum, [size, phase], index) => sum + size * Math.cos((index + 2) * around + phase), 1);
  return Math.hypot(u, v) / (cell.radius * Math.max(0.5, wave));
}

/** Places of an image that a cell covers; always its centre's own, however small it is. */
function pointsOf(cell: Cell, height: number, width: number): readonly number[] {
  const reach = Math.ceil(cell.radius * cell.stretch * 1.6) + 1;
  const points: number[] = [];
  const [top, left] = [Math.round(cell.row), Math.round(cell.column)];
  for (let row = Math.max(0, top - reach); row <= Math.min(height - 1, top + reach); row++) {
    for (let column = Math.max(0, left - reach); column <= Math.min(width - 1, left + reach); column++) {
      const isCentre = row === top && column === left;
      if (isCentre || depthIn(cell, row, column) <= 1) points.push(row * width + column);
    }
  }
  return points;
}

/** Puts a cell over the others, unless one of them, or what the image's edge leaves of it, would be covered too far. */
function place(
  points: readonly number[],
  mask: Uint16Array,
  areas: number[],
  { overlap, id }: { readonly overlap: number; readonly id: number },
): boolean {
  const covered = new Map<number, number>();
  for (const at of points) if (mask[at] > 0) covered.set(mask[at], (covered.get(mask[at]) ?? 0) + 1);
  for (const [other, count] of covered) if (count > overlap * Math.min(areas[other], points.length)) return false;
  for (const [other, count] of covered) areas[other] -= count;
  areas[id] = points.length;
  for (const at of points) mask[at] = id;
  return true;
}

/** Smooth noise of about −1 to 1 whose features are `step` points wide: bilinear between random values on a lattice. */
function smoothNoise(stream: RandomStream, height: number, width: number, step: number): Float32Array {
  const columns = Math.ceil(width / step) + 2;
  const lattice = Float32Array.from(
    { length: columns * (Math.ceil(height / step) + 2) },
    () => 2 * stream.uniform() - 1,
  );
  return Float32Array.from({ length: height * width }, (_, at) => {
    const [y, x] = [Math.floor(at / width) / step, (at % width) / step];
    const [row, column] = [Math.floor(y), Math.floor(x)];
    const [down, across] = [y - row, x - column];
    const corner = row * columns + column;
    const above = lattice[corner] * (1 - across) + lattice[corner + 1] * across;
    const below = lattice[corner + columns] * (1 - across) + lattice[corner + columns + 1] * across;
    return above * (1 - down) + below * down;
  });
}

/** Light that falls off towards one side and towards the corners: 1 at most. */
function drawLight(stream: RandomStream, { height, width, shading = 0.4 }: DrawnCellsOptions): Float32Array {
  const angle = 2 * Math.PI * stream.uniform();
  const [down, across] = [Math.sin(angle), Math.cos(angle)];
  return Float32Array.from({ length: height * width }, (_, at) => {
    const y = Math.floor(at / width) / height - 0.5;
    const x = (at % width) / width - 0.5;
    const slope = (y * down + x * across + 0.71) / 1.42;
    return 1 - shading * (0.6 * slope + 0.4 * 2 * (y * y + x * x));
  });
}

/** How much of each colour a stain takes, or gives where it shines: of the body, and of the nucleus. */
const stains = { body: [0.25, 0.6, 0.3], nucleus: [0.7, 1, 0.45] } as const;

/**
 * Draws cells as a microscope shows them: of uneven outline and size, textured, over each other, on a background that is not
 * quite even, in light that is not, with noise. Masks are exact. Equal options give equal images.
 *
 * @throws {OptionError} if a number is out of its range
 */
export function drawCells(options: DrawnCellsOptions): DrawnCells {
  const { seed, index = 0, height, width, overlap = 0.2 } = options;
  for (const [name, value] of Object.entries({ height, width }))
    if (!(Number.isSafeInteger(value) && value >= 1 && value <= 2 ** 15))
      throw new OptionError(name, `must be a whole number from 1 to ${2 ** 15}, got ${value}`);
  if (!(Number.isSafeInteger(options.cells) && options.cells >= 0 && options.cells < 65_535))
    throw new OptionError("cells", `must be a whole number from 0 to 65,534, got ${options.cells}`);
  if (!(overlap >= 0 && overlap < 1)) throw new OptionError("overlap", `must be in [0, 1), got ${overlap}`);
  const [least, most] = options.radius ?? [1, 1];
  if (!(least > 0 && most >= least && most <= 2 ** 12))
    throw new OptionError("radius", `must be two ascending numbers above 0 and up to 4096, got ${least}, ${most}`);
  const stream = randomStream(seed, "drawn cells", index);
  const mask = new Uint16Array(height * width);
  const areas: number[] = [0];
  const cells: Cell[] = [];
  for (let wanted = 0; wanted < options.cells; wanted++) {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const cell = drawCell(stream, options);
      if (!place(pointsOf(cell, height, width), mask, areas, { overlap, id: cells.length + 1 })) continue;
      cells.push(cell);
      break;
    }
  }
  const depths = Float32Array.from(mask, (id, at) =>
    id === 0 ? 2 : depthIn(cells[id - 1], Math.floor(at / width), at % width),
  );
  const classes = Uint8Array.from(mask, (id, at) => (id === 0 ? 0 : depths[at] < NUCLEUS ? 2 : 1));
  return { image: paint(stream, options, { cells, mask, classes, depths }), mask, classes, count: cells.length };
}

function paint(
  stream: RandomStream,
  options: DrawnCellsOptions,
  {
    cells,
    mask,
    classes,
    depths,
  }: {
    readonly cells: readonly Cell[];
    readonly mask: Uint16Array;
    readonly classes: Uint8Array;
    readonly depths: Float32Array;
  },
): DrawnImage {
  const { height, width, channels = 1, bright = false, noise = 0.03, bits = 8 } = options;
  const light = drawLight(stream, options);
  const coarse = smoothNoise(stream, height, width, 40);
  const fine = smoothNoise(stream, height, width, 4);
  const highest = 2 ** bits - 1;
  const samples = bits === 8 ? new Uint8Array(mask.length * channels) : new Uint16Array(mask.length * channels);
  for (let at = 0; at < mask.length; at++) {
    const id = mask[at];
    // Soft edges: a cell is thinner towards its outline.
    const thickness = Math.max(0.3, Math.min(1, 2.5 * (1.15 - depths[at])));
    const body = id === 0 ? 0 : cells[id - 1].brightness * (1 + 0.25 * fine[at]) * thickness;
    const stain = classes[at] === 2 ? stains.nucleus : stains.body;
    for (let channel = 0; channel < channels; channel++) {
      const signal = Math.max(0, body) * (channels === 1 ? (classes[at] === 2 ? 1 : 0.75) : stain[channel]);
      const shown = bright ? 0.9 - 0.75 * signal : 0.1 + 0.85 * signal;
      const value = (shown + 0.03 * coarse[at]) * light[at];
      // Shot noise grows with the root of the light, reading noise does not.
      const disturbed = value + noise * stream.normal() * (0.5 + Math.sqrt(Math.max(0, value)));
      samples[at * channels + channel] = Math.max(0, Math.min(highest, Math.round(disturbed * highest)));
    }
  }
  return { height, width, channels, samples };
}
