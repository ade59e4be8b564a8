import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { encodePng } from "../../src/files/png.ts";
import { drawCells } from "../../src/tasks/segment/data/drawn-cells.ts";
import { findViolations, useStudioSite } from "../support/studio-site.ts";

const { address, openPage } = useStudioSite();

const { image, count } = drawCells({ seed: 5, height: 128, width: 160, cells: 8, radius: [9, 14] });

test("drawn cells are outlined, counted and measured; table and picture look at the same cell", async () => {
  const { page, faults } = await openPage(`${address()}#/cells`);
  const png = encodePng({ height: 128, width: 160, channels: image.channels, samples: image.samples });
  const choose = (name: string, buffer: Uint8Array): Promise<void> =>
    page.locator("input[name=picture]").setInputFiles({ name, mimeType: "image/png", buffer: Buffer.from(buffer) });
  await choose("culture.png", png);
  await page.getByRole("heading", { name: "culture.png" }).waitFor();
  const found = Number(await page.locator(".figures dd").first().textContent());
  expect(Math.abs(found - count)).toBeLessThanOrEqual(1);
  expect(await page.locator(".cell-table tbody tr").count()).toBe(found);
  expect(await findViolations(page)).toEqual([]);

  const [csv] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download CSV" }).click(),
  ]);
  const rows = (await readFile(await csv.path(), "utf8")).trim().split("\n");
  expect([csv.suggestedFilename(), rows.length]).toEqual(["culture.csv", found + 1]);
  const fields = rows[0].split(",");
  const first = rows[1].split(",").map(Number);
  const centre = ["centroid_x_px", "centroid_y_px"].map((name) => first[fields.indexOf(name)]);
  // A click on the middle of the first cell looks at it, in the table as well.
  const box = (await page.locator(".cell-picture").boundingBox())!;
  const scale = box.width / 160;
  await page
    .locator(".cell-picture")
    .click({ position: { x: (centre[0] + 0.5) * scale, y: (centre[1] + 0.5) * scale } });
  expect(await page.locator(".cell-table tr.selected th").textContent()).toBe(String(first[0]));
  expect(await page.locator(".cell-picture .selected").getAttribute("d")).toMatch(/^M/);

  await page.getByLabel("Micrometres per pixel").fill("0.5");
  await page.getByLabel("Micrometres per pixel").press("Enter");
  await page.getByText(/µm²$/).first().waitFor();
  const [json] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download GeoJSON" }).click(),
  ]);
  const { features } = JSON.parse(await readFile(await json.path(), "utf8"));
  expect(features).toHaveLength(found);
  expect(features[0].properties.measurements["Area µm^2"]).toBeCloseTo(first[fields.indexOf("area_px2")] / 4, 4);

  await choose("noise.png", new Uint8Array(50));
  await expect.poll(() => page.getByRole("alert").textContent()).toMatch(/^noise\.png: is not an image/);
  // What was found stays.
  expect(await page.locator(".cell-table tbody tr").count()).toBe(found);
  expect(faults).toEqual([]);
});

test("thresholds tell cells apart anew without inference: outlines, table and count follow, and back", async () => {
  const { page, faults } = await openPage(`${address()}#/cells`);
  // So many that some touch.
  const { image: full } = drawCells({ seed: 7, height: 128, width: 160, cells: 30, radius: [9, 14], overlap: 0.35 });
  const png = encodePng({ height: 128, width: 160, channels: full.channels, samples: full.samples });
  const picture = { name: "culture.png", mimeType: "image/png", buffer: Buffer.from(png) };
  await page.locator("input[name=picture]").setInputFiles(picture);
  await page.getByRole("heading", { name: "culture.png" }).waitFor();
  const counted = page.locator(".figures dd").first();
  const areas = async (): Promise<readonly number[]> =>
    (await page.locator(".cell-table tbody td:nth-child(2)").allTextContents()).map(Number);
  const covered = async (): Promise<number> => (await areas()).reduce((sum, area) => sum + area, 0);
  const before = await areas();
  const all = await covered();
  const said: string[] = [];
  page.on("request", (request) => said.push(request.url()));
  const probability = page.getByLabel("Least probability of a cell");
  const own = await probability.inputValue();
  await probability.fill("0.95");
  await expect.poll(covered, { timeout: 60_000 }).toBeLessThan(all);
  // Each row is an outline: the table is the picture's.
  expect(await page.locator(".cell-table tbody tr").count()).toBe(Number(await counted.textContent()));
  await probability.fill(own);
  await expect.poll(areas, { timeout: 60_000 }).toEqual(before);
  // The deeper two cells must be, the fewer are told apart.
  await page.getByLabel("Least depth between cells").fill("0.6");
  await expect.poll(async () => Number(await counted.textContent()), { timeout: 60_000 }).toBeLessThan(before.length);
  expect(await findViolations(page)).toEqual([]);
  expect(said.filter((url) => url.startsWith("http"))).toEqual([]);
  expect(faults).toEqual([]);
});

/** The numbers that a TIFF of 16 bits in one strip holds, as the page writes it. */
function readLabels(file: Buffer): Uint16Array {
  const pixels = 128 * 160;
  return Uint16Array.from({ length: pixels }, (_, at) => file.readUInt16LE(file.length - 2 * (pixels - at)));
}

test("cells are split, merged and deleted by hand, by keyboard; measurements, CSV and labels follow, and each is taken back", async () => {
  const { page, faults } = await openPage(`${address()}#/cells`, { locale: "en-US", colorScheme: "dark" });
  const png = encodePng({ height: 128, width: 160, channels: image.channels, samples: image.samples });
  const picture = { name: "culture.png", mimeType: "image/png", buffer: Buffer.from(png) };
  await page.locator("input[name=picture]").setInputFiles(picture);
  await page.getByRole("heading", { name: "culture.png" }).waitFor();
  const counted = page.locator(".figures dd").first();
  const found = Number(await counted.textContent());
  const areas = async (): Promise<readonly number[]> =>
    (await page.locator(".cell-table tbody td:nth-child(2)").allTextContents()).map(Number);
  const before = await areas();
  const press = (name: string): Promise<void> => page.getByRole("button", { name, exact: true }).press("Enter");

  await press("1");
  await press("Split");
  await expect.poll(() => counted.textContent()).toBe(String(found + 1));
  const halves = await areas();
  expect(halves[0] + halves.at(-1)!).toBe(before[0]);
  expect(Math.abs(halves[0] - halves.at(-1)!)).toBeLessThan(before[0] / 2);

  await press("1");
  await press("Merge with …");
  await page.getByText("Choose the cell to merge with cell 1.").waitFor();
  expect(await findViolations(page)).toEqual([]);
  await press(String(found + 1));
  await expect.poll(areas).toEqual(before);

  await press("2");
  await press("Delete");
  await expect.poll(() => counted.textContent()).toBe(String(found - 1));
  expect(await page.getByText("Corrected by hand: 3").count()).toBe(1);
  const [labels] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download labels" }).click(),
  ]);
  expect(labels.suggestedFilename()).toBe("culture-labels.tif");
  const numbers = readLabels(await readFile(await labels.path()));
  expect(numbers.filter((number) => number === 1)).toHaveLength(before[0]);
  expect(new Set(numbers).size).toBe(found);
  expect(numbers.includes(2)).toBe(false);
  for (let left = 3; left > 0; left--) await press("Undo");
  await expect.poll(areas).toEqual(before);
  expect(await page.getByText("Corrected by hand").count()).toBe(0);
  expect(faults).toEqual([]);
});
