import * as ort from "onnxruntime-web/wasm";
import { expect, test } from "vitest";
import { portableChoices } from "../../src/compile/portable/choices.ts";
import { createPortableLowering } from "../../src/compile/portable/lowering.ts";
import { createWebRuntime } from "../../src/runtime/web.ts";
import { trainLane } from "../../src/studio/train-lane.ts";
import { loadDigits } from "../../src/studio/web/load-digits.ts";
import { expectRecorded, recordedJob, recordedRaces } from "../support/recorded-race.ts";

// The native engine is held to the same losses by native-engine.test.ts.
test.each(recordedRaces)("the page's engine gives a race's recorded losses, $shortcut", async (race) => {
  const digits = await loadDigits(new URL("../../studio/public/digits.png", import.meta.url).href);
  const losses: number[] = [];
  const host = {
    runtime: createWebRuntime({ ort, threads: 1 }),
    lowering: createPortableLowering(portableChoices.wasm),
    session: { executionProviders: ["wasm"] },
  };
  const { status } = await trainLane(recordedJob(race), digits, host, {
    report: (event) => event.kind === "step" && losses.push(event.step.loss),
    shouldStop: async () => losses.length === race.steps,
  });
  expect(status).toBe("stopped");
  expectRecorded(race, losses);
});
