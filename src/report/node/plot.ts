import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { palette } from "../colors.ts";
import type { Axis, BarsFigure, DotsFigure, HistogramFigure, LinesFigure } from "../figures.ts";
import { inLanguage, type Words } from "../words.ts";
import { composeSvg, formatNumber, type LegendEntry, WIDTH } from "./canvas.ts";
import { createMarkedWords, type MarkedWords } from "./marked-words.ts";

const HEIGHT = 320;
/** More points of a curve than this have no place of their own under the mouse. */
const HOVERED_POINTS = 150;

const keyOf = (words: Words): string => inLanguage(words, "en");

/** Draws to SVG text, without a browser. */
function drawPlot(options: Plot.PlotOptions, marked: MarkedWords): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const plot = Plot.plot({
    document,
    width: WIDTH,
    height: HEIGHT,
    marginLeft: 60,
    marginBottom: 44,
    style: { fontSize: "12px", background: "transparent" },
    ...options,
  });
  return marked.replaceIn(plot.outerHTML);
}

/** One colour per name, in order of appearance. */
function colorNames(
  items: readonly { readonly name: Words; readonly color?: string | undefined }[],
): Map<string, LegendEntry> {
  const colors = new Map<string, LegendEntry>();
  for (const { name, color } of items) {
    const key = keyOf(name);
    if (!colors.has(key)) colors.set(key, { name, color: color ?? palette[colors.size % palette.length] });
  }
  return colors;
}

function scaleOptions({ label, scale = "linear", domain }: Axis, marked: MarkedWords): Plot.ScaleOptions {
  return {
    label: marked.mark(label),
    type: scale,
    ...(domain === undefined ? {} : { domain: [...domain] }),
    ...(scale === "log" ? { tickFormat: "~g" } : {}),
  };
}

/** A few whole numbers get one tick each, without halves between them. */
function wholeTicks(values: readonly number[]): Pick<Plot.ScaleOptions, "ticks" | "tickFormat"> {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (values.length === 0 || high - low > 12 || !values.every(Number.isInteger)) return {};
  return { ticks: Array.from({ length: high - low + 1 }, (_, index) => low + index), tickFormat: "d" };
}

const isDrawable = ({ scale }: Axis, value: number): boolean =>
  Number.isFinite(value) && (scale !== "log" || value > 0);

/** Panels side by side, where there are some. */
function panelOptions(
  panels: readonly (Words | undefined)[],
  marked: MarkedWords,
): { readonly isUsed: boolean; readonly fx: Plot.PlotOptions } {
  const named = panels.filter((panel) => panel !== undefined);
  const domain = [...new Set(named.map((panel) => marked.mark(panel)))];
  return { isUsed: domain.length > 0, fx: domain.length > 0 ? { fx: { label: null, domain } } : {} };
}

const frame = Plot.frame({ stroke: "currentColor", strokeOpacity: 0.2 });

export function drawLines({ x, y, series, title }: LinesFigure): string {
  const marked = createMarkedWords();
  const colors = colorNames(series);
  const panels = panelOptions(
    series.map(({ panel }) => panel),
    marked,
  );
  const points = series.flatMap(({ name, panel, isDashed = false, points: own }, curve) => {
    const drawable = own.filter((point) => isDrawable(x, point.x) && isDrawable(y, point.y));
    const step = Math.max(1, Math.ceil(drawable.length / HOVERED_POINTS));
    return drawable.map((point, index) => ({
      curve,
      x: point.x,
      y: point.y,
      low: Math.max(point.low ?? point.y, y.scale === "log" ? Number.MIN_VALUE : -Infinity),
      high: point.high ?? point.y,
      hasBand: point.low !== undefined,
      isHovered: index % step === 0 || index === drawable.length - 1,
      isDashed,
      color: colors.get(keyOf(name))!.color,
      title:
        `${marked.mark(name)}, ${point.label === undefined ? `${marked.mark(x.label)} ${formatNumber(point.x)}` : marked.mark(point.label)}: ` +
        formatNumber(point.y) +
        (point.low === undefined ? "" : ` (${formatNumber(point.low)} – ${formatNumber(point.high ?? point.y)})`),
      ...(panel === undefined ? {} : { panel: marked.mark(panel) }),
    }));
  });
  const facet = panels.isUsed ? { fx: "panel" } : {};
  const line = (isDashed: boolean): Plot.Markish =>
    Plot.line(
      points.filter((point) => point.isDashed === isDashed),
      {
        x: "x",
        y: "y",
        z: "curve",
        stroke: "color",
        strokeWidth: 1.8,
        ...(isDashed ? { strokeDasharray: "5 3" } : {}),
        ...facet,
      },
    );
  // All equal, they would have no scale.
  const level = points.every((point) => point.y === points[0].y) ? points[0]?.y : undefined;
  const domain = y.scale === "log" || level === undefined ? y.domain : ([Math.min(0, level), level || 1] as const);
  const svg = drawPlot(
    {
      x: { ...scaleOptions(x, marked), ...wholeTicks(points.map((point) => point.x)) },
      y: {
        ...scaleOptions(domain === undefined ? y : { ...y, domain }, marked),
        grid: true,
        // The title says it already, and panels have names in the same place.
        ...(panels.isUsed && title === y.label ? { label: null } : {}),
      },
      ...panels.fx,
      marks: [
        frame,
        Plot.areaY(
          points.filter(({ hasBand }) => hasBand),
          { x: "x", y1: "low", y2: "high", z: "curve", fill: "color", fillOpacity: 0.18, ...facet },
        ),
        line(false),
        line(true),
        Plot.dot(
          points.filter(({ isHovered }) => isHovered),
          { x: "x", y: "y", r: 4, fill: "color", fillOpacity: 0, title: "title", ...facet },
        ),
      ],
    },
    marked,
  );
  const dashed = new Set(series.filter(({ isDashed }) => isDashed).map(({ name }) => keyOf(name)));
  const legend = [...colors].map(([key, entry]) => ({ ...entry, isDashed: dashed.has(key) }));
  return composeSvg({ title, legend: series.length > 1 ? legend : [] }, { svg, height: HEIGHT });
}

export function drawDots({ value, dots, title }: DotsFigure): string {
  const marked = createMarkedWords();
  const colors = colorNames(dots.map(({ category, color }) => ({ name: category, color })));
  const panels = panelOptions(
    dots.map(({ panel }) => panel),
    marked,
  );
  const base = (dot: (typeof dots)[number]): object => ({
    category: marked.mark(dot.category),
    color: colors.get(keyOf(dot.category))!.color,
    ...(dot.panel === undefined ? {} : { panel: marked.mark(dot.panel) }),
  });
  const name = ({ category, panel }: (typeof dots)[number]): string =>
    panel === undefined ? marked.mark(category) : `${marked.mark(category)}, ${marked.mark(panel)}`;
  const middle = dots
    .filter((dot) => isDrawable(value, dot.value))
    .map((dot) => ({
      ...base(dot),
      value: dot.value,
      low: dot.low ?? dot.value,
      high: dot.high ?? dot.value,
      title:
        `${name(dot)}: ${formatNumber(dot.value)}` +
        (dot.low === undefined ? "" : ` (${formatNumber(dot.low)} – ${formatNumber(dot.high ?? dot.value)})`),
    }));
  const observed = dots.flatMap((dot) =>
    (dot.samples ?? [])
      .filter((sample) => isDrawable(value, sample))
      .map((sample) => ({ ...base(dot), value: sample, title: `${name(dot)}: ${formatNumber(sample)}` })),
  );
  const facet = panels.isUsed ? { fx: "panel" } : {};
  const svg = drawPlot(
    {
      x: {
        label: null,
        type: "point",
        padding: 0.5,
        domain: [...new Set(dots.map(({ category }) => marked.mark(category)))],
      },
      // An interval's end is told from the frame.
      y: { ...scaleOptions(value, marked), grid: true, inset: 8 },
      ...panels.fx,
      marks: [
        frame,
        // Differences are read from no difference.
        ...(middle.some(({ low }) => low < 0) ? [Plot.ruleY([0], { stroke: "currentColor", strokeOpacity: 0.6 })] : []),
        Plot.ruleX(middle, {
          x: "category",
          y1: "low",
          y2: "high",
          stroke: "color",
          strokeWidth: 3,
          strokeOpacity: 0.55,
          ...facet,
        }),
        Plot.dot(observed, {
          x: "category",
          y: "value",
          r: 2.5,
          dx: 9,
          fill: "color",
          fillOpacity: 0.6,
          title: "title",
          ...facet,
        }),
        Plot.dot(middle, { x: "category", y: "value", r: 6, fill: "color", stroke: "white", title: "title", ...facet }),
      ],
    },
    marked,
  );
  return composeSvg({ title }, { svg, height: HEIGHT });
}

export function drawBars({ label, value, bars, title }: BarsFigure): string {
  const marked = createMarkedWords();
  const colors = colorNames(bars.map(({ group, color }) => ({ name: group ?? label, color })));
  const panels = panelOptions(
    bars.map(({ panel }) => panel),
    marked,
  );
  const categories = [...new Set(bars.map(({ category }) => marked.mark(category)))];
  const rows = bars.map(({ category, value: height, group, panel, color }) => ({
    category: marked.mark(category),
    value: height,
    color: color ?? colors.get(keyOf(group ?? label))!.color,
    title: `${group === undefined ? "" : `${marked.mark(group)}, `}${marked.mark(category)}: ${formatNumber(height)}`,
    ...(panel === undefined ? {} : { panel: marked.mark(panel) }),
  }));
  const perPanel = categories.length * Math.max(1, new Set(bars.map(({ panel }) => panel)).size);
  const isCrowded = perPanel > 16;
  const svg = drawPlot(
    {
      x: { label: marked.mark(label), domain: categories, ...(isCrowded ? { tickRotate: -60 } : {}) },
      y: { ...scaleOptions(value, marked), grid: true },
      ...(isCrowded ? { marginBottom: 80 } : {}),
      ...panels.fx,
      marks: [
        frame,
        Plot.barY(rows, {
          x: "category",
          y: "value",
          fill: "color",
          title: "title",
          ...(panels.isUsed ? { fx: "panel" } : {}),
        }),
      ],
    },
    marked,
  );
  const legend = bars.some(({ group }) => group !== undefined) ? [...colors.values()] : [];
  return composeSvg({ title, legend }, { svg, height: HEIGHT });
}

export function drawHistogram({ x, value, edges, series, title }: HistogramFigure): string {
  const marked = createMarkedWords();
  const colors = colorNames(series);
  const rows = series.flatMap(({ name, values }) =>
    values.map((height, index) => ({
      from: edges[index],
      to: edges[index + 1],
      height,
      color: colors.get(keyOf(name))!.color,
      title: `${marked.mark(name)}, ${formatNumber(edges[index])} – ${formatNumber(edges[index + 1])}: ${formatNumber(height)}`,
    })),
  );
  const svg = drawPlot(
    {
      x: scaleOptions(x, marked),
      y: { ...scaleOptions(value, marked), grid: true },
      marks: [
        frame,
        Plot.rect(rows, {
          x1: "from",
          x2: "to",
          y1: 0,
          y2: "height",
          fill: "color",
          fillOpacity: series.length > 1 ? 0.5 : 0.85,
          inset: 0.5,
          title: "title",
        }),
      ],
    },
    marked,
  );
  return composeSvg({ title, legend: series.length > 1 ? [...colors.values()] : [] }, { svg, height: HEIGHT });
}
