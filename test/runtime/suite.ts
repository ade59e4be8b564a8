import { beforeAll, describe, expect, test } from "vitest";
import type { Runtime, Session } from "../../src/runtime/runtime.ts";
import type { RuntimeCase, RuntimeContext, RuntimePlace } from "./case.ts";
import { dataCases } from "./data-cases.ts";
import { refusalCases } from "./refusal-cases.ts";
import { sessionCases } from "./session-cases.ts";
import { trainingCases } from "./training-cases.ts";

/** Milliseconds. The first case compiles all of ONNX Runtime's WebAssembly, on however slow a machine. */
const PATIENCE = 600_000;

/** All cases. */
const runtimeCases: readonly RuntimeCase[] = [...dataCases, ...sessionCases, ...refusalCases, ...trainingCases];

/** Runs every case over a runtime. */
export function runtimeSuite(
  name: string,
  openRuntime: () => Runtime | Promise<Runtime>,
  { session = {}, lowering, readGolden }: RuntimePlace,
): void {
  describe.each([name])("%s", { timeout: PATIENCE }, () => {
    let runtime: Runtime;
    beforeAll(async () => {
      runtime = await openRuntime();
    });
    test.each(runtimeCases.map((it) => [it.name, it.check] as const))("%s", async (_, check) => {
      expect.hasAssertions();
      const open: Session[] = [];
      const load: RuntimeContext["load"] = async (model, options) => {
        const opened = await runtime.load(model, { ...session, ...options });
        open.push(opened);
        return opened;
      };
      try {
        await check({ runtime, load, lowering, readGolden });
      } finally {
        for (const opened of open) await opened.release();
      }
    });
  });
}
