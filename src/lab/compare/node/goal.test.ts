import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { LabelledImages } from "../../../data/labelled-images.ts";
import type { JobContext } from "../../../jobs/job.ts";
import { randomStream } from "../../../tensor/random.ts";
import type { CompareEvent, CompareJob } from "./job.ts";
import { comparisonRecipe } from "../standard-comparison.ts";
import { compareNetworks } from "./perform.ts";

/** Noise of two classes: an accuracy of 1 is not reached. */
function drawImages(): LabelledImages {
  const stream = randomStream(1, "goal");
  const part = (count: number) => ({
    images: Uint8Array.from({ length: count * 64 }, () => stream.integer(256)),
    labels: Uint8Array.from({ length: count }, (_, index) => index % 2),
  });
  const { images, labels } = part(16);
  return { images, labels, test: part(40), channels: 1, height: 8, width: 8, classes: ["a", "b"] };
}

test("a run that is interrupted on the way to an accuracy goes on with its tests and times", async () => {
  const folder = mkdtempSync(join(tmpdir(), "residua-goal-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const job = (name: string): CompareJob => ({
    runs: [{ depth: 8, shortcut: "pad", seed: 0, model: "resnet8" }],
    data: "noise",
    images: drawImages(),
    recipe: { ...comparisonRecipe, epochs: 2, batch: 2 },
    cache: join(folder, "cache"),
    lowering: "portable",
    session: { threads: 1, graphOptimization: "disabled" },
    workers: 0,
    checkpoints: [join(folder, name)],
    until: 1,
  });
  const events: CompareEvent[] = [];
  const context = (stopAfter: number): JobContext<CompareEvent> => {
    let asked = 0;
    return { report: (event) => void events.push(event), shouldStop: async () => asked++ >= stopAfter };
  };
  const [whole] = (await compareNetworks(job("whole"), context(Infinity))).runs;
  // Eight steps per epoch, a test after every second one.
  const steps = [2, 4, 6, 8, 10, 12, 14, 16];
  expect(whole.goal).toMatchObject({ reached: false, steps: 16, budget: 16, imagesPerStep: 2 });
  expect(whole.goal!.tests.map(({ step }) => step)).toEqual(steps);
  expect(events.filter(({ kind }) => kind === "test")).toHaveLength(8);
  expect((await compareNetworks(job("parts"), context(5))).runs).toEqual([]);
  events.length = 0;
  const [resumed] = (await compareNetworks(job("parts"), context(Infinity))).runs;
  expect(resumed.goal!.tests).toEqual(whole.goal!.tests);
  expect(resumed.testAccuracy).toBe(whole.testAccuracy);
  expect(events.filter(({ kind }) => kind === "test")).toHaveLength(6);
  // The first steps' times are kept with them.
  const times = resumed.curve.map(({ milliseconds }) => milliseconds ?? Number.NaN);
  expect(times.every((time) => time > 0)).toBe(true);
  expect(resumed.goal!.seconds).toBeCloseTo(times.reduce((sum, time) => sum + time, 0) / 1000, 9);
});
