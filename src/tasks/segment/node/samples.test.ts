import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { drawFolder } from "./draw-folder.ts";
import { openSegmentationSamples } from "./samples.ts";
import { setUpSegmentation } from "./set-up.ts";
import { startSegmentation } from "./start.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-samples-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("images held back of another folder than the training's come with a note", async () => {
  const data = join(folder, "cells");
  await drawFolder(data, {
    images: 20,
    seed: 1,
    height: 20,
    width: 24,
    cells: 2,
    radius: [4, 5],
    channels: 1,
    meaning: "instances",
  });
  const start = startSegmentation({
    start: { modelOptions: { stemWidth: 8 }, data, imageSize: 32 },
    given: new Map([
      ["batch", 2],
      ["epochs", 1],
    ]),
    options: { crop: 16 },
  });
  const about = { cache: folder, engine: { lowering: "", runtime: "" }, note: () => undefined };
  const { notes } = await setUpSegmentation(start, about);
  const network = { card: notes.network, settings: notes.network.task as never };
  const open = async (choice: { readonly data?: string; readonly heldBack?: boolean }) => {
    const said: string[] = [];
    const { count } = await openSegmentationSamples(network, {
      ...choice,
      cache: folder,
      onNote: (note) => void said.push(note),
    });
    return { count, said };
  };
  expect(await open({ heldBack: true })).toEqual({ count: 3, said: [] });
  const moved = join(folder, "moved");
  await rename(data, moved);
  const note = `${moved}: the network was trained on ${data}; taken are the images that a training on this folder keeps`;
  expect(await open({ data: moved, heldBack: true })).toEqual({ count: 3, said: [note] });
  expect(await open({ data: moved })).toEqual({ count: 20, said: [] });
});
