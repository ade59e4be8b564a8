import { expect, test } from "vitest";
import { runInline } from "../../src/jobs/inline.ts";
import { hostSuite } from "./host-suite.ts";

hostSuite("the calling thread", runInline, { isRemote: false });

test("a job in the calling thread lets timers in between its steps", async () => {
  const running = runInline(
    {
      name: "wait",
      run: async (_: undefined, { shouldStop }) => {
        while (!(await shouldStop()));
        return "stopped";
      },
    },
    undefined,
  );
  setTimeout(running.stop, 10);
  expect(await running.result).toBe("stopped");
});
