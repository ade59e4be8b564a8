import { expect, test } from "vitest";
import { stepNames } from "../../compile/step/names.ts";
import type { Session } from "../../runtime/runtime.ts";
import { OptionError } from "../../tensor/errors.ts";
import { float32, int64, type Tensor } from "../../tensor/tensor.ts";
import type { LabeledBatch } from "../../train/batch.ts";
import { evaluationBatchSize } from "../../train/evaluation.ts";
import { evaluateClassifier } from "./judge.ts";

/** A network that gives its images back as scores. */
const echo: Session = {
  inputs: [],
  outputs: [],
  inputNames: [stepNames.images],
  outputNames: [stepNames.scores],
  run: async ({ [stepNames.images]: images }) => ({
    [stepNames.scores]: {
      dtype: "float32",
      shape: images.shape,
      read: async () => images as Tensor,
      dispose: () => undefined,
    },
  }),
  endProfiling: () => undefined,
  release: async () => undefined,
};

function scored(scores: readonly (readonly number[])[], labels: readonly number[]): LabeledBatch {
  return { images: float32([scores.length, scores[0].length], scores.flat()), labels: int64([labels.length], labels) };
}

test("loss is the mean of −log softmax, over batches of any size", async () => {
  // softmax of (0, ln 3) is (1/4, 3/4); of equal scores, 1/2.
  const batches = [
    scored(
      [
        [0, Math.log(3)],
        [Math.log(3), 0],
      ],
      [1, 1],
    ),
    scored([[7, 7]], [0]),
  ];
  const { loss, count, measures } = await evaluateClassifier(echo, batches);
  expect(count).toBe(3);
  expect(loss).toBeCloseTo(-(Math.log(3 / 4) + Math.log(1 / 4) + Math.log(1 / 2)) / 3, 6);
  expect(measures.accuracy).toBeCloseTo(2 / 3, 12);
});

test("loss of scores that would overflow their exponential is exact", async () => {
  expect((await evaluateClassifier(echo, [scored([[1000, 0]], [1])])).loss).toBe(1000);
});

test("top-k counts labels among the k highest scores", async () => {
  const scores = [4, 3, 2, 1];
  const batches = [scored([scores, scores, scores, scores], [0, 1, 2, 3])];
  for (const k of [1, 2, 3, 4]) {
    expect((await evaluateClassifier(echo, batches, { topK: k })).topK).toEqual({ k, accuracy: k / 4 });
  }
});

test("k is never more than there are classes", async () => {
  expect((await evaluateClassifier(echo, [scored([[2, 1]], [1])])).topK).toEqual({ k: 2, accuracy: 1 });
});

test("of equal scores the first class wins, as ArgMax has it", async () => {
  expect(
    (
      await evaluateClassifier(echo, [
        scored(
          [
            [5, 5],
            [5, 5],
          ],
          [0, 1],
        ),
      ])
    ).measures.accuracy,
  ).toBe(0.5);
});

test("scores that are no numbers are never right", async () => {
  const { NaN: none } = Number;
  const batches = [
    scored(
      [
        [none, none],
        [1, none],
        [none, 1],
      ],
      [0, 0, 0],
    ),
  ];
  expect(await evaluateClassifier(echo, batches, { topK: 1 })).toMatchObject({
    measures: { accuracy: 0 },
    topK: { accuracy: 0 },
    loss: Number.NaN,
  });
});

test("a label that the network has no class for is refused", async () => {
  await expect(evaluateClassifier(echo, [scored([[1, 2]], [2])])).rejects.toThrow(OptionError);
  await expect(evaluateClassifier(echo, [scored([[1, 2]], [-1])])).rejects.toThrow(/-1 is not a class/);
});

test("no images give no figures", async () => {
  expect(await evaluateClassifier(echo, [])).toMatchObject({
    count: 0,
    measures: { accuracy: null },
    topK: { accuracy: null },
    unmeasured: "there are no images",
  });
});

test("large images are evaluated a few at a time", () => {
  expect(evaluationBatchSize([1, 28, 28])).toBe(250);
  expect(evaluationBatchSize([3, 224, 224])).toBe(27);
  expect(evaluationBatchSize([3, 8192, 8192])).toBe(1);
});
