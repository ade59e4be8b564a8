import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { Words } from "../words.ts";
import { textWidth, WIDTH } from "../drawing/canvas.ts";
import type { MarkedWords } from "../drawing/marked-words.ts";

const [HEIGHT, NARROW_HEIGHT] = [320, 280] as const;
/** Height of a panel that stands above others. */
const STACKED_HEIGHT = 230;

/** Room for a figure, and where its panels stand. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Panels side by side, or one below the other. */
  readonly panels: readonly string[];
  readonly isStacked: boolean;
  /** What marks and plots need to know of it. */
  readonly facet: { readonly fx?: "panel"; readonly fy?: "panel" };
  readonly scales: Plot.PlotOptions;
  readonly names: readonly Plot.Markish[];
}

/** Panels side by side where there is room, else one below the other. */
export function layOut(panels: readonly (Words | undefined)[], width: number, marked: MarkedWords): Layout {
  const named = panels.filter((panel) => panel !== undefined);
  const domain = [...new Set(named.map((panel) => marked.mark(panel)))];
  const isNarrow = width < WIDTH;
  const base = {
    width,
    height: isNarrow ? NARROW_HEIGHT : HEIGHT,
    panels: domain,
    isStacked: false,
    facet: {},
    names: [],
  };
  if (domain.length === 0) return { ...base, scales: {} };
  if (!isNarrow) return { ...base, facet: { fx: "panel" }, scales: { fx: { label: null, domain } } };
  const name = Plot.text(
    domain.map((panel) => ({ panel })),
    { fy: "panel", text: "panel", frameAnchor: "top-right", dy: -17, fontWeight: 600 },
  );
  return {
    ...base,
    height: 60 + STACKED_HEIGHT * domain.length,
    isStacked: true,
    facet: { fy: "panel" },
    scales: { fy: { label: null, domain, axis: null, padding: 0.16 } },
    names: [name],
  };
}

/** Names of categories slant where they would run into each other. */
export function categoryAxis(
  categories: readonly Words[],
  { width, panels, isStacked }: Layout,
): Partial<Plot.PlotOptions> {
  const widest = Math.max(0, ...categories.map((category) => textWidth(category)));
  const room = (width - 80) / (categories.length * (isStacked ? 1 : Math.max(1, panels.length)));
  const isCrowded = widest + 4 > room;
  return isCrowded ? { x: { tickRotate: -50 }, marginBottom: Math.min(110, 30 + Math.ceil(widest * 0.8)) } : {};
}

const frame = Plot.frame({ stroke: "currentColor", strokeOpacity: 0.2 });

/** Draws to SVG text, without a browser. */
export function drawPlot({ marks = [], ...options }: Plot.PlotOptions, layout: Layout, marked: MarkedWords): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const plot = Plot.plot({
    document,
    width: layout.width,
    height: layout.height,
    marginLeft: layout.width < WIDTH ? 48 : 60,
    marginBottom: 44,
    marginTop: layout.isStacked ? 34 : layout.panels.length > 0 ? 30 : 26,
    style: { fontSize: "12px", background: "transparent" },
    ...layout.scales,
    ...options,
    marks: [frame, ...marks, ...layout.names],
  });
  return marked.replaceIn(plot.outerHTML);
}
