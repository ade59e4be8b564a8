import * as Plot from "@observablehq/plot";
import { palette } from "../colors.ts";
import type { BarsFigure, DotsFigure, HistogramFigure, LinesFigure } from "../figures.ts";
import { inLanguage, type Words } from "../words.ts";
import { isDrawable, markRange, scaleOptions, wholeTicks } from "./axes.ts";
import { composeSvg, formatNumber, type LegendEntry, WIDTH } from "../drawing/canvas.ts";
import { categoryAxis, drawPlot, layOut } from "./layout.ts";
import { createMarkedWords } from "../drawing/marked-words.ts";

/** More points of a curve than this have no place of their own under the mouse. */
const HOVERED_POINTS = 150;

const keyOf = (words: Words): string => inLanguage(words, "en");

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

export function drawLines({ x, y, series, title }: LinesFigure, room: number = WIDTH): string {
  const marked = createMarkedWords();
  const colors = colorNames(series);
  const layout = layOut(
    series.map(({ panel }) => panel),
    room,
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
        (point.low === undefined ? "" : ` (${markRange(point.low, point.high ?? point.y, marked)})`),
      ...(panel === undefined ? {} : { panel: marked.mark(panel) }),
    }));
  });
  const { facet } = layout;
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
  const domain =
    y.domain ?? (y.scale === "log" || level === undefined ? undefined : ([Math.min(0, level), level || 1] as const));
  const svg = drawPlot(
    {
      x: {
        ...scaleOptions(
          x,
          marked,
          points.map((point) => point.x),
        ),
        ...wholeTicks(points.map((point) => point.x)),
      },
      y: {
        ...scaleOptions(
          domain === undefined ? y : { ...y, domain },
          marked,
          points.flatMap(({ y: middle, low, high }) => [middle, low, high]),
        ),
        grid: true,
        // Curves are told from the frame; a domain that is given says what the ends are.
        ...(y.scale === "log" ? { inset: 6 } : { nice: y.domain === undefined }),
        // The title says it already, and panels have names in the same place.
        ...(layout.panels.length > 0 && title !== undefined && keyOf(title) === keyOf(y.label) ? { label: null } : {}),
      },
      marks: [
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
    layout,
    marked,
  );
  const dashed = new Set(series.filter(({ isDashed }) => isDashed).map(({ name }) => keyOf(name)));
  const legend = [...colors].map(([key, entry]) => ({ ...entry, isDashed: dashed.has(key) }));
  return composeSvg({ title, legend: series.length > 1 ? legend : [] }, { svg, height: layout.height }, room);
}

export function drawDots({ value, dots, title }: DotsFigure, room: number = WIDTH): string {
  const marked = createMarkedWords();
  const colors = colorNames(dots.map(({ category, color }) => ({ name: category, color })));
  const layout = layOut(
    dots.map(({ panel }) => panel),
    room,
    marked,
  );
  const categories = new Map(dots.map(({ category }) => [marked.mark(category), category]));
  const { x: slant, ...margin } = categoryAxis([...categories.values()], layout);
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
        (dot.low === undefined ? "" : ` (${markRange(dot.low, dot.high ?? dot.value, marked)})`),
    }));
  const observed = dots.flatMap((dot) =>
    (dot.samples ?? [])
      .filter((sample) => isDrawable(value, sample))
      .map((sample) => ({ ...base(dot), value: sample, title: `${name(dot)}: ${formatNumber(sample)}` })),
  );
  const { facet } = layout;
  const svg = drawPlot(
    {
      x: {
        label: null,
        type: "point",
        padding: 0.5,
        domain: [...categories.keys()],
        ...slant,
      },
      ...margin,
      // An interval's end is told from the frame.
      y: {
        ...scaleOptions(
          value,
          marked,
          [...middle, ...observed].map((dot) => dot.value),
        ),
        grid: true,
        inset: 8,
      },
      marks: [
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
    layout,
    marked,
  );
  return composeSvg({ title }, { svg, height: layout.height }, room);
}

export function drawBars({ label, value, bars, title }: BarsFigure, room: number = WIDTH): string {
  const marked = createMarkedWords();
  const colors = colorNames(bars.map(({ group, color }) => ({ name: group ?? label, color })));
  const layout = layOut(
    bars.map(({ panel }) => panel),
    room,
    marked,
  );
  const categories = new Map(bars.map(({ category }) => [marked.mark(category), category]));
  const { x: slant, ...margin } = categoryAxis([...categories.values()], layout);
  const rows = bars.map(({ category, value: height, group, panel, color }) => ({
    category: marked.mark(category),
    value: height,
    color: color ?? colors.get(keyOf(group ?? label))!.color,
    title: `${group === undefined ? "" : `${marked.mark(group)}, `}${marked.mark(category)}: ${formatNumber(height)}`,
    ...(panel === undefined ? {} : { panel: marked.mark(panel) }),
  }));
  const drawn = rows.map(({ value: height }) => height);
  const svg = drawPlot(
    {
      x: { label: marked.mark(label), domain: [...categories.keys()], ...slant },
      y: { ...scaleOptions(value, marked, drawn), grid: true, nice: true },
      ...margin,
      marks: [
        Plot.barY(rows, {
          x: "category",
          y: "value",
          fill: "color",
          title: "title",
          ...layout.facet,
        }),
      ],
    },
    layout,
    marked,
  );
  const legend = bars.some(({ group }) => group !== undefined) ? [...colors.values()] : [];
  return composeSvg({ title, legend }, { svg, height: layout.height }, room);
}

export function drawHistogram({ x, value, edges, series, title }: HistogramFigure, room: number = WIDTH): string {
  const marked = createMarkedWords();
  const layout = layOut([], room, marked);
  const colors = colorNames(series);
  const rows = series.flatMap(({ name, values }) =>
    values.map((height, index) => ({
      from: edges[index],
      to: edges[index + 1],
      height,
      color: colors.get(keyOf(name))!.color,
      title: `${marked.mark(name)}, ${markRange(edges[index], edges[index + 1], marked)}: ${formatNumber(height)}`,
    })),
  );
  const drawn = rows.map(({ height }) => height);
  const svg = drawPlot(
    {
      x: scaleOptions(x, marked),
      y: {
        ...wholeTicks([0, ...drawn]),
        ...scaleOptions(value, marked, drawn),
        grid: true,
        nice: true,
      },
      marks: [
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
    layout,
    marked,
  );
  return composeSvg(
    { title, legend: series.length > 1 ? [...colors.values()] : [] },
    { svg, height: layout.height },
    room,
  );
}
