import { expect, test } from "vitest";
import { type LandscapeStudy, type LossPlane, summarizeLandscape } from "./study.ts";

const at = [-1, -0.5, 0, 0.5, 1];

/** A study whose line and plane have these losses; undefined was not measured. */
function studyOf(losses: readonly (number | undefined)[], onPlane: readonly (number | undefined)[]): LandscapeStudy {
  const lossOf = (loss: number | undefined): number => loss ?? Number.NaN;
  const errorOf = (loss: number | undefined): number => (loss === undefined ? Number.NaN : 0.5);
  const plane: LossPlane = {
    xs: [-1, 1],
    ys: [-1, 1],
    loss: [onPlane.slice(0, 2).map(lossOf), onPlane.slice(2).map(lossOf)],
    error: [onPlane.slice(0, 2).map(errorOf), onPlane.slice(2).map(errorOf)],
  };
  return {
    label: "net",
    data: "d",
    images: 10,
    seed: 0,
    radius: 1,
    status: [...losses, ...onPlane].includes(undefined) ? "stopped" : "done",
    line: { at, loss: losses.map(lossOf), error: losses.map(errorOf) },
    plane,
  };
}

const said = (study: LandscapeStudy): string =>
  summarizeLandscape(study)
    .sentences.map(({ en }) => en)
    .join(" ");
const nothing = [undefined, undefined, undefined, undefined];

test("a study that was stopped before the network itself says how much was measured, and nothing else", () => {
  const study = studyOf([2, 1, undefined, undefined, undefined], nothing);
  expect(said(study)).toBe(
    "Of the line, 2 of 5 points were measured: too early to tell. Of the plane, 0 of 4 points were measured: too early to tell.",
  );
  expect(Object.keys(summarizeLandscape(study))).toEqual(["sentences"]);
});

test("a line that is half measured has no verdict, one that is whole has, whatever the plane lacks", () => {
  const half = said(studyOf([2, 1.1, 1, 1.1, undefined], nothing));
  expect(half).toMatch(/^net has loss 1\. Of the line, 4 of 5 points/);
  expect(half).not.toMatch(/rise|risen|%/);
  const whole = said(studyOf([2, 1.1, 1, 1.1, 1.2], [1.2, undefined, undefined, undefined]));
  expect(whole).toBe(
    "net has loss 1. Along the line, the loss has risen by 0.5 at 1 times each filter's norm. Of the plane, 1 of 4 points were measured: too early to tell.",
  );
});

test("a loss that was measured and is not finite has risen, on the line and on the plane", () => {
  const study = studyOf([1.1, Number.NaN, 1, 1.1, Infinity], [1.2, Number.NaN, Infinity, 1.4]);
  expect(summarizeLandscape(study)).toMatchObject({ loss: 1, reach: 0.5, flatShare: 0.5 });
});

test("a network whose own loss is not finite has nothing above it", () => {
  const study = studyOf([1, 1, Number.NaN, 1, 1], [1, 1, 1, 1]);
  expect(said(study)).toBe("The loss of net is not a finite number: nothing around it can be said to be higher.");
});
