import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { encodePng } from "../src/files/png.ts";
import { cutNetwork } from "../src/lab/lesion/node/perform.ts";
import { createModel } from "../src/nn/models.ts";
import { encodeCheckpointChunks } from "../src/train/checkpoint.ts";
import { noiseState } from "./support/noise.ts";
import { exampleNotes } from "./support/training.ts";

const SIDE = 8;

/** Two classes of images, 25 each to be tested on: 50 are no multiple of the 32 that paths are measured with. */
function writeImages(folder: string): void {
  for (const [part, count] of [
    ["train", 2],
    ["test", 25],
  ] as const) {
    for (const label of [0, 1]) {
      const place = join(folder, part, `class${label}`);
      mkdirSync(place, { recursive: true });
      for (let index = 0; index < count; index++) {
        const samples = Uint8Array.from({ length: SIDE * SIDE }, (_, at) => (at * (index + 3) + 90 * label) % 256);
        writeFileSync(join(place, `${index}.png`), encodePng({ width: SIDE, height: SIDE, channels: 1, samples }));
      }
    }
  }
}

test("lesions are measured on any number of test images, path gradients on whole batches of them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "residua-lesion-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeImages(join(folder, "photos"));
  const options = { shortcut: "pad", channels: 1, classes: 2 } as const;
  const network = {
    model: { name: "resnet8", options },
    imageShape: [1, SIDE, SIDE],
    data: join(folder, "photos"),
    classes: ["class0", "class1"],
    normalization: { mean: [0.5], deviation: [0.3] },
  } as const;
  const state = noiseState(createModel("resnet8", options).module, 0);
  const file = join(folder, "net.safetensors");
  writeFileSync(file, Buffer.concat(encodeCheckpointChunks({ notes: { ...exampleNotes, network }, state })));
  const study = await cutNetwork(
    {
      file,
      cache: join(folder, "cache"),
      images: 1000,
      pathSamples: 64,
      scope: { draws: 1, limit: 4, seed: 0 },
      wish: {},
      journal: join(folder, "points.json"),
      session: { threads: 1 },
    },
    { report: () => undefined, shouldStop: async () => false },
  );
  expect([study.status, study.images, study.paths.length]).toEqual(["done", 50, 4]);
  expect(study.paths.every(({ gradient }) => Number.isFinite(gradient) && gradient >= 0)).toBe(true);
});
