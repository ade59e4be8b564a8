import { expect, test } from "vitest";
import { inLanguage } from "../../../report/words.ts";
import { describeKeeping } from "./keeping.ts";

const training = { phase: "training", isKept: false, curve: [] } as const;
const notKept = "it is lost when the page is left";
const said = (known: Parameters<typeof describeKeeping>[0]): readonly string[] =>
  describeKeeping(known).map(({ words }) => inLanguage(words, "en"));

test("of a native training that this tab does not keep, one thing is said: where it goes on, and what is not kept", () => {
  const [one, ...others] = said({ ...training, job: "id", notKept, keptSteps: 3 });
  expect(one).toMatch(/^It goes on in the server .* is listed here .* checkpoint is not kept/);
  expect(others).toEqual([]);
  expect(said({ ...training, phase: "ended", job: "id", notKept })).toEqual([]);
});

test("of the others: that they are lost, or from where they go on", () => {
  expect(said({ ...training, notKept, keptSteps: 3 })).toEqual([notKept]);
  expect(said({ ...training, keptSteps: 3 })).toEqual([expect.stringMatching(/^Kept up to step 3: after a reload/)]);
  expect(said({ ...training, job: "id", keptSteps: 3 })).toEqual([
    expect.stringMatching(/^It goes on in the server .* is found again here/),
    expect.stringMatching(/^Kept up to step 3: should the server end/),
  ]);
  expect(describeKeeping({ ...training, phase: "ready", isKept: true })).toMatchObject([{ isOffer: true }]);
});
