import { expect, test } from "vitest";
import { readGoldenJson } from "../../test/support/golden.ts";
import { createSchedule, type ScheduleName, scheduleNames } from "./schedules.ts";

const { peak, cases } = readGoldenJson<{
  readonly peak: number;
  readonly cases: readonly { readonly name: ScheduleName; readonly steps: number; readonly rates: readonly number[] }[];
}>("schedules.json");

test.each(cases)("$name over $steps steps has PyTorch's rates", ({ name, steps, rates }) => {
  const schedule = createSchedule(name, peak, steps);
  for (const [step, rate] of rates.entries()) expect(schedule(step)).toBeCloseTo(rate, 12);
});

test("every schedule is compared with PyTorch's, and begins after its warm-up", () => {
  expect(new Set(cases.map(({ name }) => name))).toEqual(new Set(scheduleNames));
  for (const name of scheduleNames) {
    const [warmed, plain] = [createSchedule(name, peak, 13, 3), createSchedule(name, peak, 10)];
    for (let step = 0; step < 10; step++) expect(warmed(step + 3)).toBe(plain(step));
    expect(warmed(0)).toBeLessThan(warmed(2));
  }
});
