import { parseHTML } from "linkedom";
import type { Figure } from "../figures.ts";
import { drawHeatMap } from "./heat-map.ts";
import { NARROW_WIDTH, WIDTH } from "../drawing/canvas.ts";
import { rebuildDrawing } from "./inert-svg.ts";
import { drawContour, type DrawingDocument, drawSurfaceFigure } from "../drawing/plane.ts";
import { drawBars, drawDots, drawHistogram, drawLines } from "./plot.ts";

const emptyDocument = (): DrawingDocument => parseHTML("<!doctype html><html><body></body></html>").document;

/**
 * A figure as SVG that can stand alone, both languages in it; undefined for what is no drawing. Charts are laid out for the
 * width, with their panels one below the other where there is little; surfaces and drawings have a width of their own.
 */
export function drawFigure(figure: Figure, width: number = WIDTH): string | undefined {
  switch (figure.kind) {
    case "lines":
      return drawLines(figure, width);
    case "dots":
      return drawDots(figure, width);
    case "bars":
      return drawBars(figure, width);
    case "histogram":
      return drawHistogram(figure, width);
    case "heat-map":
      return drawHeatMap(figure, width);
    case "contour":
      return drawContour(figure, emptyDocument(), width);
    case "surface":
      return drawSurfaceFigure(figure);
    case "drawing":
      return rebuildDrawing(figure.svg, figure.name);
    case "table":
    case "pictures":
      return undefined;
  }
}

/** The figure for a phone; undefined for what stays as it is. */
export function drawNarrowFigure(figure: Figure): string | undefined {
  return figure.kind === "drawing" || figure.kind === "surface" ? undefined : drawFigure(figure, NARROW_WIDTH);
}
