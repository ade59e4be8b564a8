import { join } from "node:path";
import { type CsvCell, encodeCsv } from "../../../files/csv.ts";
import { type FileContent, writeFileAtomically } from "../../../files/node.ts";
import { cellTable, type MeasuredImage } from "../../../tasks/segment/measurement-table.ts";
import { type ImageSummary, summaryTable } from "../../../tasks/segment/summary.ts";
import type { Words } from "../../../report/words.ts";
import { type Column, formatTable, printLines } from "../../output.ts";

/** Names of the tables of all images, which no image's own table may have. */
export const tableStems: readonly string[] = ["cells", "summary"];

/** Shares of the points per class in one image. */
export interface ClassShares {
  readonly image: string;
  readonly width: number;
  readonly height: number;
  readonly classes: Readonly<Record<string, number>>;
}

/** What is known of all images together: cells, or shares of classes. */
export interface Batch {
  readonly measured: readonly MeasuredImage[];
  readonly summaries: readonly ImageSummary[];
  readonly shares: readonly ClassShares[];
}

function sharesTable(images: readonly ClassShares[]): string {
  const names = Object.keys(images[0].classes);
  const rows = images.map(({ image, width, height, classes }): CsvCell[] => [
    image,
    width,
    height,
    ...names.map((name) => Number(classes[name].toPrecision(7))),
  ]);
  return encodeCsv([["image", "width_px", "height_px", ...names.map((name) => `share_${name}`)], ...rows]);
}

/** Writes the tables of all images. @returns their files */
export async function writeTables(folder: string, { measured, summaries, shares }: Batch): Promise<readonly string[]> {
  const tables: (readonly [name: string, content: FileContent])[] = [];
  if (measured.length > 0) tables.push(["cells.csv", cellTable(measured)], ["summary.csv", summaryTable(summaries)]);
  if (shares.length > 0) tables.push(["summary.csv", sharesTable(shares)]);
  const paths = tables.map(([name]) => join(folder, name));
  for (const [index, [, content]] of tables.entries()) await writeFileAtomically(paths[index], content);
  return paths;
}

const show = (value: number | null | undefined): string =>
  value === null || value === undefined ? "–" : String(Number(value.toPrecision(4)));

function cellColumns(images: readonly ImageSummary[]): readonly Column<ImageSummary>[] {
  const channels = images.reduce((most, { meanIntensity }) => Math.max(most, meanIntensity.length), 0);
  const right = (title: Words, value: (row: ImageSummary) => number | null | undefined): Column<ImageSummary> => ({
    title,
    value: (row) => show(value(row)),
    align: "right",
  });
  const micrometres = images.some(({ pixelSize }) => pixelSize !== null);
  return [
    { title: { en: "image", zh: "图像" }, value: ({ image }) => image },
    right({ en: "cells", zh: "细胞数" }, ({ cells }) => cells),
    right({ en: "mean area px²", zh: "平均面积 px²" }, ({ meanArea }) => meanArea),
    ...(micrometres ? [right("µm²", ({ meanAreaMicrometres }) => meanAreaMicrometres)] : []),
    right({ en: "total area px²", zh: "总面积 px²" }, ({ totalArea }) => totalArea),
    ...(micrometres ? [right("µm²", ({ totalAreaMicrometres }) => totalAreaMicrometres)] : []),
    right({ en: "cells per Mpx", zh: "每百万像素细胞数" }, ({ density }) => density),
    ...(micrometres
      ? [right({ en: "per mm²", zh: "每 mm² 细胞数" }, ({ cellsPerSquareMillimetre }) => cellsPerSquareMillimetre)]
      : []),
    ...Array.from({ length: channels }, (_, channel) =>
      right(
        channels === 1
          ? { en: "mean intensity", zh: "平均强度" }
          : { en: `mean intensity, channel ${channel + 1}`, zh: `平均强度（通道 ${channel + 1}）` },
        ({ meanIntensity }) => meanIntensity[channel],
      ),
    ),
  ];
}

/** Prints one line per image. */
export function printBatch({ summaries, shares }: Batch): void {
  if (summaries.length > 0) printLines(formatTable(cellColumns(summaries), summaries));
  if (shares.length === 0) return;
  const columns: readonly Column<ClassShares>[] = [
    { title: { en: "image", zh: "图像" }, value: ({ image }) => image },
    ...Object.keys(shares[0].classes).map((name): Column<ClassShares> => ({
      title: name,
      value: ({ classes }) => `${(100 * classes[name]).toFixed(1)} %`,
      align: "right",
    })),
  ];
  printLines(formatTable(columns, shares));
}
