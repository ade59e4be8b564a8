import { expect, test } from "vitest";
import type { Host, Job, RunOptions } from "../../src/jobs/job.ts";
import { runInWorker, type WorkerJob } from "../../src/jobs/web/worker.ts";
import { hostSuite, type TestOrder } from "./host-suite.ts";

const open = (): Worker => new Worker(new URL("./web-worker.ts", import.meta.url), { type: "module" });

const host: Host = <Input, Event, Result>(
  { name }: Job<Input, Event, Result>,
  input: unknown,
  options?: RunOptions<Event>,
) => {
  const row: WorkerJob<TestOrder, Event, Result> = { name, worker: open };
  return runInWorker(row, { job: name as TestOrder["job"], input }, options);
};

hostSuite("a worker", host, { isRemote: true });

test("a worker hands the result's buffers over instead of copying them", async () => {
  const worker = open();
  const left = new Promise((resolve) => {
    worker.addEventListener("message", ({ data }) => data.left !== undefined && resolve(data.left));
  });
  // Keeps the worker alive until it has said what is left.
  worker.terminate = () => undefined;
  const row: WorkerJob<TestOrder, unknown, Float32Array> = { name: "buffer", worker: () => worker };
  expect(await runInWorker(row, { job: "buffer", input: 3 }).result).toEqual(Float32Array.of(2.5, 2.5, 2.5));
  expect(await left).toBe(0);
  Worker.prototype.terminate.call(worker);
});

test("a worker module that cannot be loaded is explained in one line", async () => {
  const worker = (): Worker => new Worker("/none-such.js", { type: "module" });
  const { result } = runInWorker({ name: "training", worker }, {});
  await expect(result).rejects.toThrow(/^training worker: [^\n]+$/);
});

test("a worker of ONNX Runtime's threads is left alone", async () => {
  const worker = new Worker(new URL("./web-worker.ts", import.meta.url), { type: "module", name: "em-pthread-1" });
  const heard: unknown[] = [];
  const isLoaded = new Promise<void>((resolve) => {
    worker.addEventListener("message", ({ data }) => (heard.push(data), heard.length === 2 && resolve()));
  });
  await isLoaded;
  worker.postMessage({ residua: { kind: "start", input: { job: "echo", input: 1 } } }, { transfer: [] });
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(heard).toHaveLength(2);
  worker.terminate();
});
