import type { Words } from "./words.ts";

/** What every figure has. */
interface FigureBase {
  /** Names the files that it is saved as, and its address in the page: letters, digits and hyphens, unique in a report. */
  readonly name: string;
  /** Shown in the picture, and in saved copies of it. */
  readonly title?: Words;
  /** Shown below the picture: what it shows, in which unit. */
  readonly caption: Words;
}

/** An axis of numbers. */
export interface Axis {
  readonly label: Words;
  /** Default "linear"; a logarithmic axis omits values that are not above 0. */
  readonly scale?: "linear" | "log";
  readonly domain?: readonly [low: number, high: number];
}

/** A point of a curve; low and high bound its interval. */
export interface SeriesPoint {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
  /** Its name under the mouse, such as a layer's; default: the number x. */
  readonly label?: Words;
}

/** A curve. Curves of equal name share a colour and a legend entry across panels. */
export interface Series {
  readonly name: Words;
  readonly points: readonly SeriesPoint[];
  /** Default: one from the palette. */
  readonly color?: string;
  readonly isDashed?: boolean;
  /** The part of the figure that it stands in, side by side with others. */
  readonly panel?: Words;
}

/** Curves, with bands where their points have intervals. */
export interface LinesFigure extends FigureBase {
  readonly kind: "lines";
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
}

/** One value of a category, with its interval and the single observations behind it. */
export interface Dot {
  readonly category: Words;
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
  readonly samples?: readonly number[];
  readonly color?: string;
  readonly panel?: Words;
}

/** One dot per category, with its interval as a line and the observations as smaller dots. */
export interface DotsFigure extends FigureBase {
  readonly kind: "dots";
  readonly value: Axis;
  readonly dots: readonly Dot[];
}

/** A bar. */
export interface Bar {
  readonly category: Words;
  readonly value: number;
  /** Bars of one group share a colour and a legend entry. */
  readonly group?: Words;
  readonly color?: string;
  readonly panel?: Words;
}

/** Bars from 0; bars of one category and panel are stacked. */
export interface BarsFigure extends FigureBase {
  readonly kind: "bars";
  readonly label: Words;
  readonly value: Axis;
  readonly bars: readonly Bar[];
}

/** Counts or shares between edges; there is one more edge than values. */
export interface HistogramFigure extends FigureBase {
  readonly kind: "histogram";
  readonly x: Axis;
  readonly value: Axis;
  readonly edges: readonly number[];
  readonly series: readonly { readonly name: Words; readonly values: readonly number[]; readonly color?: string }[];
}

/** Values by row and column; NaN is an empty place. */
export interface HeatMap {
  readonly name: Words;
  /** `values[row][column]` */
  readonly values: readonly (readonly number[])[];
  /** Rows of its own; the figure's if left out. */
  readonly rows?: readonly Words[];
  /** What is written into each place instead of its value, such as a count where the value is a share. */
  readonly texts?: readonly (readonly string[])[];
}

/** Maps of one scale side by side, the first row on top. */
export interface HeatMapFigure extends FigureBase {
  readonly kind: "heat-map";
  /** What rows and columns are, such as "layer" and "step". */
  readonly rowLabel: Words;
  readonly columnLabel: Words;
  readonly rows: readonly Words[];
  readonly columns: readonly Words[];
  /** "diverging" has white at 0. */
  readonly value: {
    readonly label: Words;
    readonly scale?: "linear" | "log" | "diverging";
    /** What the ends of the colours stand for; default: the least and the greatest value. */
    readonly domain?: readonly [low: number, high: number];
  };
  readonly maps: readonly HeatMap[];
  /** Writes the value into each place, where there is room. */
  readonly showsValues?: boolean;
  /** Places as high as wide, the diagonal outlined: rows and columns are the same things. */
  readonly isSquare?: boolean;
}

/** A function on a plane, with a path over it. */
interface PlaneFigure extends FigureBase {
  readonly x: Axis;
  readonly y: Axis;
  readonly value: {
    readonly label: Words;
    /** Default "linear"; on a logarithmic scale, values that are not above 0 are drawn like the lowest that is. */
    readonly scale?: "linear" | "log";
  };
  /** Where the values are: ascending. */
  readonly xs: readonly number[];
  readonly ys: readonly number[];
  /** `values[index of y][index of x]` */
  readonly values: readonly (readonly number[])[];
  /** A path, such as that of training; a contour plot draws it. */
  readonly path?: readonly { readonly x: number; readonly y: number; readonly label: Words }[];
}

/** Contour lines. */
export interface ContourFigure extends PlaneFigure {
  readonly kind: "contour";
}

/** The function as a surface that the mouse turns. */
export interface SurfaceFigure extends PlaneFigure {
  readonly kind: "surface";
}

/** A table; numbers are written as they are shown. */
export interface TableFigure extends FigureBase {
  readonly kind: "table";
  readonly columns: readonly { readonly title: Words; readonly align?: "left" | "right" }[];
  readonly rows: readonly (readonly Words[])[];
}

/** An image file in memory. */
export interface Picture {
  readonly png: Uint8Array;
  readonly caption: Words;
  /** Stands on the picture's colour, such as right and wrong. */
  readonly tone?: "good" | "bad";
}

/** Pictures side by side, in rows of `columns`. */
export interface PicturesFigure extends FigureBase {
  readonly kind: "pictures";
  readonly pictures: readonly Picture[];
  readonly columns: number;
  /** Width of a picture in CSS pixels. */
  readonly width: number;
  /** Whether pixels are blended where a picture is larger or smaller than it is shown; they are left as squares otherwise. */
  readonly isSmooth?: boolean;
}

/** A drawing that is SVG already, such as an architecture. */
export interface DrawingFigure extends FigureBase {
  readonly kind: "drawing";
  readonly svg: string;
}

export type Figure =
  | LinesFigure
  | DotsFigure
  | BarsFigure
  | HistogramFigure
  | HeatMapFigure
  | ContourFigure
  | SurfaceFigure
  | TableFigure
  | PicturesFigure
  | DrawingFigure;
