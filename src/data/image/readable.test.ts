import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { goldenImages } from "../../../test/support/golden-images.ts";
import { readableImages } from "./readable.ts";

test.each(readableImages.flatMap(({ format, golden }) => golden.map((prefix) => ({ format, prefix }))))(
  "$format has golden images $prefix…",
  ({ prefix }) => {
    expect(goldenImages.some(({ name }) => name.startsWith(prefix))).toBe(true);
  },
);

test("every golden image belongs to a row of the table", () => {
  const prefixes = readableImages.flatMap(({ golden }) => golden);
  const strays = goldenImages.filter(({ name }) => !prefixes.some((prefix) => name.startsWith(prefix)));
  expect(strays.map(({ name }) => name)).toEqual([]);
});

test.each(["docs/images.md", "docs/images.zh-CN.md"])("%s shows the table as it is", (path) => {
  const shown = readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    ) // prettier-ignore
    .filter((cells) => cells.length === 6)
    .slice(2);
  const wanted = readableImages.map(({ format, samples, colours, layout, inNode, inPage }) => [format, samples, colours, layout, inNode, inPage]); // prettier-ignore
  expect(shown).toEqual(wanted);
});
