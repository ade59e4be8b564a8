import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import UPlot from "uplot";
import { theme } from "../theme.ts";

/** One line of a chart. */
export interface ChartLine {
  readonly name: string;
  /** A custom property of the style sheet, without its dashes: `pad`. */
  readonly color: string;
  readonly dash?: readonly number[];
  /** By step, from the first; what is no number leaves a gap. */
  readonly values: readonly number[];
}

/** Numbers by step, as lines. */
export interface ChartProps {
  readonly title: string;
  /** What the horizontal axis counts. */
  readonly across: string;
  readonly lines: readonly ChartLine[];
  readonly steps: number;
  /** Steps from one value to the next; 1 if left out. */
  readonly stride?: number;
  /** Lowest and highest value shown. */
  readonly range: readonly [low: number, high: number];
  readonly format: (value: number) => string;
}

const HEIGHT = 230;
const wholeSteps = Array.from({ length: 7 }, (_, power) => [1, 2, 5].map((each) => each * 10 ** power)).flat();

const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);

/** `light-dark()` is resolved where it is used as a colour, not where it is kept. */
function colorOf(name: string, root: HTMLElement): string {
  root.style.color = token(name);
  const { color } = getComputedStyle(root);
  root.style.color = "";
  return color;
}

/** A value as it is drawn; undefined where there is none yet. */
const drawn = (value: number | undefined): number | null => (Number.isFinite(value) ? value! : null);

function toData({ lines, steps, stride = 1 }: ChartProps): UPlot.AlignedData {
  const across = Array.from({ length: steps }, (_, index) => stride * (index + 1));
  return [across, ...lines.map(({ values }) => across.map((_, index) => drawn(values[index])))];
}

function createPlot(root: HTMLElement, props: ChartProps): UPlot {
  const { lines, steps, stride = 1, range, format } = props;
  const [quiet, line] = ["quiet", "line"].map((name) => colorOf(name, root));
  const letters = `12px ${getComputedStyle(root).fontFamily}`;
  const axis = { stroke: quiet, font: letters, grid: { stroke: line, width: 1 }, ticks: { stroke: line, size: 4 } };
  return new UPlot(
    {
      width: root.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: [stride, stride * steps] }, y: { range: [range[0], range[1]] } },
      axes: [
        // Steps are counted: no ticks between them.
        { ...axis, size: 28, incrs: wholeSteps },
        { ...axis, size: 46, values: (_, splits) => splits.map(format) },
      ],
      series: [
        {},
        ...lines.map(({ color, dash }) => ({
          stroke: colorOf(color, root),
          width: 2,
          points: { show: false },
          ...(dash === undefined ? {} : { dash: [...dash] }),
        })),
      ],
    },
    toData(props),
    root,
  );
}

/** What a chart's lines are drawn from, besides their values: another one is another chart. */
const shapeOf = ({ lines, steps, stride, range }: ChartProps): string =>
  JSON.stringify([lines.map(({ name, color, dash }) => [name, color, dash]), steps, stride, range, theme()]);

/** Lines that grow: drawn on a canvas, told in words to those who do not see it. */
export function Chart(props: ChartProps): JSX.Element {
  const root = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | undefined>(undefined);
  const shape = shapeOf(props);
  useEffect(() => {
    const element = root.current!;
    plot.current = createPlot(element, props);
    const observer = new ResizeObserver(() => {
      const width = element.clientWidth;
      if (width > 0 && width !== plot.current?.width) plot.current?.setSize({ width, height: HEIGHT });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(toData(props)));
  const { title, across, lines, format } = props;
  const told = lines.flatMap(({ name, values }) => (values.length === 0 ? [] : [`${name} ${format(values.at(-1)!)}`]));
  return (
    <figure class="chart">
      <figcaption>
        <b>{title}</b> <span class="quiet">{across}</span>
      </figcaption>
      <div ref={root} role="img" aria-label={[title, ...told].join(", ")} />
    </figure>
  );
}
