import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { expect, onTestFinished, test } from "vitest";
import type { SetupContext, TrainingSetup } from "../../../train/node/set-up.ts";
import { setUpPlates } from "./set-up.ts";
import { startPlates } from "./start.ts";

const about: SetupContext = { cache: "", engine: { lowering: "", runtime: "" }, note: () => {} };

const resume = ({ notes }: TrainingSetup): Promise<TrainingSetup> =>
  setUpPlates({ path: "last.safetensors", checkpoint: { notes, state: new Map() } }, about);

test("a training for plates is resumed on its own pictures alone", async () => {
  const data = await mkdtemp(join(tmpdir(), "residua-plates-"));
  onTestFinished(() => rm(data, { recursive: true }));
  const picture = await sharp({ create: { width: 48, height: 16, channels: 3, background: "#1846b0" } })
    .png()
    .toBuffer();
  const write = (plate: number): Promise<void> => writeFile(join(data, `京A${10_000 + plate}_0.png`), picture);
  for (let plate = 0; plate < 20; plate++) await write(plate);
  const setup = await setUpPlates(
    startPlates({ start: { modelOptions: {}, data }, given: new Map(), options: {} }),
    about,
  );
  expect((await resume(setup)).notes).toEqual(setup.notes);
  await write(20);
  await expect(resume(setup)).rejects.toThrow(
    `last.safetensors: was trained on other images than "${data}" now has: some were added, removed or renamed; resume on the same data`,
  );
});
