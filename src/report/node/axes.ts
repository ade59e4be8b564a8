import type * as Plot from "@observablehq/plot";
import type { Axis } from "../figures.ts";
import { rangeWords } from "../words.ts";
import { formatNumber } from "../drawing/canvas.ts";
import type { MarkedWords } from "../drawing/marked-words.ts";

/** An axis as the drawing library takes it; `values` are those that a logarithmic one has ticks for. */
export function scaleOptions(
  { label, scale = "linear", domain }: Axis,
  marked: MarkedWords,
  values: readonly number[] = [],
): Plot.ScaleOptions {
  return {
    label: marked.mark(label),
    type: scale,
    ...(domain === undefined ? {} : { domain: [...domain] }),
    ...(scale === "log" ? { ticks: [...logTicks(values)], tickFormat: formatTick } : {}),
  };
}

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Numbers that a place on a logarithmic axis is called by: as they are, or as powers of ten. */
function formatTick(value: number): string {
  if (value >= 1e-3 && value < 1e5) return String(Number(value.toPrecision(3)));
  const [factor, exponent] = value.toExponential(0).split("e");
  const power = String(Math.abs(Number(exponent))).replaceAll(/\d/g, (digit) => superscripts[Number(digit)]);
  return `${factor === "1" ? "" : `${factor}·`}10${Number(exponent) < 0 ? "⁻" : ""}${power}`;
}

/** Few enough that their lines are told apart: powers of ten, with 2 and 5 or all digits between where there is room. */
function logTicks(values: readonly number[]): readonly number[] {
  const shown = values.filter((value) => value > 0 && Number.isFinite(value));
  if (shown.length === 0) return [];
  const [low, high] = [shown.reduce((a, b) => Math.min(a, b)), shown.reduce((a, b) => Math.max(a, b))];
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const decades = Math.log10(high / low);
  const digits = decades < 0.7 ? [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9] : decades < 2.5 ? [1, 2, 5] : [1];
  const step = Math.max(1, Math.ceil(decades / 7));
  const powers = Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => first + index * step);
  return powers.flatMap((power) =>
    digits.map((digit) => Number(`${digit}e${power}`)).filter((tick) => tick >= low && tick <= high),
  );
}

/** A few whole numbers get one tick each, without halves between them. */
export function wholeTicks(values: readonly number[]): Pick<Plot.ScaleOptions, "ticks" | "tickFormat"> {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (values.length === 0 || high - low > 12 || !values.every(Number.isInteger)) return {};
  return { ticks: Array.from({ length: high - low + 1 }, (_, index) => low + index), tickFormat: "d" };
}

/** From one number to another, in the page's language. */
export const markRange = (low: number, high: number, marked: MarkedWords): string =>
  marked.mark(rangeWords(formatNumber(low), formatNumber(high)));

/** Whether a value has a place on its axis. */
export const isDrawable = ({ scale }: Axis, value: number): boolean =>
  Number.isFinite(value) && (scale !== "log" || value > 0);
