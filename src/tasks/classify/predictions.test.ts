import { expect, test } from "vitest";
import { confusionMatrix, judgeImages, scoreClasses } from "./predictions.ts";

/** Scores whose softmax is known: ln of the probabilities. */
const scores = Float32Array.from([0.7, 0.2, 0.1, 0.1, 0.8, 0.1, 0.5, 0.3, 0.2].map(Math.log));

test("images are judged by softmax, and mistakes are told by their loss", () => {
  const judged = judgeImages({ classes: ["a", "b", "c"], labels: [0, 1, 2], scores, width: 3 });
  expect(judged.map(({ predicted }) => predicted)).toEqual([0, 1, 0]);
  expect(judged[2].confidence).toBeCloseTo(0.5, 5);
  expect(judged[2].loss).toBeCloseTo(-Math.log(0.2), 5);
});

test("precision, recall and F1 are those of scikit-learn's definitions", () => {
  const judged = judgeImages({ classes: ["a", "b", "c"], labels: [0, 1, 2], scores, width: 3 });
  const matrix = confusionMatrix(judged, 3);
  expect(matrix).toEqual([
    [1, 0, 0],
    [0, 1, 0],
    [1, 0, 0],
  ]);
  const [a, b, c] = scoreClasses(matrix, ["a", "b", "c"]);
  expect(a).toMatchObject({ precision: 0.5, recall: 1, f1: 2 / 3 });
  expect(b).toMatchObject({ precision: 1, recall: 1, f1: 1 });
  expect(c.recall).toBe(0);
  expect(c.precision).toBeNaN();
});
