import { expect, test } from "vitest";
import type { Session } from "../runtime/runtime.ts";
import { WeightsError } from "../tensor/errors.ts";
import { float32 } from "../tensor/tensor.ts";
import { createEchoSession } from "../../test/support/echo-session.ts";
import { scoreFinitely, scoreImages } from "./scores.ts";

function countDisposals(): { readonly session: Session; readonly disposed: () => number } {
  let disposed = 0;
  return { session: createEchoSession(() => void disposed++), disposed: () => disposed };
}

test("scores come with their shape, and their memory is given back", async () => {
  const { session, disposed } = countDisposals();
  const { data, shape } = await scoreFinitely(session, float32([1, 2], [3, -4]));
  expect([...data]).toEqual([3, -4]);
  expect(shape).toEqual([1, 2]);
  expect(disposed()).toBe(1);
});

test.each([Number.NaN, Infinity, -Infinity])(
  "an answer is not made of %f; measuring a changed network is",
  async (wrong) => {
    const { session, disposed } = countDisposals();
    const images = float32([2, 2], [1, 2, 3, wrong]);
    const refused = scoreFinitely(session, images);
    await expect(refused).rejects.toThrow(WeightsError);
    await expect(refused).rejects.toThrow(
      `network: gives ${wrong} as a score, must give finite numbers; its weights are damaged`,
    );
    expect([...(await scoreImages(session, images)).data]).toEqual([1, 2, 3, wrong]);
    expect(disposed()).toBe(2);
  },
);
