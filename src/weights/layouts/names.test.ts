import * as fc from "fast-check";
import { expect, test } from "vitest";
import { layouts } from "./index.ts";
import { createNameTable } from "./names.ts";

test("numbers, letters and what is added to them are translated", () => {
  const table = createNameTable([["res{s+1}{b:letter}_branch2{c-1:letter}.*", "layer{s}.{b}.conv{c}.*"]]);
  expect(table.toOurs("res3d_branch2b.weight")).toBe("layer2.3.conv2.weight");
  expect(table.toTheirs("layer2.3.conv2.running_mean")).toBe("res3d_branch2b.running_mean");
});

test("a number that would be below zero, or a letter beyond z, has no name", () => {
  const table = createNameTable([["conv{s+1}_{b:letter}", "layer{s}.{b}"]]);
  expect(table.toOurs("conv0_a")).toBeUndefined();
  expect(table.toTheirs("layer1.26")).toBeUndefined();
});

test("a pattern's dots are dots", () => {
  const table = createNameTable([["conv1.*", "stem.conv1.*"]]);
  expect(table.toOurs("conv1xweight")).toBeUndefined();
  expect(table.toOurs("conv1.")).toBeUndefined();
});

test.each(layouts)("every name that the $name layout has a common name for comes back from it", ({ names }) => {
  const table = createNameTable(names);
  const number = fc.integer({ min: 1, max: 9 });
  fc.assert(
    fc.property(number, number, number, fc.constantFrom(...names), (s, b, c, [, ours]) => {
      const values: Readonly<Record<string, number>> = { s, b, c, i: c };
      const common = ours
        .replaceAll(/\{([a-z])(?:\+1)?\}/g, (_, name: string) => String(values[name]))
        .replace("*", "weight");
      const theirs = table.toTheirs(common);
      expect(theirs).toBeDefined();
      expect(table.toOurs(theirs!)).toBe(common);
    }),
  );
});
