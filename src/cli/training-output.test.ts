import { expect, test } from "vitest";
import type { Progress } from "./progress.ts";
import { createReporter } from "./training-output.ts";
import { spoken } from "./lang/language.ts";

test("a validation and the test say how far they are, and the line is free before the result", () => {
  const shown: string[] = [];
  const progress: Progress = {
    begin: () => undefined,
    update: (words, share) => shown.push(`${spoken(words)}, ${share?.toFixed(2)}`),
    finish: () => shown.push("done"),
  };
  const { report } = createReporter(progress);
  report({ kind: "evaluating", part: "validation", done: 250, count: 500 });
  report({ kind: "evaluating", part: "test", done: 250, count: 1000 });
  report({ kind: "evaluating", part: "test", done: 1000, count: 1000 });
  expect(shown).toEqual(["validation image 250/500, 0.50", "test image 250/1000, 0.25", "done"]);
});
