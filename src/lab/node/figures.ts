import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { shortcutTypes, type ShortcutType } from "../../nn/shortcuts/type.ts";
import type { DrawnRun } from "../comparison.ts";

/** One colour a type in every picture; apart from each other for colour-blind readers too (Okabe and Ito). */
export const shortcutColors: { readonly [Type in ShortcutType]: string } = {
  plain: "#d55e00",
  pad: "#0072b2",
  project: "#009e73",
  "project-all": "#cc79a7",
  scaled: "#e69f00",
  gated: "#56b4e9",
  "gated-shortcut": "#8c6d1f",
  dropout: "#999999",
  concat: "#f0e442",
};

const WIDTH = 900;
const color = { domain: [...shortcutTypes], range: shortcutTypes.map((type) => shortcutColors[type]) };

/** Draws to SVG text, without a browser. */
function draw(options: Plot.PlotOptions): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const plot = Plot.plot({
    document,
    width: WIDTH,
    marginLeft: 56,
    marginBottom: 44,
    style: { fontSize: "12px", background: "transparent" },
    ...options,
  });
  return plot.outerHTML;
}

/** Points worth drawing: at most about `limit`, each the mean of its neighbours. */
function thin(
  run: DrawnRun,
  key: "loss" | "firstLayerGradientNorm",
  limit = 120,
): readonly { readonly step: number; readonly value: number }[] {
  const width = Math.max(1, Math.ceil(run.curve.length / limit));
  return Array.from({ length: Math.ceil(run.curve.length / width) }, (_, index) => {
    const part = run.curve.slice(index * width, (index + 1) * width);
    return { step: part.at(-1)!.step, value: part.reduce((sum, point) => sum + point[key], 0) / part.length };
  });
}

/** A curve for every run, a panel for every depth. */
export function drawCurves(
  runs: readonly DrawnRun[],
  key: "loss" | "firstLayerGradientNorm",
  label: string,
  logarithmic: boolean,
): string {
  const points = runs.flatMap((run) =>
    thin(run, key)
      .filter(({ value }) => Number.isFinite(value) && (!logarithmic || value > 0))
      .map((point) => ({
        ...point,
        depth: `depth ${run.depth}`,
        shortcut: run.shortcut,
        run: `${run.depth} ${run.shortcut} ${run.seed}`,
      })),
  );
  return draw({
    height: 320,
    color,
    x: { label: "training step" },
    y: { label, grid: true, ...(logarithmic ? { type: "log", tickFormat: "~g" } : {}) },
    fx: { label: null, domain: [...new Set(points.map(({ depth }) => depth))] },
    marks: [
      Plot.frame({ stroke: "currentColor", strokeOpacity: 0.2 }),
      Plot.line(points, { x: "step", y: "value", z: "run", stroke: "shortcut", strokeWidth: 1.8, fx: "depth" }),
      Plot.dot(points, {
        x: "step",
        y: "value",
        fx: "depth",
        r: 4,
        fill: "transparent",
        title: (point: (typeof points)[number]) =>
          `${point.shortcut}, ${point.depth}, step ${point.step}: ${point.value.toPrecision(4)}`,
      }),
    ],
  });
}

/** Test accuracy by shortcut type, a panel for every depth, a dot for every seed. */
export function drawAccuracy(runs: readonly DrawnRun[]): string {
  const rows = runs.map(({ depth, shortcut, seed, testAccuracy }) => ({
    depth: `depth ${depth}`,
    shortcut,
    seed,
    accuracy: 100 * testAccuracy,
  }));
  return draw({
    height: 300,
    color,
    x: { label: null, domain: shortcutTypes.filter((type) => runs.some(({ shortcut }) => shortcut === type)) },
    y: { label: "test accuracy, %", grid: true, domain: [0, 100] },
    fx: { label: null, domain: [...new Set(rows.map(({ depth }) => depth))] },
    marks: [
      Plot.frame({ stroke: "currentColor", strokeOpacity: 0.2 }),
      Plot.barY(
        rows,
        Plot.groupX({ y: "median" }, { x: "shortcut", y: "accuracy", fx: "depth", fill: "shortcut", fillOpacity: 0.8 }),
      ),
      Plot.dot(rows, {
        x: "shortcut",
        y: "accuracy",
        fx: "depth",
        r: 3,
        fill: "currentColor",
        title: (row: (typeof rows)[number]) =>
          `${row.shortcut}, ${row.depth}, seed ${row.seed}: ${row.accuracy.toFixed(2)} %`,
      }),
    ],
  });
}
