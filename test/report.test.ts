import { describe, expect, test } from "vitest";
import { decodeReport, renderReport } from "../src/report/node/index.ts";
import { figureCsv } from "../src/report/csv.ts";
import { joinReports } from "../src/report/report.ts";
import { exampleFigures, exampleLines, exampleReport } from "./support/example-report.ts";

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
  });
});

test("CSV keeps numbers, quotes commas, and gives a spreadsheet no formula", () => {
  expect(figureCsv(exampleLines)).toContain(",plain,,2,0.5,0.25,1\n");
  expect(figureCsv(exampleFigures[4])).toBe('name\n\'=1+1\n"a,b"\n');
});
