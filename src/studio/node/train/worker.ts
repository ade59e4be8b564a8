import { serveJob } from "../../../jobs/node/child-process.ts";
import { open } from "../../../node.ts";
import { createNodeRuntime } from "../../../runtime/node.ts";
import { setUpInMemory } from "../../../tasks/classify/set-up-in-memory.ts";
import { classify } from "../../../tasks/classify/task.ts";
import { chooseLowering } from "../../../train/lowering.ts";
import { accuracy } from "../../../train/measure.ts";
import type { StartNotes } from "../../../train/memory-job.ts";
import { type MemoryHost, performInMemory } from "../../../train/perform-in-memory.ts";
import type { MemoryRecord } from "../../../train/node/record.ts";
import { rateOf } from "../../../train/rate.ts";
import type { ComputedEvent } from "../../engine.ts";
import { judge } from "../../judge.ts";
import { toMemoryJob } from "../../train-job.ts";
import type { trainingChild } from "./job.ts";

async function openHost(): Promise<MemoryHost> {
  const runtime = createNodeRuntime();
  return { runtime, session: {}, chosen: await chooseLowering(runtime, "auto") };
}

serveJob<typeof trainingChild>(async (job, context) => {
  const before = process.cpuUsage();
  const { choice, classes, test } = job;
  let start: StartNotes | undefined;
  const durations: number[] = [];
  // Of a step, which may take several batches.
  let images = 0;
  const report = (event: ComputedEvent): void => {
    if (event.kind === "start") ({ start } = event);
    if (event.kind === "step") {
      durations.push(event.milliseconds);
      images = event.batch;
    }
    context.report(event);
  };
  const whole = toMemoryJob(job, (text) => report({ kind: "note", text }));
  const trained = await performInMemory(whole, openHost, { ...context, report }, setUpInMemory);
  const { user, system } = process.cpuUsage(before);
  const { place, isUndone: _, weights: __, recipe: ___, ...reached } = trained;
  const outcome: MemoryRecord = {
    ...reached,
    steps: place.step,
    epochs: place.epochs,
    mainMeasure: accuracy.name,
    lowering: start!.notes.engine.lowering,
    imagesPerSecond: rateOf(durations, images),
    processorSeconds: (user + system) / 1e6,
  };
  context.report({ kind: "trained", outcome });
  return judge(
    { onnx: outcome.onnx, choice, classes, test },
    (onnx) => open(onnx, { task: classify.name, name: "network.onnx" }),
    (progress) => report({ kind: "judging", ...progress }),
  );
});
