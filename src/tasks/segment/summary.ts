import { type CsvCell, encodeCsv } from "../../files/csv.ts";
import { channelSuffix, type MeasuredImage, roundForTable } from "./measurement-table.ts";

/** Cells of one image together. Null if there is no cell, or no pixel size. */
export interface ImageSummary {
  readonly image: string;
  readonly width: number;
  readonly height: number;
  readonly cells: number;
  /** In pixels. */
  readonly totalArea: number;
  readonly meanArea: number | null;
  /** Share of the image that cells cover. */
  readonly coverage: number;
  /** Cells per million pixels. */
  readonly density: number;
  /** Side of a pixel in micrometres. */
  readonly pixelSize: number | null;
  readonly totalAreaMicrometres: number | null;
  readonly meanAreaMicrometres: number | null;
  readonly cellsPerSquareMillimetre: number | null;
  /** Per channel, the mean over cells of their mean intensities: each cell counts once, whatever its size. */
  readonly meanIntensity: readonly (number | null)[];
}

/** Sums up one image's cells. */
export function summarizeImage(
  { image, cells, channels, pixelSize }: MeasuredImage,
  { width, height }: { readonly width: number; readonly height: number },
): ImageSummary {
  const count = cells.length;
  const pixels = width * height;
  const totalArea = cells.reduce((sum, { area }) => sum + area, 0);
  const meanArea = count === 0 ? null : totalArea / count;
  const square = pixelSize === undefined ? null : pixelSize ** 2;
  const times = (area: number | null): number | null => (area === null || square === null ? null : area * square);
  return {
    image,
    width,
    height,
    cells: count,
    totalArea,
    meanArea,
    coverage: totalArea / pixels,
    density: (count / pixels) * 1e6,
    pixelSize: pixelSize ?? null,
    totalAreaMicrometres: times(totalArea),
    meanAreaMicrometres: times(meanArea),
    cellsPerSquareMillimetre: square === null ? null : (count / (pixels * square)) * 1e6,
    meanIntensity: Array.from({ length: channels }, (_, channel) =>
      count === 0 ? null : cells.reduce((sum, { intensities }) => sum + intensities[channel].mean, 0) / count,
    ),
  };
}

const columns: readonly (readonly [name: string, value: (summary: ImageSummary) => CsvCell])[] = [
  ["image", ({ image }) => image],
  ["width_px", ({ width }) => width],
  ["height_px", ({ height }) => height],
  ["cells", ({ cells }) => cells],
  ["total_area_px2", ({ totalArea }) => totalArea],
  ["mean_area_px2", ({ meanArea }) => roundForTable(meanArea)],
  ["coverage", ({ coverage }) => roundForTable(coverage)],
  ["cells_per_megapixel", ({ density }) => roundForTable(density)],
];

const micrometreColumns: typeof columns = [
  ["pixel_size_um", ({ pixelSize }) => pixelSize],
  ["total_area_um2", ({ totalAreaMicrometres }) => roundForTable(totalAreaMicrometres)],
  ["mean_area_um2", ({ meanAreaMicrometres }) => roundForTable(meanAreaMicrometres)],
  ["cells_per_mm2", ({ cellsPerSquareMillimetre }) => roundForTable(cellsPerSquareMillimetre)],
];

/** One row per image. Columns in micrometres are there if an image has a pixel size. */
export function summaryTable(images: readonly ImageSummary[]): string {
  const channels = images.reduce((most, { meanIntensity }) => Math.max(most, meanIntensity.length), 0);
  const intensities = Array.from({ length: channels }, (_, channel): (typeof columns)[number] => [
    `mean_intensity${channelSuffix(channel, channels)}`,
    ({ meanIntensity }) => roundForTable(meanIntensity[channel] ?? null),
  ]);
  const hasPixelSize = images.some(({ pixelSize }) => pixelSize !== null);
  const shown = [...columns, ...(hasPixelSize ? micrometreColumns : []), ...intensities];
  return encodeCsv([shown.map(([name]) => name), ...images.map((image) => shown.map(([, value]) => value(image)))]);
}
