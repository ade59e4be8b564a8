import { serveJob } from "../../../jobs/node/child-process.ts";
import { createNodeRuntime } from "../../../runtime/node.ts";
import { setUpInMemory } from "../../../tasks/classify/set-up-in-memory.ts";
import { chooseLowering } from "../../../train/lowering.ts";
import { type MemoryHost, performInMemory } from "../../../train/perform-in-memory.ts";
import { toMemoryJob } from "../../train-job.ts";
import type { trainingChild } from "./job.ts";

async function openHost(): Promise<MemoryHost> {
  const runtime = createNodeRuntime();
  return { runtime, session: {}, chosen: await chooseLowering(runtime, "auto") };
}

serveJob<typeof trainingChild>(async (job, context) => {
  const whole = toMemoryJob(job, (text) => context.report({ kind: "note", text }));
  const { status, reason, onnx, place } = await performInMemory(whole, openHost, context, setUpInMemory);
  return { status, steps: place.step, onnx, ...(reason === undefined ? {} : { reason }) };
});
