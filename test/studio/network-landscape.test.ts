import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import { zipSync } from "fflate";
import { expect, onTestFinished, test } from "vitest";
import { buildInference, toModel } from "../../src/compile/inference.ts";
import { evaluationBatches } from "../../src/data/batches.ts";
import { measurePoint } from "../../src/lab/landscape/points.ts";
import { openStudyNetwork } from "../../src/lab/node/open-study.ts";
import { initializeState } from "../../src/nn/initialization.ts";
import { createModel } from "../../src/nn/models.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import { createNodeRuntime } from "../../src/runtime/node.ts";
import { findViolations, useStudioSite } from "../support/studio-site.ts";

const { address, openPage } = useStudioSite();

const side = 8;
const images = Array.from({ length: 10 }, (_, image) =>
  Uint8Array.from({ length: side * side }, (__, at) => (37 * at + 91 * image) % 256),
);

test("the loss around a network is measured point by point, stopped, gone on with, and drawn as reports draw it", async () => {
  const { module } = createModel("resnet8", { channels: 1, shortcut: "pad" });
  const graph = buildInference(module, [1, side, side], initializeState(module, 0));
  const folder = await mkdtemp(join(tmpdir(), "landscape-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "small.onnx");
  await writeFile(file, encodeModel(toModel(graph)));
  const { page, faults } = await openPage(`${address()}#/network`);
  await page.locator("input[name=network]").setInputFiles(file);
  await page.getByRole("heading", { name: "small.onnx" }).waitFor();
  const pictures = images.map((data, label) => [
    `small/${label}/0.png`,
    encode({ width: side, height: side, data, depth: 8, channels: 1 }),
  ]);
  const buffer = Buffer.from(zipSync(Object.fromEntries(pictures)));
  await page.locator("input[name=tried-zip]").setInputFiles({ name: "small.zip", mimeType: "application/zip", buffer });
  await page.getByText(/^81 points on 10 images, about \d+ (seconds|minutes)$/).waitFor();
  await page.getByRole("button", { name: "Measure the landscape" }).click();
  await page.getByText(/^Point [1-9]\d? of 81, \d:\d\d left$/).waitFor();
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  const stopped = page.getByText(/^Point \d+ of 81$/);
  await stopped.waitFor();
  expect(await findViolations(page)).toEqual([]);
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByRole("img", { name: /^Contours of the loss/ }).waitFor();
  const surface = page.getByRole("img", { name: /^The same as a surface/ });
  const before = await surface.innerHTML();
  await surface.press("ArrowRight");
  await expect.poll(() => surface.innerHTML()).not.toBe(before);
  expect(await findViolations(page)).toEqual([]);

  const network = await openStudyNetwork(file);
  const set = {
    channels: 1,
    height: side,
    width: side,
    count: 10,
    images: Uint8Array.from(images.flatMap((data) => [...data])),
    labels: Int32Array.from(images.keys()),
  };
  const batches = [...evaluationBatches(set, { mean: [0], deviation: [1] }, 10)];
  const { loss } = await measurePoint({ runtime: createNodeRuntime(), session: {} }, network, [], batches);
  await page.getByText(`small.onnx has loss ${Number(loss.toPrecision(3))}.`).waitFor();
  await page.getByRole("button", { name: "中文" }).click();
  await page.getByRole("img", { name: /^两个滤波器归一化随机方向/ }).waitFor();
  expect(await page.locator('.drawing [lang="en"]').count()).toBe(0);
  expect(faults).toEqual([]);
});
