import { type CsvCell, encodeCsv } from "../../files/csv.ts";
import type { CellMeasurement, IntensityMeasurement } from "./measure.ts";

/** A measurement as tables and viewers name it. */
export interface MeasurementColumn {
  /** In CSV. */
  readonly name: string;
  /** In QuPath. */
  readonly label: string;
  /** @param pixelSize side of a pixel in micrometres */
  readonly value: (cell: CellMeasurement, pixelSize?: number) => number | null;
}

type NumberOf = (cell: CellMeasurement) => number;

/** Powers of a length: 1 for lengths, 2 for areas. */
type Dimension = 1 | 2;

const scaled: readonly (readonly [name: string, label: string, dimension: Dimension, value: NumberOf])[] = [
  ["area", "Area", 2, ({ area }) => area],
  ["perimeter", "Perimeter", 1, ({ perimeter }) => perimeter],
  ["centroid_x", "Centroid X", 1, ({ column }) => column],
  ["centroid_y", "Centroid Y", 1, ({ row }) => row],
  ["major_axis", "Major axis", 1, ({ majorAxis }) => majorAxis],
  ["minor_axis", "Minor axis", 1, ({ minorAxis }) => minorAxis],
  ["feret_max", "Max diameter", 1, ({ feretMaximum }) => feretMaximum],
  ["feret_min", "Min diameter", 1, ({ feretMinimum }) => feretMinimum],
];

const unscaled: readonly (readonly [name: string, label: string, value: NumberOf])[] = [
  ["eccentricity", "Eccentricity", ({ eccentricity }) => eccentricity],
  ["orientation_rad", "Orientation rad", ({ orientation }) => orientation],
  ["circularity", "Circularity", ({ circularity }) => circularity],
  ["solidity", "Solidity", ({ solidity }) => solidity],
  ["touches_edge", "Touches edge", ({ touchesEdge }) => Number(touchesEdge)],
];

const ofIntensity: readonly (readonly [name: string, label: string, field: keyof IntensityMeasurement])[] = [
  ["mean_intensity", "Mean", "mean"],
  ["min_intensity", "Min", "minimum"],
  ["max_intensity", "Max", "maximum"],
  ["std_intensity", "Std.Dev.", "deviation"],
  ["integrated_intensity", "Integrated", "integrated"],
];

const inPixels = scaled.map(([name, label, dimension, value]): MeasurementColumn => ({
  name: `${name}_px${dimension === 2 ? "2" : ""}`,
  label: `${label} px${dimension === 2 ? "^2" : ""}`,
  value,
}));

const inMicrometres = scaled.map(([name, label, dimension, value]): MeasurementColumn => ({
  name: `${name}_um${dimension === 2 ? "2" : ""}`,
  label: `${label} µm${dimension === 2 ? "^2" : ""}`,
  value: (cell, pixelSize) => (pixelSize === undefined ? null : value(cell) * pixelSize ** dimension),
}));

/** What columns of one channel among several are called after. */
export const channelSuffix = (channel: number, channels: number): string => (channels === 1 ? "" : `_${channel + 1}`);

/**
 * The columns of a table of cells. @param channels of the images, the most if they differ @param micrometres whether columns
 * in micrometres stand beside those in pixels
 */
export function measurementColumns(channels: number, micrometres: boolean): readonly MeasurementColumn[] {
  const intensities = Array.from({ length: channels }, (_, channel) =>
    ofIntensity.map(([name, label, field]): MeasurementColumn => ({
      name: `${name}${channelSuffix(channel, channels)}`,
      label: `${channels === 1 ? "Intensity" : `Channel ${channel + 1}`}: ${label}`,
      value: ({ intensities: own }) => own[channel]?.[field] ?? null,
    })),
  );
  return [
    ...inPixels,
    ...(micrometres ? inMicrometres : []),
    ...unscaled.map(([name, label, value]): MeasurementColumn => ({ name, label, value })),
    ...intensities.flat(),
  ];
}

/** Seven digits: more than any pixel supports. */
export const roundForTable = (value: number | null): number | null =>
  value === null ? null : Number(value.toPrecision(7));

/** Cells of one image, and what the table says of it. */
export interface MeasuredImage {
  readonly image: string;
  readonly cells: readonly CellMeasurement[];
  /** Channels of the image. */
  readonly channels: number;
  /** Side of a pixel in micrometres, if known. */
  readonly pixelSize?: number;
}

const mostChannels = (images: readonly MeasuredImage[]): number =>
  images.reduce((most, { channels }) => Math.max(most, channels), 0);

const hasPixelSize = (images: readonly MeasuredImage[]): boolean =>
  images.some(({ pixelSize }) => pixelSize !== undefined);

function cellRows({ cells, pixelSize }: MeasuredImage, columns: readonly MeasurementColumn[]): CsvCell[][] {
  return cells.map((cell) => [cell.id, ...columns.map(({ value }) => roundForTable(value(cell, pixelSize)))]);
}

/** A table of one image's cells: in pixels, and in micrometres beside if the pixel size is known. */
export function measurementTable(image: MeasuredImage): string {
  const columns = measurementColumns(image.channels, image.pixelSize !== undefined);
  return encodeCsv([["id", ...columns.map(({ name }) => name)], ...cellRows(image, columns)]);
}

/**
 * One table of many images' cells, image by image, with the image's name in front. Columns in micrometres are there if an image
 * has a pixel size, and empty for images without.
 */
export function* cellTable(images: readonly MeasuredImage[]): Generator<string> {
  const columns = measurementColumns(mostChannels(images), hasPixelSize(images));
  yield encodeCsv([["image", "id", ...columns.map(({ name }) => name)]]);
  for (const image of images) yield encodeCsv(cellRows(image, columns).map((row) => [image.image, ...row]));
}
