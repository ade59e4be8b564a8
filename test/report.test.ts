import { describe, expect, test } from "vitest";
import { decodeReport, drawFigure, renderReport } from "../src/report/node/index.ts";
import { figureCsv } from "../src/report/csv.ts";
import type { Figure } from "../src/report/figures.ts";
import { joinReports } from "../src/report/report.ts";
import { exampleFigures, exampleLines, exampleReport, exampleTable } from "./support/example-report.ts";

describe("a page", () => {
  const legend = /<tspan lang="en">plain<\/tspan><tspan lang="zh">无快捷连接<\/tspan>/;
  const page = renderReport(exampleReport);

  test("needs nothing but itself", () => {
    expect(page).not.toMatch(/(src|href)="(?!data:|#)/);
    expect(page).not.toMatch(/\burl\((?!#)|@import|^import /m);
  });

  test("has every text in both languages, and no text becomes markup", () => {
    expect(page).toMatch(legend);
    expect(page).toContain('<span lang="en">Loss &lt;b&gt;</span><span lang="zh">损失</span>');
    expect(page).not.toMatch(/[\uE000\uE001]/);
  });

  test("holds its report, which is read back as it was", () => {
    expect(decodeReport(page, "page.html")).toEqual(exampleReport);
    const again = renderReport(decodeReport(page, "page.html"));
    // The order of an object's names is no part of it.
    const shown = (text: string): string => text.slice(0, text.indexOf('<script type="application/json"'));
    expect(shown(again)).toBe(shown(page));
    expect(renderReport(decodeReport(again, "again.html"))).toBe(again);
  });

  test("that is none is refused", () => {
    expect(() => decodeReport("<html></html>", "no.html")).toThrow(/not a Residua report/);
  });

  test("of several has every figure once", () => {
    const joined = renderReport(joinReports("All", [exampleReport, exampleReport]));
    const names = Array.from(joined.matchAll(/<figure id="([^"]+)"/g), ([, name]) => name);
    expect(new Set(names).size).toBe(2 * exampleFigures.length);
    // Each is a chapter, with what stood at its head.
    expect(joined.match(/<section id="[^"]+" class="chapter">/g)).toHaveLength(2);
    expect(joined.match(/<ul class="badges">/g)).toHaveLength(2);
  });
});

test("CSV keeps numbers, quotes commas, and gives a spreadsheet no formula", () => {
  expect(figureCsv(exampleLines)).toContain(",plain,,2,0.5,0.25,1\n");
  expect(figureCsv(exampleTable)).toBe('name\n\'=1+1\n"a,b"\n');
});

test("a map that shows other texts has both in its CSV", () => {
  const square = exampleFigures.find(({ name }) => name === "square")!;
  expect(figureCsv(square)).toContain("map,true,predicted,%,shown\n,a,a,75,3\n,a,b,25,1\n,b,a,0,0\n");
});

describe("a chart", () => {
  const sizeOf = (svg: string): readonly number[] => (/viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? []).slice(1).map(Number);
  const named = (name: string): Figure => exampleFigures.find((figure) => figure.name === name)!;

  test("is drawn anew for a phone, its panels one below the other", () => {
    const [wide, narrow] = [drawFigure(named("dots"))!, drawFigure(named("dots"), 360)!];
    expect(sizeOf(wide)[0]).toBe(900);
    expect(sizeOf(narrow)[0]).toBe(360);
    expect(sizeOf(narrow)[1]).toBeGreaterThan(sizeOf(wide)[1]);
    // Letters keep their size.
    expect(narrow).toContain('font-size="12"');
    expect(narrow).toContain("depth 20");
  });

  test("of a plane has one unit on both axes", () => {
    const figure = named("contour");
    if (figure.kind !== "contour") throw new Error("no contour");
    const frames = [figure, { ...figure, xs: [0, 2, 4] }].map((drawn) => {
      const [, width, height] = /class="grid-hover"[^>]* width="([\d.]+)" height="([\d.]+)"/.exec(drawFigure(drawn)!)!;
      return Number(width) / Number(height);
    });
    expect(frames[0]).toBeCloseTo(1, 2);
    expect(frames[1]).toBeCloseTo(2, 2);
  });

  test.each(["contour", "surface"])("of a plane on a logarithmic scale draws 0 as a %s at its lowest", (kind) => {
    const figure = named(kind);
    if (figure.kind !== "contour" && figure.kind !== "surface") throw new Error("no plane");
    const draw = (hole: number): string => {
      const values = [
        [hole, 1, 10],
        [1, 10, 100],
        [10, 100, 1000],
      ];
      const value = { label: "loss", scale: "log" } as const;
      return drawFigure({ ...figure, value, xs: [0, 1, 2], ys: [0, 1, 2], values })!.replaceAll(
        /data-grid="[^"]*"/g,
        "",
      );
    };
    expect(draw(0)).toBe(draw(1));
    expect(draw(-1)).toBe(draw(1));
    expect(draw(0)).not.toBe(draw(1000));
  });

  test("whose values are all equal keeps the domain that it is given", () => {
    const points = [0, 1].map((x) => ({ x, y: 0 }));
    const y = { label: "runs, %" };
    const lines: Figure = {
      kind: "lines",
      name: "l",
      caption: "c",
      x: { label: "x" },
      y,
      series: [{ name: "a", points }],
    };
    expect(drawFigure({ ...lines, y: { ...y, domain: [0, 100] } })).toContain(">100</text>");
    expect(drawFigure(lines)).not.toContain(">100</text>");
  });

  test("of a square map is as high as wide, shows what was given, and outlines its diagonal", () => {
    const svg = drawFigure(named("square"))!;
    const [, width, height] = /class="grid-hover"[^>]* width="([\d.]+)" height="([\d.]+)"/.exec(svg)!;
    expect(Number(width)).toBe(Number(height));
    expect(svg).toMatch(/>0<\/text>/);
    expect(svg).not.toMatch(/>75<\/text>/);
    expect(svg).toContain('stroke="#d9672b"');
  });

  test("writes negative numbers with a minus", () => {
    expect(drawFigure(named("dots"))).toContain("plain, depth 8: −1 (−2 to 0)");
  });
});
