import { encodePng } from "../../files/png.ts";
import { type ColorRamp, isDarkOnRamp, rampColor, rampHex } from "../colors.ts";
import type { HeatMapFigure } from "../figures.ts";
import { escapeHtml, inLanguage, type Words } from "../words.ts";
import { composeSvg, drawText, formatNumber, spreadTicks, textWidth, WIDTH } from "./canvas.ts";
import { pngAddress } from "./png-address.ts";

const RAMP_HEIGHT = 46;
const LONGEST_LABEL = 190;

/** From values to shares of the colour ramp. */
interface Ramp {
  readonly kind: ColorRamp;
  readonly low: number;
  readonly high: number;
  readonly isLogarithmic: boolean;
  share(value: number): number;
}

/** The ramp of all values that can be shown. */
export function createRamp(values: readonly number[], scale: "linear" | "log" | "diverging" = "linear"): Ramp {
  const shown = values.filter((value) => Number.isFinite(value) && (scale !== "log" || value > 0));
  let [low, high] = [Infinity, -Infinity];
  for (const value of shown) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (shown.length === 0) [low, high] = [scale === "log" ? 1 : 0, 1];
  if (scale === "diverging") {
    const reach = Math.max(Math.abs(low), Math.abs(high)) || 1;
    return {
      kind: "diverging",
      low: -reach,
      high: reach,
      isLogarithmic: false,
      share: (value) => (value + reach) / (2 * reach),
    };
  }
  const place = scale === "log" ? Math.log : (value: number): number => value;
  const range = place(high) - place(low) || 1;
  return {
    kind: "sequential",
    low,
    high,
    isLogarithmic: scale === "log",
    share: (value) => (place(value) - place(low)) / range,
  };
}

/** The ramp with its ends, right-aligned. */
export function drawRamp(ramp: Ramp, label: Words, top: number): string {
  const [left, width] = [WIDTH - 330, 240];
  const count = 32;
  const steps = Array.from({ length: count }, (_, index) => {
    const color = rampHex(index / (count - 1), ramp.kind);
    return `<rect x="${left + (index * width) / count}" y="${top + 18}" width="${width / count + 0.5}" height="10" fill="${color}"/>`;
  });
  const name = ramp.isLogarithmic
    ? ({ en: `${inLanguage(label, "en")} (log)`, zh: `${inLanguage(label, "zh")}（对数）` } as const)
    : label;
  return [
    ...steps,
    drawText(name, [left + width / 2, top + 12], { anchor: "middle" }),
    drawText(formatNumber(ramp.low), [left, top + 42], { anchor: "middle" }),
    ramp.high > ramp.low ? drawText(formatNumber(ramp.high), [left + width, top + 42], { anchor: "middle" }) : "",
  ].join("");
}

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

/** An area whose values the page shows under the mouse: rows and columns by name. */
export function hoverArea(
  grid: {
    readonly rows: readonly Words[];
    readonly columns: readonly Words[];
    readonly values: readonly (readonly number[])[];
    readonly name?: Words;
  },
  [x, y, width, height]: readonly [number, number, number, number],
): string {
  const words = (list: readonly Words[], language: "en" | "zh"): readonly string[] =>
    list.map((one) => inLanguage(one, language));
  const rounded = grid.values.map((row) =>
    row.map((value) => (Number.isFinite(value) ? Number(value.toPrecision(4)) : null)),
  );
  const language = (key: "en" | "zh"): object => ({
    rows: words(grid.rows, key),
    columns: words(grid.columns, key),
    name: inLanguage(grid.name ?? "", key),
  });
  const data = JSON.stringify({ values: rounded, en: language("en"), zh: language("zh") });
  return `<rect class="grid-hover" x="${x}" y="${y}" width="${width}" height="${height}" fill="transparent" data-grid="${escapeHtml(data)}"/>`;
}

function shorten(words: Words): Words {
  const cut = (text: string): string => (text.length > 30 ? `…${text.slice(-29)}` : text);
  return typeof words === "string" ? cut(words) : { en: cut(words.en), zh: cut(words.zh) };
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
  const top = 40;
  const [x, plane] = [left + labelWidth, width - labelWidth - 8];
  const rowHeight = height / map.values.length;
  const columnWidth = plane / figure.columns.length;
  const rowTicks = spreadTicks(rows.length, Math.floor(height / 13)).map((row) =>
    drawText(shorten(rows[row]), [x - 6, top + (row + 0.5) * rowHeight + 4], { anchor: "end", more: 'font-size="11"' }),
  );
  const widest = Math.max(...figure.columns.map((column) => textWidth(column, 11)));
  const columnTicks = spreadTicks(figure.columns.length, Math.floor(plane / (widest + 10))).map((column) =>
    drawText(figure.columns[column], [x + (column + 0.5) * columnWidth, top + height + 15], {
      anchor: "middle",
      more: 'font-size="11"',
    }),
  );
  const written =
    figure.showsValues === true && rowHeight >= 14
      ? map.values.flatMap((row, y) =>
          row.flatMap((value, column) => {
            const text = formatNumber(value);
            if (textWidth(text, 11) > columnWidth - 2 || !Number.isFinite(ramp.share(value))) return [];
            const isDark = isDarkOnRamp(ramp.share(value), ramp.kind);
            return drawText(text, [x + (column + 0.5) * columnWidth, top + (y + 0.5) * rowHeight + 4], {
              anchor: "middle",
              more: `font-size="11" style="fill:${isDark ? "#fff" : "#1c1e21"}"`,
            });
          }),
        )
      : [];
  return [
    drawText(map.name, [x, 14], { more: 'font-weight="600"' }),
    drawText(figure.rowLabel, [x - 6, 32], { anchor: "end", more: 'opacity=".7"' }),
    `<image x="${x}" y="${top}" width="${plane}" height="${height}" preserveAspectRatio="none" style="image-rendering:pixelated" href="${paintValues(map.values, ramp)}"/>`,
    `<rect x="${x}" y="${top}" width="${plane}" height="${height}" fill="none" stroke="currentColor" stroke-opacity=".3"/>`,
    ...written,
    ...rowTicks,
    ...columnTicks,
    drawText(figure.columnLabel, [x + plane / 2, top + height + 34], { anchor: "middle", more: 'opacity=".7"' }),
    hoverArea(
      { rows, columns: figure.columns, values: map.values, ...(figure.maps.length > 1 ? { name: map.name } : {}) },
      [x, top, plane, height],
    ),
  ].join("");
}

/** Maps side by side, at most two in a row, under one colour ramp. */
export function drawHeatMap(figure: HeatMapFigure): string {
  const ramp = createRamp(
    figure.maps.flatMap(({ values }) => values.flat()),
    figure.value.scale,
  );
  const names = figure.maps.flatMap(({ rows = figure.rows }) => rows);
  const labelWidth = Math.min(
    LONGEST_LABEL,
    Math.max(textWidth(figure.rowLabel), ...names.map((name) => textWidth(shorten(name), 11))) + 10,
  );
  const perRow = figure.maps.length === 1 ? 1 : 2;
  const width = WIDTH / perRow;
  let y = RAMP_HEIGHT;
  const drawn: string[] = [];
  for (let first = 0; first < figure.maps.length; first += perRow) {
    const line = figure.maps.slice(first, first + perRow);
    const most = Math.max(...line.map(({ values }) => values.length));
    const height = Math.min(640, Math.max(180, most * 14));
    line.forEach((map, index) =>
      drawn.push(
        `<g transform="translate(0,${y})">${drawMap(figure, map, { left: index * width, width, height, labelWidth, ramp })}</g>`,
      ),
    );
    y += height + 84;
  }
  return composeSvg(
    { title: figure.title },
    { svg: drawRamp(ramp, figure.value.label, 0) + drawn.join(""), height: y },
  );
}
