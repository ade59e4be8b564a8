import type { Figure } from "../figures.ts";
import { drawHeatMap } from "./heat-map.ts";
import { rebuildDrawing } from "./inert-svg.ts";
import { drawContour, drawSurfaceFigure } from "./plane.ts";
import { drawBars, drawDots, drawHistogram, drawLines } from "./plot.ts";

/** A figure as SVG that can stand alone, both languages in it; undefined for what is no drawing. */
export function drawFigure(figure: Figure): string | undefined {
  switch (figure.kind) {
    case "lines":
      return drawLines(figure);
    case "dots":
      return drawDots(figure);
    case "bars":
      return drawBars(figure);
    case "histogram":
      return drawHistogram(figure);
    case "heat-map":
      return drawHeatMap(figure);
    case "contour":
      return drawContour(figure);
    case "surface":
      return drawSurfaceFigure(figure);
    case "drawing":
      return rebuildDrawing(figure.svg, figure.name);
    case "table":
    case "pictures":
      return undefined;
  }
}
