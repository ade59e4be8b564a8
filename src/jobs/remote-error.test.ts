import { expect, test } from "vitest";
import * as errors from "../tensor/errors.ts";
import { describeError, restoreError } from "./remote-error.ts";

const classes = Object.entries(errors).flatMap(([name, value]) =>
  value === errors.ResiduaError || value.prototype instanceof errors.ResiduaError ? [[name, value] as const] : [],
) as unknown as readonly (readonly [string, typeof errors.ResiduaError])[];

test("there are errors to send", () => expect(classes.length).toBeGreaterThan(8));

test.each(classes)("%s comes back as itself, with its place, its words and its stack", (name, ErrorClass) => {
  const thrown = new ErrorClass('layer1.0: "a: b"', "is 3, must be 4: \u001b[31m; take 4");
  const restored = restoreError(JSON.parse(JSON.stringify(describeError(thrown))));
  expect(restored.constructor).toBe(ErrorClass);
  const { message, where, detail } = thrown;
  expect(restored).toMatchObject({ name, message, where, detail, cause: thrown.stack });
});
