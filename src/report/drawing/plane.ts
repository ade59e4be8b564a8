import * as Plot from "@observablehq/plot";
import type { ContourFigure, SurfaceFigure } from "../figures.ts";
import { rampHex } from "../colors.ts";
import { drawSurface, firstView, type SurfaceShape, surfaceSize } from "../surface.ts";
import { escapeHtml, phrase, type Words, wordsToSvg } from "../words.ts";
import { composeSvg, drawText, formatNumber, textWidth, WIDTH } from "./canvas.ts";
import { createMarkedWords } from "./marked-words.ts";
import { createRamp, drawRamp, hoverArea, type Ramp } from "./ramp.ts";

/** The longer side of a plane at most. */
const SIZE = 540;
const LEFT = 60;
const [TOP, RIGHT, BOTTOM] = [20, 20, 44] as const;
/** A plane flatter than this could not be read: there, units differ. */
const FLATTEST = 90;
const RAMP_HEIGHT = 50;
const LEVELS = 18;
const SURFACE_COLORS = 128;

/** Half the distance of two places, which are evenly apart. */
const halfOf = (places: readonly number[]): number => (places.at(-1)! - places[0]) / (2 * (places.length - 1));

/** A value between the ramp's ends, which stand for all beyond them: a logarithm has no place for 0. */
const withinRamp = ({ low, high }: Ramp, value: number): number => Math.min(high, Math.max(low, value));

const valueAt = (label: Words, value: number): Words => phrase(label, ` ${formatNumber(value)}`);

/** A unit is as long on both axes, so that a circle is one. */
function planeSize({ xs, ys }: ContourFigure, room: number): readonly [width: number, height: number] {
  const [across, up] = [xs.at(-1)! - xs[0], ys.at(-1)! - ys[0]];
  const widest = Math.min(room - LEFT - RIGHT, up > across ? SIZE : Infinity);
  const unit = Math.min(widest / across, SIZE / up);
  return [Math.max(FLATTEST, Math.round(unit * across)), Math.max(FLATTEST, Math.round(unit * up))];
}

/** A name beside a place, dark on a plate of its own: legible on every colour. */
function drawTag(words: Words, [x, y]: readonly [number, number], end: number): string {
  const tag = (text: string, language?: "en" | "zh"): string => {
    const width = textWidth(text, 13.5) + 12;
    const left = x + 10 + width > end ? x - 10 - width : x + 10;
    const box = `<rect x="${left.toFixed(1)}" y="${(y - 10).toFixed(1)}" width="${width}" height="20" rx="4" fill="#fff" fill-opacity=".92"/>`;
    const name = drawText(text, [left + 6, y + 4], { more: 'font-weight="600" style="fill:#1c1e21"' });
    return `<g style="pointer-events:none"${language === undefined ? "" : ` lang="${language}"`}>${box}${name}</g>`;
  };
  return typeof words === "string" ? tag(words) : tag(words.en, "en") + tag(words.zh, "zh");
}

/** What a drawing is made in: a page's own document, or one without a page. */
export type DrawingDocument = NonNullable<Plot.PlotOptions["document"]>;

/** Lines of equal height with the way over them, values under the mouse. */
export function drawContour(figure: ContourFigure, document: DrawingDocument, room: number = WIDTH): string {
  const { x, y, xs, ys, values, value, path = [], title } = figure;
  const marked = createMarkedWords();
  const flat = values.flat();
  const ramp = createRamp(flat, value.scale);
  const place = ramp.isLogarithmic ? Math.log : (height: number): number => height;
  const levels = Array.from(
    { length: LEVELS },
    (_, index) => place(ramp.low) + (index * (place(ramp.high) - place(ramp.low))) / LEVELS,
  );
  const [across, up] = planeSize(figure, room);
  // In the middle of what is wider.
  const aside = (room - LEFT - across - RIGHT) / 2;
  const way = path.map((point) => ({ ...point, title: marked.mark(point.label) }));
  const plot = Plot.plot({
    document,
    width: LEFT + across + RIGHT,
    height: TOP + up + BOTTOM,
    marginLeft: LEFT,
    marginRight: RIGHT,
    marginTop: TOP,
    marginBottom: BOTTOM,
    style: { fontSize: "12px", background: "transparent" },
    x: { label: marked.mark(x.label), domain: [xs[0], xs.at(-1)!] },
    y: { label: marked.mark(y.label), domain: [ys[0], ys.at(-1)!] },
    color: {
      type: "linear",
      domain: [place(ramp.low), place(ramp.high)],
      interpolate: (share: number) => rampHex(share),
    },
    marks: [
      Plot.contour(
        flat.map((height) => place(Number.isNaN(height) ? ramp.high : withinRamp(ramp, height))),
        {
          width: xs.length,
          height: ys.length,
          // Values stand in the middle of their places.
          x1: xs[0] - halfOf(xs),
          x2: xs.at(-1)! + halfOf(xs),
          y1: ys[0] - halfOf(ys),
          y2: ys.at(-1)! + halfOf(ys),
          clip: true,
          fill: Plot.identity,
          stroke: "white",
          strokeOpacity: 0.35,
          strokeWidth: 0.7,
          thresholds: levels,
        },
      ),
      Plot.line(way, { x: "x", y: "y", stroke: "#fff", strokeWidth: 3 }),
      Plot.line(way, { x: "x", y: "y", stroke: "#d9672b", strokeWidth: 1.6 }),
      Plot.frame({ stroke: "currentColor", strokeOpacity: 0.3 }),
    ],
  });
  const area = [LEFT, TOP, across, up] as const;
  // The first row is on top, where y is greatest.
  const grid = {
    rows: ys.toReversed().map((at) => valueAt(y.label, at)),
    columns: xs.map((at) => valueAt(x.label, at)),
    values: values.toReversed(),
    name: value.label,
  };
  const toX = (at: number): number => area[0] + (area[2] * (at - xs[0])) / (xs.at(-1)! - xs[0]);
  const toY = (at: number): number => area[1] + area[3] * (1 - (at - ys[0]) / (ys.at(-1)! - ys[0]));
  const [halfX, halfY] = [area[2] / (2 * (xs.length - 1)), area[3] / (2 * (ys.length - 1))];
  const hovered = [area[0] - halfX, area[1] - halfY, area[2] + 2 * halfX, area[3] + 2 * halfY] as const;
  const dots = path.map(
    ({ x: left, y: top, label }) =>
      `<circle cx="${toX(left).toFixed(1)}" cy="${toY(top).toFixed(1)}" r="4.5" fill="#d9672b" stroke="#fff"><title data-zh="${escapeHtml(inZh(label))}">${escapeHtml(inEn(label))}</title></circle>`,
  );
  const names = [...new Set([path[0], path.at(-1)])].flatMap((end) =>
    end === undefined ? [] : drawTag(end.label, [toX(end.x), toY(end.y)], LEFT + across),
  );
  // Plot counts its clips through the whole process.
  const clip = `${figure.name}-frame-${room}`;
  const drawn = marked.replaceIn(plot.outerHTML).replaceAll(/plot-clip-\d+/g, clip);
  const svg =
    drawRamp(ramp, value.label, aside + LEFT + across) +
    `<g transform="translate(${aside},${RAMP_HEIGHT})">${drawn}<g clip-path="url(#${clip})">${hoverArea(grid, hovered)}</g>${dots.join("")}${names.join("")}</g>`;
  return composeSvg({ title }, { svg, height: TOP + up + BOTTOM + RAMP_HEIGHT }, room);
}

const inEn = (words: Words): string => (typeof words === "string" ? words : words.en);
const inZh = (words: Words): string => (typeof words === "string" ? words : words.zh);

/** What a surface's picture is drawn from, here first and in the page whenever it is turned. */
function surfaceShape({ x, y, value, xs, ys, values }: SurfaceFigure): SurfaceShape {
  const ramp = createRamp(values.flat(), value.scale);
  const ends = (label: Words, low: number, high: number): readonly [string, string, string] => [
    formatNumber(low),
    wordsToSvg(label),
    formatNumber(high),
  ];
  return {
    heights: values.map((row) => row.map((height) => Number(ramp.share(withinRamp(ramp, height)).toFixed(4)))),
    x: ends(x.label, xs[0], xs.at(-1)!),
    y: ends(y.label, ys[0], ys.at(-1)!),
    z: ends(value.label, ramp.low, ramp.high),
    colors: Array.from({ length: SURFACE_COLORS }, (_, index) => rampHex(index / (SURFACE_COLORS - 1))),
  };
}

/** The surface as it is seen first; the page turns it. */
export function drawSurfaceFigure(figure: SurfaceFigure): string {
  const shape = surfaceShape(figure);
  // A hole is no JSON.
  const data = JSON.stringify(shape, (_, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? null : value,
  );
  const ramp = createRamp(figure.values.flat(), figure.value.scale);
  const svg =
    drawRamp(ramp, figure.value.label, WIDTH - 90) +
    `<g class="surface" transform="translate(0,30)" data-surface="${escapeHtml(data)}">${drawSurface(shape, firstView)}</g>`;
  return composeSvg({ title: figure.title }, { svg, height: surfaceSize.height + 30 });
}
