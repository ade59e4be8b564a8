import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createModel } from "../src/nn/models.ts";
import type { ShortcutType } from "../src/nn/shortcuts/type.ts";
import { describableModule } from "../src/networks/describe.ts";
import { rebuildDrawing } from "../src/report/node/inert-svg.ts";
import { drawArchitecture, skipColors } from "../src/lab/network/architecture.ts";

const draw = (name: string, shortcut: ShortcutType, title = name): string => {
  const { module, imageShape } = createModel(name, { shortcut });
  return drawArchitecture(describableModule(module, imageShape).graph, title);
};
const count = (text: string, part: string): number => text.split(part).length - 1;
const skips = (drawing: string, color: string): number => count(drawing, `stroke="${color}" stroke-width="4"`);

describe("a drawing has a skip edge in its kind's colour for every block:", () => {
  test.each<readonly [string, ShortcutType, number, number]>([
    ["resnet18", "project", 5, 3],
    ["resnet34", "project", 13, 3],
    ["resnet152", "project", 46, 4],
    ["resnet20", "project-all", 0, 9],
    ["resnet20", "plain", 0, 0],
  ])("%s, %s", (name, shortcut, identities, projections) => {
    const drawing = draw(name, shortcut);
    expect([skips(drawing, skipColors.identity), skips(drawing, skipColors.projection)]).toEqual([
      identities,
      projections,
    ]);
  });
});

test("a drawing may stand in a report, whatever its title is", () => {
  const inPage = (name: string, title: string): string => {
    const { module, imageShape } = createModel(name, { shortcut: "gated" });
    return drawArchitecture(describableModule(module, imageShape).graph, title, { style: "page" });
  };
  const texts = (svg: string): readonly string[] => Array.from(svg.matchAll(/>([^<>]+)</g), ([, text]) => text.trim());
  fc.assert(
    fc.property(fc.constantFrom("resnet8", "resnet18"), fc.string(), (name, title) => {
      const drawing = inPage(name, title);
      expect(texts(rebuildDrawing(drawing, "d")).filter(Boolean)).toEqual(texts(drawing).filter(Boolean));
    }),
    { seed: 3, numRuns: 20 },
  );
});

test("every colour of a drawing's text and boxes has a dark counterpart", () => {
  expect(draw("resnet20", "pad")).toContain("@media (prefers-color-scheme:dark)");
});

test("no title becomes markup", () => {
  fc.assert(
    fc.property(fc.string(), (title) => {
      const drawing = draw("resnet8", "plain", `<script>${title}`);
      expect(drawing).not.toContain("<script");
    }),
    { numRuns: 20 },
  );
});
