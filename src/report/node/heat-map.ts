import { encodePng } from "../../files/png.ts";
import { isDarkOnRamp, rampColor } from "../colors.ts";
import type { HeatMapFigure } from "../figures.ts";
import type { Words } from "../words.ts";
import { composeSvg, drawText, formatNumber, spreadTicks, textWidth, WIDTH } from "../drawing/canvas.ts";
import { createRamp, drawRamp, hoverArea, type Ramp } from "../drawing/ramp.ts";
import { pngAddress } from "./png-address.ts";

const RAMP_HEIGHT = 46;
const LONGEST_LABEL = 190;
/** Height and width of a square map at most. */
const LARGEST_SQUARE = 620;

/** Paints values, one pixel each; NaN stays empty. */
function paintValues(values: readonly (readonly number[])[], ramp: Ramp): string {
  const [height, width] = [values.length, values[0].length];
  const pixels = new Uint8Array(4 * width * height);
  values.forEach((row, y) =>
    row.forEach((value, x) => {
      const share = ramp.share(value);
      if (Number.isFinite(share)) pixels.set([...rampColor(share, ramp.kind), 255], 4 * (y * width + x));
    }),
  );
  return pngAddress(encodePng({ height, width, channels: 4, samples: pixels }));
}

/** The end of a text, as far as there is room for it. */
function shorten(words: Words, room: number): Words {
  const longest = Math.max(4, Math.floor(room / 6.2));
  const cut = (text: string): string => (text.length > longest ? `…${text.slice(1 - longest)}` : text);
  return typeof words === "string" ? cut(words) : { en: cut(words.en), zh: cut(words.zh) };
}

/** Above a map: its name, and what its rows are. */
const TOP = 40;

/** What stands in a place: the text given for it, else its value. */
function writeValues(
  { values, texts }: HeatMapFigure["maps"][number],
  ramp: Ramp,
  [x, top, width, height]: readonly [number, number, number, number],
): readonly string[] {
  const [rowHeight, columnWidth] = [height / values.length, width / values[0].length];
  if (rowHeight < 14) return [];
  return values.flatMap((row, y) =>
    row.flatMap((value, column) => {
      const isShown = Number.isFinite(ramp.share(value));
      const text = texts?.[y]?.[column] ?? (isShown ? formatNumber(value) : "");
      if (text === "" || textWidth(text, 11) > columnWidth - 2) return [];
      const color = isShown ? (isDarkOnRamp(ramp.share(value), ramp.kind) ? "#fff" : "#1c1e21") : "currentColor";
      return drawText(text, [x + (column + 0.5) * columnWidth, top + (y + 0.5) * rowHeight + 4], {
        anchor: "middle",
        more: `font-size="11" style="fill:${color}"${value === 0 ? ' opacity=".6"' : ""}`,
      });
    }),
  );
}

/** A line around each place of the diagonal. */
function outlineDiagonal(
  { values }: HeatMapFigure["maps"][number],
  [x, top, width, height]: readonly [number, number, number, number],
): string {
  const [rowHeight, columnWidth] = [height / values.length, width / values[0].length];
  const place = (index: number): string =>
    `M${(x + index * columnWidth).toFixed(1)},${(top + index * rowHeight).toFixed(1)}h${columnWidth.toFixed(1)}v${rowHeight.toFixed(1)}h${(-columnWidth).toFixed(1)}z`;
  const path = Array.from({ length: Math.min(values.length, values[0].length) }, (_, index) => place(index)).join("");
  // Seen on the darkest colour as on the lightest.
  return `<path d="${path}" fill="none" stroke="#fff" stroke-width="2.5" stroke-opacity=".9"/><path d="${path}" fill="none" stroke="#d9672b" stroke-width="1.3"/>`;
}

function drawMap(
  figure: HeatMapFigure,
  map: HeatMapFigure["maps"][number],
  place: {
    readonly left: number;
    readonly width: number;
    readonly height: number;
    readonly labelWidth: number;
    readonly ramp: Ramp;
  },
): string {
  const { left, width, height, labelWidth, ramp } = place;
  const rows = map.rows ?? figure.rows;
  // What has no name needs no line for it.
  const top = map.name === "" ? TOP - 16 : TOP;
  const [x, plane] = [left + labelWidth, width - labelWidth - 8];
  const rowHeight = height / map.values.length;
  const columnWidth = plane / figure.columns.length;
  const rowTicks = spreadTicks(rows.length, Math.floor(height / 13)).map((row) =>
    drawText(shorten(rows[row], labelWidth - 8), [x - 6, top + (row + 0.5) * rowHeight + 4], {
      anchor: "end",
      more: 'font-size="11"',
    }),
  );
  const widest = Math.max(...figure.columns.map((column) => textWidth(column, 11)));
  const columnTicks = spreadTicks(figure.columns.length, Math.floor(plane / (widest + 10))).map((column) =>
    drawText(figure.columns[column], [x + (column + 0.5) * columnWidth, top + height + 15], {
      anchor: "middle",
      more: 'font-size="11"',
    }),
  );
  const area = [x, top, plane, height] as const;
  const written = figure.showsValues === true ? writeValues(map, ramp, area) : [];
  return [
    drawText(map.name, [x, 14], { more: 'font-weight="600"' }),
    drawText(figure.rowLabel, [x - 6, top - 8], { anchor: "end", more: 'opacity=".7"' }),
    `<image x="${x}" y="${top}" width="${plane}" height="${height}" preserveAspectRatio="none" style="image-rendering:pixelated" href="${paintValues(map.values, ramp)}"/>`,
    `<rect x="${x}" y="${top}" width="${plane}" height="${height}" fill="none" stroke="currentColor" stroke-opacity=".3"/>`,
    figure.isSquare === true ? outlineDiagonal(map, area) : "",
    ...written,
    ...rowTicks,
    ...columnTicks,
    drawText(figure.columnLabel, [x + plane / 2, top + height + 34], { anchor: "middle", more: 'opacity=".7"' }),
    hoverArea(
      { rows, columns: figure.columns, values: map.values, ...(figure.maps.length > 1 ? { name: map.name } : {}) },
      area,
    ),
  ].join("");
}

/** Maps side by side, at most two in a row, under one colour ramp. */
export function drawHeatMap(figure: HeatMapFigure, room: number = WIDTH): string {
  const ramp = createRamp(
    figure.maps.flatMap(({ values }) => values.flat()),
    figure.value.scale,
    figure.value.domain,
  );
  const names = figure.maps.flatMap(({ rows = figure.rows }) => rows);
  const longest = room < WIDTH ? LONGEST_LABEL / 2 : LONGEST_LABEL;
  const labelWidth = Math.min(
    longest,
    Math.max(textWidth(figure.rowLabel), ...names.map((name) => textWidth(name, 11))) + 10,
  );
  const perRow = figure.maps.length === 1 || room < WIDTH ? 1 : 2;
  const isSquare = figure.isSquare === true;
  const width = Math.min(room / perRow, isSquare ? LARGEST_SQUARE + labelWidth + 8 : Infinity);
  // In the middle of what is wider.
  const aside = (room - perRow * width) / 2;
  let y = RAMP_HEIGHT;
  const drawn: string[] = [];
  for (let first = 0; first < figure.maps.length; first += perRow) {
    const line = figure.maps.slice(first, first + perRow);
    const most = Math.max(...line.map(({ values }) => values.length));
    const height = isSquare ? width - labelWidth - 8 : Math.min(640, Math.max(180, most * 14));
    const top = line.every(({ name }) => name === "") ? TOP - 16 : TOP;
    line.forEach((map, index) =>
      drawn.push(
        `<g transform="translate(0,${y})">${drawMap(figure, map, { left: aside + index * width, width, height, labelWidth, ramp })}</g>`,
      ),
    );
    y += height + top + 44;
  }
  return composeSvg(
    { title: figure.title },
    { svg: drawRamp(ramp, figure.value.label, room - aside - 30) + drawn.join(""), height: y },
    room,
  );
}
