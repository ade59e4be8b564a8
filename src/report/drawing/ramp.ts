import { type ColorRamp, rampHex } from "../colors.ts";
import { escapeHtml, inLanguage, type Words } from "../words.ts";
import { drawText, formatNumber } from "./canvas.ts";

/** From values to shares of the colour ramp. */
export interface Ramp {
  readonly kind: ColorRamp;
  readonly low: number;
  readonly high: number;
  readonly isLogarithmic: boolean;
  share(value: number): number;
}

/** The ramp of all values that can be shown. */
export function createRamp(
  values: readonly number[],
  scale: "linear" | "log" | "diverging" = "linear",
  domain?: readonly [low: number, high: number],
): Ramp {
  const shown = values.filter((value) => Number.isFinite(value) && (scale !== "log" || value > 0));
  let [low, high] = [Infinity, -Infinity];
  for (const value of shown) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (domain !== undefined) [low, high] = domain;
  else if (shown.length === 0) [low, high] = [scale === "log" ? 1 : 0, 1];
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

/** The ramp with its ends, at the top; `right` is where it ends. */
export function drawRamp(ramp: Ramp, label: Words, right: number): string {
  const width = Math.min(240, right - 120);
  const [left, top] = [right - width, 0];
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
