import { expect, test } from "vitest";
import { startEvent, stepEvent } from "../../../../test/support/train-events.ts";
import type { CurvePoint } from "../../curve-point.ts";
import type { TrainEvent } from "../../engine.ts";
import { hearTraining, type RunProgress, type TrainingListener } from "./hear-training.ts";
import type { Reached } from "./kept-training.ts";

/** A page that has so many steps of a training, and what it shows and keeps. */
function listen(kept: number): {
  readonly listener: TrainingListener;
  readonly shown: () => RunProgress;
  readonly keeps: readonly Reached[];
} {
  const curve: readonly CurvePoint[] = Array.from({ length: kept }, (_, at) => ({ loss: at + 1, accuracy: 0.5 }));
  const keeps: Reached[] = [];
  let shown: RunProgress = {};
  const listener = hearTraining({
    from: { checkpoint: new Uint8Array(0), curve },
    show: (progress) => void (shown = { ...shown, ...progress }),
    note: () => undefined,
    keep: (reached) => void keeps.push(reached),
    goesOn: () => undefined,
  });
  return { listener, shown: () => shown, keeps };
}

const lossesOf = ({ curve = [] }: RunProgress | Reached): readonly number[] => curve.map(({ loss }) => loss);
const curveFrom = (first: number, losses: readonly number[]): TrainEvent => ({
  kind: "curve",
  first,
  losses: Float32Array.from(losses),
  accuracies: Float32Array.from(losses, () => 0.5),
});
const checkpoint = (step: number): TrainEvent => ({ kind: "checkpoint", step, checkpoint: Uint8Array.of(1) });

test("a stopped training that is found again has all of its steps, those that were to come as well", () => {
  const { listener, shown } = listen(0);
  for (const event of [curveFrom(1, [1, 2, 3]), stepEvent(3, 50), checkpoint(3)]) listener.hear(event);
  listener.hear({ kind: "judging", done: 0, count: 9 });
  expect(shown()).toMatchObject({ phase: "judging", steps: 50, judging: { done: 0, count: 9 } });
  expect(lossesOf(shown())).toEqual([1, 2, 3]);
});

test("steps stand at their places: what is beyond is cut, what the page never had is a gap", () => {
  const longer = listen(5);
  longer.listener.hear(curveFrom(3, [30, 40]));
  longer.listener.end();
  expect(lossesOf(longer.shown())).toEqual([1, 2, 30, 40]);
  const shorter = listen(1);
  for (const event of [curveFrom(4, [4, 5]), stepEvent(5, 50), checkpoint(5)]) shorter.listener.hear(event);
  shorter.listener.end();
  expect(lossesOf(shorter.shown())).toEqual([1, Number.NaN, Number.NaN, 4, 5]);
  expect(lossesOf(shorter.keeps[0])).toEqual([1, Number.NaN, Number.NaN, 4, 5]);
  const without = listen(1);
  without.listener.hear(stepEvent(3, 50));
  without.listener.end();
  expect(lossesOf(without.shown())).toEqual([1, Number.NaN, 3]);
});

test("it is known how many steps were done before", () => {
  const { listener } = listen(3);
  expect(listener.engine().before).toBe(0);
  listener.hear(startEvent(3));
  expect(listener.engine()).toMatchObject({ before: 3, words: expect.stringMatching(/./) });
});
