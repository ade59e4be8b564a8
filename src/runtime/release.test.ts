import { expect, test } from "vitest";
import { releaseAll, releaseOnFailure } from "./release.ts";

const fail = (words: string) => async (): Promise<void> => {
  throw new Error(words);
};

test("one that cannot be released keeps none after it from being released; its error is passed on", async () => {
  const released: string[] = [];
  const all = [
    () => void released.push("a"),
    fail("b is stuck"),
    fail("c is stuck"),
    async () => void released.push("d"),
  ];
  await expect(releaseAll(all)).rejects.toThrow("b is stuck");
  expect(released).toEqual(["a", "d"]);
  await expect(releaseAll([])).resolves.toBeUndefined();
});

test("what is held is released if the rest cannot be made, whose error stands", async () => {
  let released = 0;
  const held = { release: async () => void released++ };
  expect(await releaseOnFailure(held, () => 7)).toBe(7);
  expect(released).toBe(0);
  await expect(releaseOnFailure(held, fail("no memory"))).rejects.toThrow("no memory");
  expect(released).toBe(1);
  await expect(releaseOnFailure({ release: fail("is stuck") }, fail("no memory"))).rejects.toThrow("no memory");
});
