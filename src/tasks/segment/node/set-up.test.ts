import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { FreshTraining } from "../../../train/node/job.ts";
import type { TrainingSetup } from "../../../train/node/set-up.ts";
import type { SegmentTrainOptions } from "../train-options.ts";
import { drawFolder } from "./draw-folder.ts";
import { setUpSegmentation } from "./set-up.ts";
import { startSegmentation } from "./start.ts";

let folder: string;
let data: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-set-up-"));
  data = join(folder, "cells");
});
afterEach(() => rm(folder, { recursive: true }));

/** Draws the folder anew: images of one seed are the same, however many there are. */
async function draw(images: number, meaning: "instances" | "classes" = "instances"): Promise<void> {
  await rm(data, { recursive: true, force: true });
  await drawFolder(data, { images, seed: 1, height: 20, width: 24, cells: 2, radius: [4, 5], channels: 1, meaning });
}
const about = (notes: string[]) => ({
  cache: folder,
  engine: { lowering: "", runtime: "" },
  note: (text: string) => void notes.push(text),
});

const fresh = (options: SegmentTrainOptions = {}, start: Partial<FreshTraining> = {}): FreshTraining =>
  startSegmentation({
    start: { modelOptions: { stemWidth: 8 }, data, imageSize: 32, ...start },
    given: new Map([
      ["batch", 2],
      ["epochs", 1],
    ]),
    options: { crop: 16, ...options },
  });

const resume = ({ notes }: Pick<TrainingSetup, "notes">, said: string[] = []): Promise<TrainingSetup> =>
  setUpSegmentation({ path: "last.safetensors", checkpoint: { notes, state: new Map() } }, about(said));

const others =
  'last.safetensors: was trained on other images than "DATA" now has: some were added, removed or renamed; resume on the same data';

test.each([{ limit: undefined }, { limit: 12 }])(
  "a training is resumed on its own images alone, of which it took $limit",
  async ({ limit }) => {
    await draw(20);
    const setup = await setUpSegmentation(fresh({}, limit === undefined ? {} : { limit }), about([]));
    const said: string[] = [];
    const again = await resume(setup, said);
    expect(again.notes).toEqual(setup.notes);
    expect(said).toEqual([]);
    // By a seed that does not change, ten images more make others the test's.
    await draw(30);
    const refused = await resume(setup).catch((error: unknown) => error as Error);
    expect((refused as Error).message.replace(data, "DATA")).toBe(others);
  },
);

test("images that were renamed are others, and some that were removed are counted", async () => {
  await draw(20);
  const setup = await setUpSegmentation(fresh(), about([]));
  for (const part of ["images", "masks"]) await rename(join(data, part, "0003.png"), join(data, part, "new.png"));
  await expect(resume(setup)).rejects.toThrow("some were added, removed or renamed; resume on the same data");
  for (const part of ["images", "masks"]) await rm(join(data, part, "new.png"));
  await expect(resume(setup)).rejects.toThrow(
    `last.safetensors: was trained on 17 images, "${data}" now has 16; resume on the same data`,
  );
});

test("a checkpoint that does not know its images' names is resumed, and says that it cannot tell", async () => {
  await draw(20);
  const { notes } = await setUpSegmentation(fresh(), about([]));
  const { names: _, ...known } = notes.data;
  const said: string[] = [];
  await resume({ notes: { ...notes, data: known } }, said);
  expect(said).toEqual([
    `last.safetensors does not say which images it was trained on; whether "${data}" has the same is not checked`,
  ]);
});

test("classes of one name are refused, for their figures are kept by name", async () => {
  await draw(6, "classes");
  await expect(
    setUpSegmentation(fresh({ target: "classes" }, { classes: ["a", "b", "a"] }), about([])),
  ).rejects.toThrow("classes: must name two or more different classes, got a, b, a");
});

test("a limit that is no number of the images is refused, whatever it is", async () => {
  await draw(6);
  for (const limit of [-1, 0, 2.5, 6])
    await expect(setUpSegmentation(fresh({}, { limit }), about([])), String(limit)).rejects.toThrow(
      `limit: must be from 1 to 5, the number of images, got ${limit}`,
    );
});
