import { expect, test } from "vitest";
import { alone, createMemoryCollectives } from "./collective.ts";
import { gatherTexts, isAnywhere, shareText } from "./exchange.ts";

test("every rank hears what each says, in rank order, whatever the letters", async () => {
  const texts = ["", "größer 二", "x".repeat(300)];
  const heard = await Promise.all(
    createMemoryCollectives(3).map((collective) => gatherTexts(collective, texts[collective.rank])),
  );
  expect(heard).toEqual([texts, texts, texts]);
  expect(await gatherTexts(alone, "only")).toEqual(["only"]);
});

test("every rank hears rank 0 alone", async () => {
  const heard = await Promise.all(
    createMemoryCollectives(2).map((collective) => shareText(collective, `from ${collective.rank}`)),
  );
  expect(heard).toEqual(["from 0", "from 0"]);
});

test("what one rank says holds for all", async () => {
  const ask = (saying: readonly number[]) =>
    Promise.all(createMemoryCollectives(3).map((each) => isAnywhere(each, saying.includes(each.rank))));
  expect(await ask([2])).toEqual([true, true, true]);
  expect(await ask([])).toEqual([false, false, false]);
});
