import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { FreshTraining } from "../../../train/node/job.ts";
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

const draw = (images: number, meaning: "instances" | "classes" = "instances"): Promise<unknown> =>
  drawFolder(data, { images, seed: 1, height: 20, width: 24, cells: 2, radius: [4, 5], channels: 1, meaning });
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
