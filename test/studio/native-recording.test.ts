import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright";
import { expect, onTestFinished, test } from "vitest";
import { artifactPath, contentIdOf } from "../../src/store/artifacts.ts";
import { parseStoreAddress } from "../../src/store/address.ts";
import type { Run } from "../../src/store/run.ts";
import { listRuns, openRunStore, readArtifacts, readMetricPages, type RunStore } from "../../src/store/run-store.ts";
import { serveSite, type SiteServer } from "../../src/studio/node/serve-site.ts";
import type { RecordOptions } from "../../src/train/node/record.ts";
import { makePictures } from "../support/image-folder.ts";
import { findViolations, useStudioSite } from "../support/studio-site.ts";

const { newPage } = useStudioSite();
const press = (page: Page, name: string): Promise<void> => page.getByRole("button", { name, exact: true }).click();

/** A server that records into a store which is not there yet, and what reads it. */
async function serveRecorded(): Promise<{
  readonly server: SiteServer;
  readonly read: () => Promise<RunStore>;
  readonly artifacts: string;
  readonly told: readonly string[];
}> {
  const folder = await mkdtemp(join(tmpdir(), "residua-recorded-"));
  const path = join(folder, "runs.db");
  const told: string[] = [];
  const open = (): Promise<RunStore> => openRunStore(parseStoreAddress(path));
  const project = { path: folder, artifacts: join(folder, "artifacts"), unsent: join(folder, "unsent") };
  const say = (text: string): void => void told.push(text);
  const record: RecordOptions = { open, project, store: path, unsentFolder: project.unsent, say };
  let opened: RunStore | undefined;
  const read = async (): Promise<RunStore> => (opened ??= await open());
  const server = await serveSite(0, {
    store: { read: async () => (existsSync(path) ? read() : undefined), record },
  });
  onTestFinished(async () => {
    await server.close();
    await opened?.close();
    await rm(folder, { recursive: true });
  });
  return { server, read, artifacts: project.artifacts, told };
}

/** What the result of a training on the command line has that was stopped. */
const resultFields = ["imagesPerSecond", "lowering", "mainMeasure", "processorSeconds", "steps"];

/** Waits until the store has runs that ended so, the latest first. */
async function waitForRuns(read: () => Promise<RunStore>, ended: readonly Run["status"][]): Promise<void> {
  const statuses = async (): Promise<readonly Run["status"][]> => (await runsOf(read)).map(({ status }) => status);
  await expect.poll(statuses, { timeout: 60_000 }).toEqual(ended);
}

const runsOf = async (read: () => Promise<RunStore>): Promise<readonly Run[]> => listRuns(await read());

test("native trainings are recorded as residua train records its own, and listed by the page Runs", async () => {
  const { server, read, artifacts, told } = await serveRecorded();
  const page = await newPage();
  // There is no store yet, and nothing in it.
  await page.goto(`${server.firstAddress}#/runs`);
  await press(page, "List the runs of this machine");
  await page.getByText("0 of 0 runs").waitFor();
  await page.goto(`${server.address}#/train?epochs=2&seed=2`);
  await page.locator("input[name=folder]").setInputFiles(await makePictures(8));
  await press(page, "Train");
  await page.getByText(/^\d+ of 6 images held back are right/).waitFor();
  await waitForRuns(read, ["done"]);
  const [done] = await runsOf(read);
  expect(done.result).toMatchObject({ steps: 4, test: { count: 6, measures: { accuracy: expect.any(Number) } } });
  expect(Object.keys(done.summary)).toEqual(expect.arrayContaining(["test/accuracy", "test/loss"]));
  await page.goto(`${server.address}#/train?epochs=400&seed=2`);
  await press(page, "Train from the start");
  await page.getByText(/^Kept up to step ([2-9]|\d\d+):/).waitFor();
  await press(page, "Stop");
  await page.getByText(/^Stopped after \d+ of 800 steps/).waitFor();
  await waitForRuns(read, ["stopped", "done"]);
  const [stopped] = await runsOf(read);
  expect(stopped).toMatchObject({
    command: "studio",
    name: expect.stringMatching(/^resnet8 pad on /),
    seed: 2,
    config: {
      network: { model: { name: "resnet8" }, classes: ["left", "right", "top"] },
      recipe: { epochs: 400, learningRate: 0.05, seed: 2 },
      data: { train: 18, validation: 0, augmentation: expect.stringContaining("flip") },
    },
    environment: { runtime: expect.stringMatching(/^node /), lowering: expect.stringMatching(/^blocked|^portable/) },
    result: { steps: stopped.steps, mainMeasure: "accuracy" },
    parentId: null,
    folder: null,
  });
  expect(Object.keys(stopped.result as object).toSorted()).toEqual(resultFields);
  const steps: number[] = [];
  for await (const points of readMetricPages(await read(), stopped.id, "loss"))
    steps.push(...points.map(({ step }) => step));
  expect(steps).toEqual(Array.from({ length: stopped.steps }, (_, at) => at + 1));
  expect(Object.keys(stopped.summary).toSorted()).toEqual(
    expect.arrayContaining(["accuracy", "epoch/loss", "gradient-norm", "images-per-second", "learning-rate", "loss"]),
  );
  // The network that the page gives is the one that is kept.
  const [onnx] = await Promise.all([page.waitForEvent("download"), press(page, "Download ONNX")]);
  const bytes = await onnx.createReadStream().then((stream) => stream.toArray());
  const { sha256 } = contentIdOf(Buffer.concat(bytes));
  const kept = await readArtifacts(await read(), stopped.id);
  expect(kept).toContainEqual(expect.objectContaining({ name: "model.onnx", sha256 }));
  expect(existsSync(artifactPath(artifacts, sha256))).toBe(true);

  // What goes on is a run of its own, whose parent is the one that it goes on from.
  await press(page, "Go on");
  await page.getByText(/^Step \d+ of 800, /).waitFor();
  await press(page, "Stop");
  await waitForRuns(read, ["stopped", "stopped", "done"]);
  expect((await runsOf(read))[0]).toMatchObject({ parentId: stopped.id, config: stopped.config });
  expect(told).toEqual([]);

  await page.goto(`${server.address}#/runs`);
  await press(page, "List the runs of this machine anew");
  await page.getByText("1–3 of 3 runs").waitFor();
  for (const box of await page.getByRole("checkbox").all()) await box.check();
  await page.getByRole("img", { name: /^loss, / }).waitFor();
  expect(await findViolations(page)).toEqual([]);
});
