import * as v from "valibot";
import type { Figure } from "./figures.ts";
import type { Report, ReportSection, ReportText } from "./report.ts";
import type { Words } from "./words.ts";

/**
 * What a page from elsewhere may hold. Texts may hold anything, because they are written as texts; all else stands in attributes
 * and in arithmetic, so colours, names and numbers must be what they are called.
 */
const words: v.GenericSchema<unknown, Words> = v.union([
  v.string(),
  v.strictObject({ en: v.string(), zh: v.string() }),
]);
/** Part of an element's id and of a file's name. */
const figureName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9-]{1,100}$/, "letters, digits and hyphens"));
const color = v.pipe(v.string(), v.regex(/^(#[0-9a-f]{3,8}|[a-z]{1,30})$/i, "a colour, such as #2b8fd6"));
/** NaN stands for what is not there, the infinities for what left the range. */
const measured = v.union([v.number(), v.nan()]);
const finite = v.pipe(v.number(), v.finite());
const list = <T>(item: v.GenericSchema<unknown, T>): v.GenericSchema<unknown, readonly T[]> => v.array(item);
const atMost = (limit: number): v.GenericSchema<unknown, number> =>
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(limit));

const base = { name: figureName, title: v.exactOptional(words), caption: words };
const axis = v.strictObject({
  label: words,
  scale: v.exactOptional(v.picklist(["linear", "log"])),
  domain: v.exactOptional(v.strictTuple([finite, finite])),
});
const looks = { color: v.exactOptional(color), panel: v.exactOptional(words) };
const interval = { low: v.exactOptional(measured), high: v.exactOptional(measured) };

const lines = v.strictObject({
  ...base,
  kind: v.literal("lines"),
  x: axis,
  y: axis,
  series: list(
    v.strictObject({
      ...looks,
      name: words,
      points: list(v.strictObject({ ...interval, x: measured, y: measured, label: v.exactOptional(words) })),
      isDashed: v.exactOptional(v.boolean()),
    }),
  ),
});
const dots = v.strictObject({
  ...base,
  kind: v.literal("dots"),
  value: axis,
  dots: list(
    v.strictObject({
      ...looks,
      ...interval,
      category: words,
      value: measured,
      samples: v.exactOptional(list(measured)),
    }),
  ),
});
const bars = v.strictObject({
  ...base,
  kind: v.literal("bars"),
  label: words,
  value: axis,
  bars: list(v.strictObject({ ...looks, category: words, value: measured, group: v.exactOptional(words) })),
});
const histogram = v.pipe(
  v.strictObject({
    ...base,
    kind: v.literal("histogram"),
    x: axis,
    value: axis,
    edges: list(finite),
    series: list(v.strictObject({ name: words, values: list(measured), color: v.exactOptional(color) })),
  }),
  v.check(
    ({ edges, series }) => series.every(({ values }) => edges.length === values.length + 1),
    "one edge more than values",
  ),
);
const heatMap = v.pipe(
  v.strictObject({
    ...base,
    kind: v.literal("heat-map"),
    rowLabel: words,
    columnLabel: words,
    rows: list(words),
    columns: list(words),
    value: v.strictObject({
      label: words,
      scale: v.exactOptional(v.picklist(["linear", "log", "diverging"])),
      domain: v.exactOptional(v.strictTuple([finite, finite])),
    }),
    maps: list(
      v.strictObject({
        name: words,
        values: list(list(measured)),
        rows: v.exactOptional(list(words)),
        texts: v.exactOptional(list(list(v.string()))),
      }),
    ),
    showsValues: v.exactOptional(v.boolean()),
    isSquare: v.exactOptional(v.boolean()),
  }),
  v.check(
    ({ rows, columns, maps }) =>
      columns.length > 0 &&
      maps.every(
        ({ values, rows: own = rows }) =>
          values.length > 0 && values.length === own.length && values.every((row) => row.length === columns.length),
      ),
    "a value for each row and column",
  ),
);
const plane = <const Kind extends "contour" | "surface">(kind: Kind) =>
  v.pipe(
    v.strictObject({
      ...base,
      kind: v.literal(kind),
      x: axis,
      y: axis,
      value: v.strictObject({ label: words, scale: v.exactOptional(v.picklist(["linear", "log"])) }),
      xs: list(finite),
      ys: list(finite),
      values: list(list(measured)),
      path: v.exactOptional(list(v.strictObject({ x: finite, y: finite, label: words }))),
    }),
    v.check(
      ({ xs, ys, values }) =>
        Math.min(xs.length, ys.length) > 1 &&
        values.length === ys.length &&
        values.every((row) => row.length === xs.length),
      "a value for each x and y, at least two of each",
    ),
  );
const table = v.strictObject({
  ...base,
  kind: v.literal("table"),
  columns: list(v.strictObject({ title: words, align: v.exactOptional(v.picklist(["left", "right"])) })),
  rows: list(list(words)),
});
const pictures = v.strictObject({
  ...base,
  kind: v.literal("pictures"),
  pictures: list(
    v.strictObject({
      png: v.instance(Uint8Array),
      caption: words,
      tone: v.exactOptional(v.picklist(["good", "bad"])),
    }),
  ),
  columns: atMost(100),
  width: atMost(4096),
  isSmooth: v.exactOptional(v.boolean()),
});
/** `readDrawing` of report/node reads what it draws. */
const drawing = v.strictObject({ ...base, kind: v.literal("drawing"), svg: v.string() });

const figure: v.GenericSchema<unknown, Figure> = v.variant("kind", [
  lines,
  dots,
  bars,
  histogram,
  heatMap,
  plane("contour"),
  plane("surface"),
  table,
  pictures,
  drawing,
]);
const text: v.GenericSchema<unknown, ReportText> = v.variant("kind", [
  v.strictObject({ kind: v.picklist(["text", "note"]), text: words }),
  v.strictObject({ kind: v.literal("details"), summary: words, items: list(words) }),
  v.strictObject({
    kind: v.literal("badges"),
    badges: list(
      v.strictObject({
        tone: v.picklist(["good", "bad", "neutral"]),
        label: words,
        about: v.exactOptional(words),
      }),
    ),
  }),
  v.strictObject({
    kind: v.literal("list"),
    items: list(v.strictObject({ term: v.exactOptional(words), text: words })),
  }),
]);
const textKinds: ReadonlySet<unknown> = new Set(["text", "note", "details", "badges", "list"]);
const part: v.GenericSchema<unknown, ReportText | Figure> = v.lazy((input) =>
  typeof input === "object" && input !== null && "kind" in input && textKinds.has(input.kind) ? text : figure,
);
const section: v.GenericSchema<unknown, ReportSection> = v.strictObject({
  heading: words,
  isChapter: v.exactOptional(v.boolean()),
  isFolded: v.exactOptional(v.boolean()),
  parts: list(part),
});

export const reportSchema: v.GenericSchema<unknown, Report> = v.strictObject({
  title: words,
  lead: list(words),
  opening: v.exactOptional(list(text)),
  sections: list(section),
});
