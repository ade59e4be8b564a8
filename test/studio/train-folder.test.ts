import { expect, test } from "vitest";
import { open } from "../../src/node.ts";
import { makePictures } from "../support/image-folder.ts";
import { useStudioSite } from "../support/studio-site.ts";

const { address, openPage } = useStudioSite();

test("a folder of 200 images becomes a downloaded ONNX file within two minutes and three clicks", async () => {
  const folder = await makePictures(67, 64);
  const { page, faults } = await openPage(`${address()}#/train`);
  const begin = performance.now();
  await page.locator("input[name=folder]").setInputFiles(folder);
  await page.getByRole("button", { name: "Train", exact: true }).click();
  const [onnx] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download ONNX" }).click(),
  ]);
  expect((performance.now() - begin) / 1000).toBeLessThan(120);
  const right = Number(/^(\d+) of/.exec((await page.getByText(/images held back are right/).textContent())!)![1]);
  expect(right / 39).toBeGreaterThan(0.9);
  const network = await open(await onnx.path(), { task: "classify" });
  expect(network.card.classes).toEqual(["left", "right", "top"]);
  await network.release();
  expect(faults).toEqual([]);
});
