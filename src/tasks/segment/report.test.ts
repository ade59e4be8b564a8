import { expect, test } from "vitest";
import type { TableFigure } from "../../report/figures.ts";
import { compareClasses, summarizeClasses } from "./class-figures.ts";
import { reportSegmentation } from "./report.ts";

test("an image's figures stand under their class where names are numbers that do not ascend", () => {
  const classes = ["10", "2"];
  // The first class is found everywhere, the second nowhere: Dice 2·3/(3 + 4) and 0.
  const images = [compareClasses("a", Uint16Array.of(0, 0, 0, 1), Uint8Array.of(0, 0, 0, 0), 2)];
  const report = reportSegmentation({
    label: "unet",
    data: "drawn",
    found: { target: "classes", classes, overall: summarizeClasses(images, classes), images },
    pictures: [],
  });
  const tables = report.sections.flatMap(({ parts }) => parts.filter((part) => part.kind === "table"));
  const find = (name: string): TableFigure => tables.find((table) => table.name === name)!;
  expect(find("overall").rows.slice(0, 2)).toEqual([
    ["10", "0.857", "0.750"],
    ["2", "0.000", "0.000"],
  ]);
  expect(
    find("images")
      .columns.map(({ title }) => title)
      .slice(1, 3),
  ).toEqual(classes);
  expect(find("images").rows).toEqual([["a", "0.857", "0.000", "0.375"]]);
  expect((report.lead[0] as { readonly en: string }).en).toContain("Dice 10 0.857, 2 0.000");
});
