import * as v from "valibot";
import { countingNumber, wholeNumber } from "../../files/schema.ts";
import { OptionError } from "../../tensor/errors.ts";
import type { CurvePoint, GoalOutcome } from "./comparison.ts";

/** How often a run that trains until an accuracy is tested; the last step always is. */
export const TESTS_PER_EPOCH = 4;

/** An outcome as a store has it. */
export const goalOutcomeSchema: v.GenericSchema<unknown, GoalOutcome> = v.strictObject({
  accuracy: v.number(),
  reached: v.boolean(),
  steps: wholeNumber,
  budget: countingNumber,
  imagesPerStep: countingNumber,
  seconds: v.number(),
  tests: v.array(v.strictObject({ step: wholeNumber, accuracy: v.number() })),
});

/** @throws {OptionError} unless it is a share above 0, at most 1 */
export function requireGoal(until: number | undefined): void {
  if (until === undefined || (until > 0 && until <= 1)) return;
  throw new OptionError("until", `must be a share of the test images above 0 and at most 1, such as 0.9, got ${until}`);
}

/** Whether a run is tested after this step, counted from 1. */
export function isTestDue(step: number, plan: { readonly steps: number; readonly stepsPerEpoch: number }): boolean {
  const testsBy = (count: number): number => Math.floor((TESTS_PER_EPOCH * count) / plan.stepsPerEpoch);
  return step === plan.steps || testsBy(step) > testsBy(step - 1);
}

/** What a run's curve, with the durations of its steps and its tests, says of an accuracy. */
export function judgeGoal(
  accuracy: number,
  curve: readonly CurvePoint[],
  plan: { readonly steps: number; readonly imagesPerStep: number },
): GoalOutcome {
  const tests = curve.flatMap(({ step, testAccuracy }) =>
    testAccuracy === undefined ? [] : [{ step, accuracy: testAccuracy }],
  );
  const found = tests.find((test) => test.accuracy >= accuracy);
  const taken = curve.filter(({ step }) => step <= (found?.step ?? plan.steps));
  const steps = found?.step ?? plan.steps;
  const milliseconds = taken.reduce((sum, point) => sum + (point.milliseconds ?? 0), 0);
  return {
    accuracy,
    reached: found !== undefined,
    steps,
    budget: plan.steps,
    imagesPerStep: plan.imagesPerStep,
    // A run that diverged has fewer steps than those that it is counted with.
    seconds: taken.length === 0 ? 0 : ((milliseconds / 1000) * steps) / taken.length,
    tests,
  };
}
