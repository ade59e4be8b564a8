import type { JSX } from "preact";
import type { Words } from "../../../report/words.ts";
import { say } from "../language.ts";
import { useWidth } from "./parts.tsx";

/** One line of a chart. */
export interface Curve {
  readonly name: Words;
  /** A colour of the style sheet, such as "--plain". */
  readonly color: string;
  readonly values: readonly number[];
  /** The end of the line in words; the last value if left out. */
  readonly end?: string;
}

/** A chart of lines over whole numbers. */
export interface Chart {
  readonly label: Words;
  readonly curves: readonly Curve[];
  /** Values that the width stands for; the curves may still be shorter. */
  readonly count: number;
  readonly y: { readonly from: number; readonly to: number; readonly ticks: readonly (readonly [number, string])[] };
  readonly x: Words;
  /** What the first value belongs to. */
  readonly firstX?: number;
  /** A dashed line with its name. */
  readonly mark?: { readonly at: number; readonly name: Words };
  readonly height?: number;
}

const margin = { left: 40, right: 82, top: 14, bottom: 30 };

/** Places of the names at the lines' ends, kept from lying on each other. */
function spread(places: readonly number[], apart: number): readonly number[] {
  const order = places.map((y, index) => ({ y, index })).toSorted((a, b) => a.y - b.y);
  const moved = [...places];
  let previous = -Infinity;
  for (const { y, index } of order) moved[index] = previous = Math.max(y, previous + apart);
  return moved;
}

/** Draws lines with their names at their ends; values beyond the axis are cut off at its edge. */
export function Curves({ label, curves, count, y, x, firstX = 1, mark, height = 260 }: Chart): JSX.Element {
  const { ref, width } = useWidth();
  const [inner, tall] = [Math.max(width - margin.left - margin.right, 10), height - margin.top - margin.bottom];
  const placeX = (index: number): number => margin.left + (index / Math.max(count - 1, 1)) * inner;
  const placeY = (value: number): number => {
    const share = (Math.min(Math.max(value, y.from), y.to) - y.from) / (y.to - y.from);
    return margin.top + (1 - share) * tall;
  };
  const ends = spread(
    curves.map(({ values }) => placeY(values.at(-1) ?? y.from)),
    34,
  );
  return (
    <div ref={ref} class="curves" style={{ height: `${height}px` }}>
      {width > 0 && (
        <svg width={width} height={height} role="img" aria-label={say(label)}>
          {y.ticks.map(([value, text]) => (
            <g key={text}>
              <line class="grid" x1={margin.left} x2={margin.left + inner} y1={placeY(value)} y2={placeY(value)} />
              <text class="tick" x={margin.left - 8} y={placeY(value) + 4} text-anchor="end">
                {text}
              </text>
            </g>
          ))}
          <text class="tick" x={margin.left} y={height - 8}>
            {say(x)} {firstX}
          </text>
          <text class="tick" x={margin.left + inner} y={height - 8} text-anchor="end">
            {firstX + count - 1}
          </text>
          {mark !== undefined && (
            <g>
              <line class="mark" x1={margin.left} x2={margin.left + inner} y1={placeY(mark.at)} y2={placeY(mark.at)} />
              <text class="tick" x={margin.left + inner} y={placeY(mark.at) - 6} text-anchor="end">
                {say(mark.name)}
              </text>
            </g>
          )}
          {curves.map(({ name, color, values, end }, place) => {
            if (values.length === 0) return null;
            const points = values.map((value, index) => `${placeX(index).toFixed(1)},${placeY(value).toFixed(1)}`);
            const [endX, endY] = [placeX(values.length - 1), placeY(values.at(-1)!)];
            return (
              <g key={color} style={{ color: `var(${color})` }}>
                <polyline class="line" points={points.join(" ")} />
                <circle cx={endX} cy={endY} r="4" fill="currentColor" />
                <text class="name" x={endX + 10} y={ends[place] - 2}>
                  {say(name)}
                </text>
                <text class="value" x={endX + 10} y={ends[place] + 15}>
                  {end ?? values.at(-1)!.toFixed(2)}
                </text>
              </g>
            );
          })}
        </svg>
      )}
    </div>
  );
}
