import { describe, expect, test } from "vitest";
import { decodeReport, encodePng, renderReport } from "../src/lab/node/report/index.ts";
import { figureCsv } from "../src/lab/report/csv.ts";
import type { Figure } from "../src/lab/report/figures.ts";
import { joinReports, type Report } from "../src/lab/report/report.ts";

const axis = { label: { en: "step", zh: "步" } };
const lines: Figure = {
  kind: "lines",
  name: "loss",
  caption: { en: "Loss <b>", zh: "损失" },
  x: axis,
  y: { label: "loss", scale: "log" },
  series: [{ en: "plain", zh: "无捷径" }, "pad"].map((name) => ({
    name,
    points: [1, 2, 3].map((x) => ({ x, y: 1 / x, low: 0.5 / x, high: 2 / x })),
  })),
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
const figures: readonly Figure[] = [
  lines,
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
  { kind: "contour", name: "contour", caption: "c", ...plane },
  { kind: "surface", name: "surface", caption: "s", ...plane },
  { kind: "table", name: "table", caption: "t", columns: [{ title: "name" }], rows: [["=1+1"], ["a,b"]] },
  {
    kind: "pictures",
    name: "pictures",
    caption: "p",
    columns: 1,
    width: 9,
    pictures: [{ png: encodePng(1, 1, Uint8Array.of(1, 2, 3, 255)), caption: "x" }],
  },
];
const report: Report = {
  title: { en: "Title", zh: "标题" },
  lead: ["Answer."],
  sections: [{ heading: "Section", parts: figures }],
};

describe("a page", () => {
  const legend = /<tspan lang="en">plain<\/tspan><tspan lang="zh">无捷径<\/tspan>/;
  const page = renderReport(report);

  test("needs nothing but itself", () => {
    expect(page).not.toMatch(/(src|href)="(?!data:|#)/);
    expect(page).not.toMatch(/\burl\(|@import|^import /m);
  });

  test("has every text in both languages, and no text becomes markup", () => {
    expect(page).toMatch(legend);
    expect(page).toContain('<span lang="en">Loss &lt;b&gt;</span><span lang="zh">损失</span>');
    expect(page).not.toMatch(/[\uE000\uE001]/);
  });

  test("holds its report, which is read back as it was", () => {
    expect(decodeReport(page, "page.html")).toEqual(report);
    expect(renderReport(decodeReport(page, "page.html"))).toBe(page);
  });

  test("refuses a drawing of another page that could run a program", () => {
    const drawing: Figure = { kind: "drawing", name: "d", caption: "", svg: '<svg onload="alert(1)"></svg>' };
    const other = renderReport({ ...report, sections: [{ heading: "x", parts: [drawing] }] });
    expect(() => decodeReport(other, "other.html")).toThrow(/could run a program/);
    expect(() => decodeReport("<html></html>", "no.html")).toThrow(/no report of Residua's/);
  });

  test("of several has every figure once", () => {
    const joined = renderReport(joinReports("All", [report, report]));
    const names = Array.from(joined.matchAll(/<figure id="([^"]+)"/g), ([, name]) => name);
    expect(new Set(names).size).toBe(2 * figures.length);
  });
});

test("CSV keeps numbers, quotes commas, and gives a spreadsheet no formula", () => {
  expect(figureCsv(lines)).toContain(",plain,,2,0.5,0.25,1\r\n");
  expect(figureCsv(figures[4])).toBe('name\r\n\'=1+1\r\n"a,b"\r\n');
});
