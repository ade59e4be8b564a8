import { describe, expect, test } from "vitest";
import { weighPaths } from "./paths.ts";
import type { LesionStudy } from "./study.ts";
import { describeLean, summarizeLesions } from "./summary.ts";

const study = (gradients: readonly number[]): LesionStudy => ({
  label: "resnet8",
  data: "d",
  images: 10,
  classes: 10,
  seed: 0,
  status: "done",
  blocks: [],
  lesions: [],
  paths: weighPaths(gradients),
});
const said = (gradients: readonly number[]): string =>
  summarizeLesions(study(gradients))
    .sentences.map(({ en }) => en)
    .join(" ");

describe("what is said of the gradient's paths follows from them", () => {
  test("it leans to longer ones, to shorter ones, or to none", () => {
    // Of 3 residuals, paths have 1.5 on average. Weights 1:3:3:1 times 1, 2, 4, 8 give 3·1·2+3·2·4+1·3·8 = 54 over 27: 2.
    expect(describeLean(weighPaths([1, 2, 4, 8]))?.en).toBe(
      "The gradient leans to longer paths: it comes through 2.0 residuals on average, paths have 1.5.",
    );
    expect(describeLean(weighPaths([8, 4, 2, 1]))?.en).toMatch(/leans to shorter paths: .* 1\.0 residuals/);
    expect(describeLean(weighPaths([1, 1, 1, 1]))?.en).toMatch(/neither to shorter nor to longer/);
    expect(describeLean(weighPaths([0, 0, 0, 0]))).toBeUndefined();
  });

  test("and that nearly all of it comes through paths of any length is not said", () => {
    expect(said([1, 2, 4, 8])).not.toMatch(/95 %/);
    expect(said([1000, 100, 10, 0.1])).toMatch(/95 % of the gradient flows through paths of at most 1 of 3/);
  });
});

test("a study that was stopped says of how many networks it speaks", () => {
  const block = (name: string): LesionStudy["blocks"][number] => ({ name, kind: "basic", removable: true });
  const lesion = { key: "a", count: 1, loss: 1, error: 0.3 };
  const lesions: LesionStudy["lesions"] = [
    { ...lesion, key: "whole", kind: "whole", blocks: [], count: 0 },
    { ...lesion, kind: "remove", blocks: ["a"] },
  ];
  const whole: LesionStudy = { ...study([1, 1]), paths: [], blocks: ["a", "b", "c", "d"].map(block), lesions };
  const first = (of: LesionStudy): string => summarizeLesions(of).sentences[1].en;
  expect(first({ ...whole, status: "stopped" })).toBe(
    "Stopped early: 2 networks were evaluated, 1 of the 4 without one block among them; the rest is about these alone.",
  );
  expect(first(whole)).toMatch(/^With one block removed/);
});
