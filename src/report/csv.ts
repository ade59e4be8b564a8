import { type CsvCell, encodeCsv } from "../files/csv.ts";
import type { Figure, HeatMapFigure } from "./figures.ts";
import { inLanguage, type Words } from "./words.ts";

type Rows = readonly (readonly CsvCell[])[];

const english = (words: Words | undefined): string => (words === undefined ? "" : inLanguage(words, "en"));

/** In figures, NaN marks a missing value. */
const emptyIfNaN = (cell: CsvCell): CsvCell => (Number.isNaN(cell) ? null : cell);

function heatMapRows({ maps, rowLabel, columnLabel, rows: names, columns, value: { label } }: HeatMapFigure): Rows {
  const hasTexts = maps.some(({ texts }) => texts !== undefined);
  const head = ["map", english(rowLabel), english(columnLabel), english(label)];
  const cells = maps.flatMap(({ name, values, rows = names, texts }) =>
    values.flatMap((row, at) =>
      row.map((value, column) => {
        const cell = [english(name), english(rows[at]), english(columns[column]), value];
        return hasTexts ? [...cell, texts?.[at]?.[column] ?? ""] : cell;
      }),
    ),
  );
  return [hasTexts ? [...head, "shown"] : head, ...cells];
}

function rowsOf(figure: Figure): Rows | undefined {
  switch (figure.kind) {
    case "lines":
      return [
        ["panel", "series", "label", english(figure.x.label), english(figure.y.label), "low", "high"],
        ...figure.series.flatMap(({ name, panel, points }) =>
          points.map(({ x, y, low = NaN, high = NaN, label }) => {
            return [english(panel), english(name), english(label), x, y, low, high];
          }),
        ),
      ];
    case "dots":
      return [
        ["panel", "category", english(figure.value.label), "low", "high", "observations"],
        ...figure.dots.map(({ panel, category, value, low = NaN, high = NaN, samples = [] }) => {
          return [english(panel), english(category), value, low, high, samples.join(" ")];
        }),
      ];
    case "bars":
      return [
        ["panel", english(figure.label), "group", english(figure.value.label)],
        ...figure.bars.map((bar) => [english(bar.panel), english(bar.category), english(bar.group), bar.value]),
      ];
    case "histogram":
      return [
        ["series", "from", "to", english(figure.value.label)],
        ...figure.series.flatMap(({ name, values }) =>
          values.map((value, index) => [english(name), figure.edges[index], figure.edges[index + 1], value]),
        ),
      ];
    case "heat-map":
      return heatMapRows(figure);
    case "contour":
    case "surface":
      return [
        [english(figure.x.label), english(figure.y.label), english(figure.value.label)],
        ...figure.ys.flatMap((y, row) => figure.xs.map((x, column) => [x, y, figure.values[row][column]])),
      ];
    case "table":
      return [
        figure.columns.map(({ title }) => english(title)),
        ...figure.rows.map((row) => row.map((cell) => english(cell))),
      ];
    case "pictures":
    case "drawing":
      return undefined;
  }
}

/** A figure's data as comma-separated values with English heads; undefined for a mere picture. */
export function figureCsv(figure: Figure): string | undefined {
  const rows = rowsOf(figure);
  return rows && encodeCsv(rows.map((row) => row.map(emptyIfNaN)));
}
