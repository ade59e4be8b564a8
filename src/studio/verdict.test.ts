import { expect, test } from "vitest";
import { judgeRace } from "./verdict.ts";

const say = (...networks: Parameters<typeof judgeRace>[0]): readonly string[] =>
  judgeRace(networks, 10).map((words) => (typeof words === "string" ? words : words.en));

test("one seed tells nothing but that a network guesses", () => {
  expect(
    say({ name: "plain-56", correct: [104], count: 1000 }, { name: "pad-56", correct: [712], count: 1000 }),
  ).toEqual([
    "plain-56: no better than guessing, which gets 10.0 % right.",
    "One seed: not enough to tell how much of a difference is the seed's. Train 4 more.",
  ]);
});

test("five seeds are tested against the first network, in pairs, corrected after Holm", () => {
  const plain = { name: "plain-56", correct: [100, 110, 98, 105, 120], count: 1000 };
  const pad = { name: "pad-56", correct: [700, 720, 690, 705, 715], count: 1000 };
  // By hand: differences 0.600, 0.610, 0.592, 0.600, 0.595; mean 0.5994, standard error 0.00306, times t₀.₉₇₅(4) = 2.776 is 0.0085.
  expect(say(plain, pad)[0]).toBe("pad-56 is 59.9 points above plain-56 (95 % interval 59.1 to 60.8, p < 0.001).");
  expect(say(plain, pad).at(-1)).toBe("5 seeds, paired t tests against plain-56, corrected after Holm.");
});

test("five seeds that disagree are not enough to tell", () => {
  const a = { name: "pad-20", correct: [700, 690, 710, 705, 695], count: 1000 };
  const b = { name: "project-20", correct: [695, 700, 700, 715, 690], count: 1000 };
  expect(say(a, b)[0]).toMatch(/^project-20 and pad-20: not enough to tell \(95 % interval of the difference −\d/);
});

test("a network alone is compared with nothing", () => {
  expect(say({ name: "pad-8", correct: [500], count: 1000 })).toEqual([]);
});
