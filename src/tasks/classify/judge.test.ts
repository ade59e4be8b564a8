import { expect, test } from "vitest";
import { OptionError } from "../../tensor/errors.ts";
import { createEchoSession } from "../../../test/support/echo-session.ts";
import { float32, int64 } from "../../tensor/tensor.ts";
import type { LabeledBatch } from "../../train/batch.ts";
import { evaluationBatchSize } from "../../train/evaluation.ts";
import { type ClassificationOptions, evaluateClassifier } from "./judge.ts";
import { averageViews, type ViewsName } from "./views.ts";

const echo = createEchoSession();

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
    notFinite: 3,
  });
});

test("an image whose scores are not finite is wrong for every k, and counted", async () => {
  const scores = [2, Infinity, 1];
  const found = await evaluateClassifier(echo, [scored([scores, [2, 0, 1]], [0, 0])], { topK: 3 });
  expect(found).toMatchObject({
    measures: { accuracy: 0.5 },
    topK: { accuracy: 0.5 },
    notFinite: 1,
    loss: expect.any(Number),
  });
  expect((await evaluateClassifier(echo, [scored([[2, 0, 1]], [0])])).notFinite).toBeUndefined();
});

test("a label that the network has no class for is refused", async () => {
  await expect(evaluateClassifier(echo, [scored([[1, 2]], [2])])).rejects.toThrow(OptionError);
  await expect(evaluateClassifier(echo, [scored([[1, 2]], [-1])])).rejects.toThrow(/-1 is not a class/);
});

test.each([
  [{ topK: 0 }, "topK: must be >=1, got 0"],
  [{ topK: 2.5 }, /^topK: must be /],
  [{ views: "all" as ViewsName }, /^views: must be /],
  [{ topk: 3 } as ClassificationOptions, "topk: is not known"],
])("the options %j are refused by name", async (options, message) => {
  await expect(evaluateClassifier(echo, [scored([[2, 1]], [0])], options)).rejects.toThrow(message);
});

test("a score of −∞ is the logarithm of a probability of 0", async () => {
  const found = await evaluateClassifier(echo, [scored([[0, -Infinity]], [0])], { topK: 1 });
  expect(found).toMatchObject({ measures: { accuracy: 1 }, loss: 0 });
  expect(found.notFinite).toBeUndefined();
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

/** The mean that views of one image of 3×3 give: the network's scores are the image. */
async function meanOf(views: ViewsName, image: readonly number[]): Promise<readonly number[]> {
  const found = await averageViews(float32([1, 1, 3, 3], image), views, async ({ data }) => data);
  return [...found];
}

test("views are averaged: the mirror image, and shifts along the diagonal with a mirrored border", async () => {
  const corner = [1, 0, 0, 0, 0, 0, 0, 0, 0];
  expect(await meanOf("mirror", corner)).toEqual([0.5, 0, 0.5, 0, 0, 0, 0, 0, 0]);
  // Shifted down and to the right, the corner lies in the middle; shifted the other way, it is gone.
  expect(await meanOf("shift", corner)).toEqual([0.5, 0, 0, 0, 0.25, 0, 0, 0, 0]);
  expect(await meanOf("mirror-shift", corner)).toEqual([0.25, 0, 0.25, 0, 0.25, 0, 0, 0, 0]);
  // A slope stays: what one shift takes away, the other adds.
  const slope = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  expect(await meanOf("shift", slope)).toEqual(slope.map((value) => value / 2 + 2));
});

test("a network is judged by the mean of its views", async () => {
  // Of 2×2 points, the first is highest; the mean over the mirror image is equal in both columns.
  const images = float32([1, 1, 2, 2], [3, 1, 0, 0]);
  const batches = [{ images, labels: int64([1], [1]) }];
  const judge = (options: ClassificationOptions) => evaluateClassifier(echo, batches, options);
  expect((await judge({})).loss).not.toBeCloseTo((await judge({ views: "mirror" })).loss, 2);
  expect((await judge({ views: "mirror" })).loss).toBeCloseTo(Math.log(2 + 2 * Math.exp(-2)), 6);
});

test("views of what has none, and unknown ones, are refused by name", async () => {
  const batches = [scored([[1, 0]], [0])];
  await expect(evaluateClassifier(echo, batches, { views: "mirror" })).rejects.toThrow(
    "views: need images of at least 2×2",
  );
  await expect(evaluateClassifier(echo, batches, { views: "turn" as "mirror" })).rejects.toThrow(/^views: must be /);
});
