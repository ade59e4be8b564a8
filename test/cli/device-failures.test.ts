import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readCheckpoint } from "../../src/train/node/files.ts";
import { canFail, makeFailingDriver } from "../support/failing-driver.ts";
import { writePictures } from "../support/picture-folders.ts";
import { kinds } from "../support/pictures.ts";
import { startServeCommand, workersOf } from "../support/serve-command.ts";
import { hasAdapter } from "../support/software-adapter.ts";
import { runCommand } from "./run.ts";

/** Generous: it ends a hang, nothing else. */
const timeout = 600_000;

const isThere = await hasAdapter();
const training = "train --data pictures --model resnet8 --batch-size 8 --no-store --device webgpu".split(" ");

describe.runIf(isThere && canFail())("a device that fails", { timeout }, () => {
  let folder: string;
  let driver: ReturnType<typeof makeFailingDriver>;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "residua-failing-"));
    driver = makeFailingDriver(folder);
    await writePictures(join(folder, "pictures"), 6, 8);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const sentences = (stderr: string): readonly string[] =>
    stderr.split("\n").filter((line) => line.startsWith("residua: "));

  test("one that is lost in mid-training keeps the checkpoint and says so in a sentence", async () => {
    const last = join(folder, "lost-training", "last.safetensors");
    const args = [...training, "--epochs", "500", "--image-size", "8", "--out", "lost-training"];
    const running = runCommand(args, folder, driver.env);
    while (!existsSync(last)) if ((await Promise.race([running, setTimeout(50)])) !== undefined) break;
    writeFileSync(driver.sign, "");
    const { code, stderr } = await running;
    const { place, recipe } = (await readCheckpoint(last)).notes;
    expect(sentences(stderr)).toEqual([
      `residua: device: webgpu was lost: its driver was reset, or it was removed; the training is kept up to step ${place.step}; continue it with --resume ${join("lost-training", "last.safetensors")}`,
    ]);
    expect([code, place.step > 0, place.epochs.length < recipe.epochs]).toEqual([1, true, true]);
    rmSync(driver.sign);
  });

  test("one whose memory is less than a step takes says so, and what to do", async () => {
    const args = [...training, "--epochs", "1", "--image-size", "64", "--out", "no-memory"];
    const { code, stderr } = await runCommand(args, folder, { ...driver.env, MEMORY_LIMIT: "24000000" });
    expect(sentences(stderr)).toEqual([
      "residua: device: webgpu ran out of memory; use a smaller batch, or end what else computes there",
    ]);
    expect([code, existsSync(join(folder, "no-memory", "last.safetensors"))]).toEqual([1, false]);
  });

  test("a batch that is too large for a buffer is refused before the training, with the limit", async () => {
    const args = [...training, "--epochs", "1", "--image-size", "320", "--out", "too-large"];
    const { code, stderr } = await runCommand(args, folder, { ...driver.env, MEMORY_LIMIT: "140000000" });
    const [sentence] = sentences(stderr);
    const [, tensor, limit, most] =
      /--batch-size: 8 makes a tensor of (\d+) MiB, and the device takes at most (\d+) MiB in one buffer; take a batch of at most (\d+); --accumulate keeps the images of a step$/
        .exec(sentence)!
        .map(Number);
    expect([code, sentences(stderr).length]).toEqual([2, 1]);
    expect(limit).toBeLessThan(140);
    expect(limit).toBeGreaterThanOrEqual(128);
    expect(most).toBe(Math.floor((8 * limit) / tensor));
  });

  test("a server answers as on the processor, and when its device is lost, another worker takes over", async () => {
    const picture = join(folder, "pictures", kinds[0], "00.png");
    const image = await readFile(picture);
    const serving = await startServeCommand(["digits", "--device", "webgpu", "--port", "0"], 1, driver.env);
    const workers = await workersOf(serving.pid);
    expect(workers).toHaveLength(1);
    const ask = async (): Promise<Response> =>
      fetch(`${serving.addresses[0]}/v1/models/digits/predict`, {
        method: "POST",
        body: image,
        headers: { "content-type": "image/png" },
      });
    const { stdout } = await runCommand(["predict", "--model", "digits", picture, "--json"], folder);
    const [{ predictions: wanted }] = JSON.parse(stdout).results;
    const expectAnswer = async (): Promise<void> => {
      const answer = await ask();
      const { predictions } = (await answer.json()) as { readonly predictions: readonly { probability: number }[] };
      expect([answer.status, predictions[0].probability]).toEqual([200, expect.closeTo(wanted[0].probability, 5)]);
    };
    await expectAnswer();
    writeFileSync(driver.sign, "");
    const lost = await ask();
    expect([lost.status, await lost.json()]).toEqual([
      500,
      { error: expect.stringMatching(/^device: webgpu was lost/) },
    ]);
    rmSync(driver.sign);
    while (!serving.said().includes("The new worker was ready")) await setTimeout(50);
    expect(await workersOf(serving.pid)).not.toEqual(workers);
    await expectAnswer();
  });
});
