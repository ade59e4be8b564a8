import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { encode } from "fast-png";
import { zipSync } from "fflate";
import { expect, test } from "vitest";
import { decodePng } from "../../src/data/image/png.ts";
import { evaluationBatches } from "../../src/data/batches.ts";
import { selectImages } from "../../src/data/image-set.ts";
import { evaluateGraph } from "../../src/lab/lesion/evaluate.ts";
import { buildBlockedGraph, rewireBlocks, withoutBlocks } from "../../src/lab/lesion/rewire.ts";
import { openStudyNetwork } from "../../src/lab/node/open-study.ts";
import { createGraphBuilder } from "../../src/onnx/builder.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import { toModel } from "../../src/compile/inference.ts";
import { createNodeRuntime } from "../../src/runtime/node.ts";
import { cutDigits, fitDigits } from "../../src/studio/digits.ts";
import { showShare } from "../../src/studio/share.ts";
import { findViolations, useStudioSite } from "../support/studio-site.ts";

const { address, openPage } = useStudioSite();
/** A busy machine may take a while for a second of work. */
const soon = { timeout: 60_000 };
const root = fileURLToPath(new URL("../../", import.meta.url));
const model = `${root}models/digits.onnx`;

/** What Node's engine says of the ready network without some blocks, on the page's digits. */
async function testInNode(removed: readonly string[]): Promise<string> {
  const { test: held } = cutDigits(await decodePng(await readFile(`${root}studio/public/digits.png`)), "digits");
  // Half of each digit, every second one.
  const byDigit = Array.from({ length: 1000 }, (_, at) => (at % 100) * 10 + Math.floor(at / 100));
  const every = selectImages(
    held,
    Uint32Array.from({ length: 500 }, (_, index) => byDigit[2 * index]),
  );
  const { module, imageShape, state, normalization } = await openStudyNetwork(model);
  const blocked = buildBlockedGraph(module, imageShape, state);
  const places = removed.map((name) => blocked.blocks.findIndex((block) => block.name === name));
  const graph = rewireBlocks(blocked, withoutBlocks(blocked.blocks, new Set(places)));
  const batches = evaluationBatches(fitDigits(every, imageShape), normalization!, 250);
  const { error } = await evaluateGraph(createNodeRuntime(), graph, { batches, session: {} });
  return showShare(Math.round(500 * (1 - error)), 500);
}

test("blocks are cut out by a click: the page's accuracy is Node's, several cuts add up, and each is undone", async () => {
  const { page, faults } = await openPage(`${address()}#/network`);
  await page.locator("input[name=network]").setInputFiles(model);
  await page.getByRole("heading", { name: "digits.onnx" }).waitFor();
  expect(page.workers()).toHaveLength(0);
  await page.getByRole("button", { name: "Try it on the built-in digits" }).click();
  const figures = page.locator(".experiments .figures dd");
  await expect.poll(() => figures.allTextContents(), soon).toEqual([await testInNode([])]);
  await page.getByText("built-in digits: 500 of 1000, evenly").waitFor();

  const cuts = page.getByRole("group", { name: "Blocks" });
  await cuts.getByRole("button", { name: "layer1.1" }).click();
  const one = await testInNode(["layer1.1"]);
  await expect.poll(() => figures.last().textContent(), soon).toBe(one);
  // In the chain as well.
  await page.locator(".stage summary", { hasText: "layer3" }).click();
  await page.getByRole("button", { name: "Cut layer3.1 out" }).press("Enter");
  const two = await testInNode(["layer1.1", "layer3.1"]);
  await expect.poll(() => figures.last().textContent(), soon).toBe(two);
  expect(new Set([one, two, await testInNode([])]).size).toBe(3);
  expect(await page.locator(".chain .cut").count()).toBe(2);
  expect(await findViolations(page)).toEqual([]);
  await page.getByRole("button", { name: "Undo", exact: true }).click();
  await expect.poll(() => figures.last().textContent(), soon).toBe(one);
  await page.getByRole("button", { name: "Put all back" }).click();
  await expect.poll(() => figures.count(), soon).toBe(1);

  await page.getByRole("button", { name: "Measure the gradient" }).click();
  await page
    .getByRole("img", { name: /^Gradient norm: [\d.e+-]+ in the first block, [\d.e+-]+ in the last$/ })
    .waitFor();
  expect(await page.locator(".experiments .strip i").count()).toBe(9);
  await page.getByRole("button", { name: "Show what decides (Grad-CAM)" }).click();
  await page.getByRole("img", { name: "An image of 0, with the map over it" }).waitFor();
  expect(await page.locator(".looks figure").count()).toBe(8);
  expect(await findViolations(page)).toEqual([]);
  expect(faults).toEqual([]);
});

test("a network by its name has its first gradient measured, and nothing to cut; one that tells no digits is refused in a line", async () => {
  const { page, faults } = await openPage(`${address()}#/network?model=resnet8&shortcut=pad`);
  const begin = page.getByRole("button", { name: "Try it on the built-in digits" });
  await begin.click();
  await page.getByRole("button", { name: "Measure the gradient" }).click();
  await page.getByText("The weights are those of seed 0, untrained.").waitFor();
  expect(await page.locator(".experiments .strip i").count()).toBe(3);
  expect(await page.getByRole("group", { name: "Blocks" }).count()).toBe(0);

  const g = createGraphBuilder("sum");
  const x = g.input("x", "float32", [1, 4]);
  g.output("y", g.op("Relu", [x]));
  const content = Buffer.from(encodeModel(toModel(g.finish())));
  await page
    .locator("input[name=network]")
    .setInputFiles({ name: "sum.onnx", mimeType: "application/octet-stream", buffer: content });
  await page.getByRole("heading", { name: "sum.onnx" }).waitFor();
  // Another network: what was tried is gone.
  expect(await page.locator(".experiments .strip").count()).toBe(0);
  await begin.click();
  await expect.poll(() => page.getByRole("alert").textContent(), soon).toMatch(/^sum\.onnx: /);
  expect(faults).toEqual([]);
});

test("images of one's own, in folders named after the classes, take the place of the digits; another folder's name is refused", async () => {
  const { page, faults } = await openPage(`${address()}#/network`);
  await page.locator("input[name=network]").setInputFiles(model);
  await page.getByRole("heading", { name: "digits.onnx" }).waitFor();
  const { test: held } = cutDigits(await decodePng(await readFile(`${root}studio/public/digits.png`)), "digits");
  const mnist = fitDigits(held, [1, 28, 28]);
  const pictureOf = (index: number): Uint8Array =>
    encode({ width: 28, height: 28, data: mnist.images.slice(784 * index, 784 * (index + 1)), depth: 8, channels: 1 });
  const zipOf = (folder: (label: number) => string): Buffer =>
    Buffer.from(
      zipSync(
        Object.fromEntries(
          Array.from({ length: 20 }, (_, index) => [
            `digits/${folder(held.labels[index])}/${index}.png`,
            pictureOf(index),
          ]),
        ),
      ),
    );
  const input = page.locator("input[name=tried-zip]");
  await input.setInputFiles({ name: "zoo.zip", mimeType: "application/zip", buffer: zipOf((label) => `cat${label}`) });
  await expect
    .poll(() => page.getByRole("alert").textContent(), soon)
    .toMatch(/^images: "cat0" is no class of the network; /);
  await input.setInputFiles({ name: "mine.zip", mimeType: "application/zip", buffer: zipOf(String) });
  await page.getByText("mine: 20").waitFor();
  await expect.poll(() => page.locator(".experiments .figures dd").textContent(), soon).toMatch(/^(100|95)\.0 %/);
  expect(faults).toEqual([]);
});
