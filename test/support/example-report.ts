import { encodePng } from "../../src/files/png.ts";
import type { Figure } from "../../src/report/figures.ts";
import type { Report } from "../../src/report/report.ts";

const axis = { label: { en: "step", zh: "步" } };
/** Two curves, of which one is called differently in each language. */
export const exampleLines: Figure = {
  kind: "lines",
  name: "loss",
  caption: { en: "Loss <b>", zh: "损失" },
  x: axis,
  y: { label: "loss", scale: "log" },
  series: [{ en: "plain", zh: "无快捷连接" }, "pad"].map((name) => ({
    name,
    points: [1, 2, 3].map((x) => ({ x, y: 1 / x, low: 0.5 / x, high: 2 / x })),
  })),
};
export const exampleTable: Figure = {
  kind: "table",
  name: "table",
  caption: "t",
  columns: [{ title: "name" }],
  rows: [["=1+1"], ["a,b"]],
};
const plane = {
  x: axis,
  y: axis,
  value: { label: "loss" },
  xs: [0, 1, 2],
  ys: [0, 1, 2],
  values: [
    [1, 2, 3],
    [2, 1, 2],
    [3, 2, NaN],
  ],
};
/** One figure of each kind. */
export const exampleFigures: readonly Figure[] = [
  exampleLines,
  {
    kind: "heat-map",
    name: "heat",
    caption: "h",
    rowLabel: "row",
    columnLabel: "column",
    rows: ["a", "b"],
    columns: ["1", "2"],
    value: { label: "v" },
    maps: [
      {
        name: "",
        values: [
          [1, 2],
          [3, NaN],
        ],
      },
    ],
  },
  {
    kind: "heat-map",
    name: "square",
    caption: "q",
    rowLabel: "true",
    columnLabel: "predicted",
    rows: ["a", "b"],
    columns: ["a", "b"],
    value: { label: "%", domain: [0, 100] },
    maps: [
      {
        name: "",
        values: [
          [75, 25],
          [0, 100],
        ],
        texts: [
          ["3", "1"],
          ["0", "7"],
        ],
      },
    ],
    showsValues: true,
    isSquare: true,
  },
  {
    kind: "dots",
    name: "dots",
    caption: "d",
    value: { label: "points" },
    dots: ["depth 8", "depth 20"].flatMap((panel) =>
      ["plain", "pad"].map((category, index) => ({ category, panel, value: index - 1, low: index - 2, high: index })),
    ),
  },
  { kind: "contour", name: "contour", caption: "c", ...plane },
  { kind: "surface", name: "surface", caption: "s", ...plane },
  exampleTable,
  {
    kind: "pictures",
    name: "pictures",
    caption: "p",
    columns: 1,
    width: 9,
    pictures: [
      { png: encodePng({ height: 1, width: 1, channels: 4, samples: Uint8Array.of(1, 2, 3, 255) }), caption: "x" },
    ],
  },
];
/** A page of them. */
export const exampleReport: Report = {
  title: { en: "Title", zh: "标题" },
  lead: ["Answer."],
  opening: [
    { kind: "details", summary: "Why", items: ["Because."] },
    { kind: "badges", badges: [{ tone: "good", label: "steady", about: "resnet8" }] },
  ],
  sections: [
    { heading: "Section", parts: exampleFigures },
    { heading: "More", isFolded: true, parts: [{ kind: "text", text: "Folded." }] },
  ],
};
