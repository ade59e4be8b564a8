import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { encodePng } from "../../src/files/png.ts";
import { readOnnxCard } from "../../src/networks/export.ts";
import { drawCells } from "../../src/tasks/segment/data/drawn-cells.ts";
import { findViolations, useStudioSite } from "../support/studio-site.ts";

const { address, openPage } = useStudioSite();
/** Training, on a machine that may be busy. */
const soon = { timeout: 240_000 };

const pictureOf = (name: string, seed: number) => {
  const { image } = drawCells({ seed, height: 128, width: 160, cells: 8, radius: [9, 14] });
  const png = encodePng({ height: 128, width: 160, channels: image.channels, samples: image.samples });
  return { name, mimeType: "image/png", buffer: Buffer.from(png) };
};

test("the network is trained further on a corrected picture, stopped, judged on it, used and downloaded; corrections that are not kept stay", async () => {
  const { page, faults } = await openPage(`${address()}#/cells`);
  const input = page.locator("input[name=picture]");
  await input.setInputFiles(pictureOf("culture.png", 5));
  await page.getByRole("heading", { name: "culture.png" }).waitFor();
  const train = page.getByRole("button", { name: "Train", exact: true });
  expect(await train.isDisabled()).toBe(true);
  const split = async (): Promise<void> => {
    await page.getByRole("button", { name: "1", exact: true }).press("Enter");
    await page.getByRole("button", { name: "Split" }).press("Enter");
    await page.getByText("Corrected by hand: 1").waitFor();
  };
  await split();
  const cells = Number(await page.locator(".figures dd").first().textContent());
  await page.getByRole("button", { name: "Train on this picture" }).click();
  await page.getByText(`${cells} cells, 1 correction`).waitFor();

  // Another picture, corrected and not kept, is looked at when the training ends.
  await input.setInputFiles(pictureOf("other.png", 6));
  await page.getByRole("heading", { name: "other.png" }).waitFor();
  await split();
  await train.click();
  await page.getByText(/^Step [1-9]\d? of 30, loss \d\.\d{3}/).waitFor(soon);
  await page.getByText("Closing or reloading the tab loses the training.").waitFor();
  expect(await findViolations(page)).toEqual([]);
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await page.getByText(/^Stopped after \d+ of 30 steps\.$/).waitFor(soon);
  const row = page.locator(".tuned-table tbody tr");
  expect((await row.locator("th, td").allTextContents()).slice(0, 2)).toEqual(["culture.png", String(cells)]);
  expect(await row.locator("td").allTextContents()).toHaveLength(7);
  await page.getByText("These are the pictures that it was trained on").waitFor();
  await page.getByText("The picture that is shown keeps your corrections").waitFor();
  expect(await page.getByText("Corrected by hand: 1").count()).toBe(1);
  expect(await findViolations(page)).toEqual([]);

  const [saved] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download ONNX" }).click(),
  ]);
  const { task, data } = readOnnxCard(new Uint8Array(await readFile(await saved.path())), saved.suggestedFilename());
  expect([task?.name, data]).toEqual(["segment", expect.stringMatching(/, then corrected pictures$/)]);

  // Chosen again, the picture is outlined by the trained network.
  await input.setInputFiles(pictureOf("culture.png", 5));
  await page.getByRole("heading", { name: "culture.png" }).waitFor();
  await expect.poll(() => page.getByText("The picture that is shown keeps your corrections").count()).toBe(0);
  const used = page.getByRole("button", { name: "Use the trained network here" });
  expect(await used.getAttribute("aria-pressed")).toBe("true");
  await used.click();
  await page.getByText("Pictures are outlined by the package's network.").waitFor();
  expect(faults).toEqual([]);
});
