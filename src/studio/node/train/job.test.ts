import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parseStoreAddress } from "../../../store/address.ts";
import { listRuns, openRunStore } from "../../../store/run-store.ts";
import type { Run } from "../../../store/run.ts";
import type { RecordOptions } from "../../../train/node/record.ts";
import type { ComputedEvent, TrainJob } from "../../engine.ts";
import { createRunningJobs, type RunningJob } from "../running-jobs.ts";
import { trainingJob } from "./job.ts";

const pixels = (count: number): Uint8Array => new Uint8Array(count * 3 * 32 * 32).map((_, at) => (at * 7) % 251);
const labels = [0, 1, 0, 1, 0, 1, 0, 1];
const long: TrainJob = {
  choice: { depth: 8, shortcut: "pad", size: 32, epochs: 500, rate: 0.05, seed: 0 },
  name: "noise",
  classes: ["a", "b"],
  images: pixels(labels.length),
  labels,
  test: { images: pixels(2), labels: [0, 1] },
};

/** Where runs are recorded, and what reads them. */
async function recordSomewhere(): Promise<{
  readonly record: RecordOptions;
  readonly read: () => Promise<readonly Run[]>;
}> {
  const folder = await mkdtemp(join(tmpdir(), "residua-training-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "runs.db");
  const open = (): ReturnType<typeof openRunStore> => openRunStore(parseStoreAddress(path));
  const project = { path: folder, artifacts: join(folder, "artifacts"), unsent: join(folder, "unsent") };
  const record = { open, project, store: path, unsentFolder: project.unsent, say: () => undefined };
  const read = async (): Promise<readonly Run[]> => {
    const store = await open();
    onTestFinished(() => store.close());
    return listRuns(store);
  };
  return { record, read };
}

/** Starts a training that is past its first step. */
async function begin(
  record: RecordOptions,
  jobs: ReturnType<typeof createRunningJobs>,
): Promise<{ readonly training: RunningJob; readonly told: readonly string[] }> {
  const told: string[] = [];
  const hear = (event: unknown): void => void told.push((event as ComputedEvent).kind);
  const training = jobs.reserve("training", 0).start(trainingJob(record).check(long), hear);
  training.result.catch(() => undefined);
  await expect.poll(() => told, { timeout: 60_000 }).toContain("step");
  return { training, told };
}

test("a training that ends with the server is stopped after its step, and its network is recorded", async () => {
  const { record, read } = await recordSomewhere();
  const jobs = createRunningJobs();
  const { training, told } = await begin(record, jobs);
  await jobs.endAll();
  expect(await training.result).toMatchObject({ status: "stopped", judgement: { scores: expect.any(Float32Array) } });
  expect(told.at(-1)).toBe("judging");
  const [run] = await read();
  expect(run).toMatchObject({ status: "stopped", result: { steps: run.steps, processorSeconds: expect.any(Number) } });
});

test("one that is ended at once on request is recorded as stopped", async () => {
  const { record, read } = await recordSomewhere();
  const jobs = createRunningJobs();
  const { training } = await begin(record, jobs);
  training.kill();
  await expect(training.result).rejects.toThrow("training process: was ended, as asked");
  await jobs.endAll();
  expect(await read()).toMatchObject([{ status: "stopped", reason: expect.stringContaining("as asked") }]);
});

test("one that is ended since something is wrong with it is recorded as crashed, with what that is", async () => {
  const { record, read } = await recordSomewhere();
  const jobs = createRunningJobs();
  const { training } = await begin(record, jobs);
  training.kill(new Error("said nothing"));
  await jobs.endAll();
  expect(await read()).toMatchObject([{ status: "crashed", reason: "said nothing" }]);
});
