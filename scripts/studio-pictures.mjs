// Pictures of the guide to the studio: its page of cells, one of them split by hand, and its page of a network, two of whose blocks
// are cut out.
// Run: npm run build && node scripts/studio-pictures.mjs
import { fileURLToPath } from "node:url";
import { chromium } from "playwright";
import sharp from "sharp";
import { encodePng } from "../dist/files/png.js";
import { serveSite } from "../dist/studio/node/serve-site.js";
import { drawCells } from "../dist/tasks/segment/data/drawn-cells.js";
import { findChromium } from "./chromium.mjs";

const executablePath = findChromium();
const browser = await chromium.launch({
  args: ["--no-sandbox"],
  ...(executablePath === undefined ? {} : { executablePath }),
});
const server = await serveSite(0);
const viewport = { width: 1280, height: 900 };
const context = await browser.newContext({ locale: "en-US", colorScheme: "light", viewport });

/** @param {import("playwright").Page} page @param {string} name */
async function save(page, name) {
  const target = fileURLToPath(new URL(`../docs/pictures/${name}.png`, import.meta.url));
  const { size } = await sharp(await page.screenshot())
    .resize(960)
    .png({ palette: true, effort: 10 })
    .toFile(target);
  console.log(`${target}: ${size} bytes`);
}

async function openCells() {
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  await page.goto(`${server.address}#/cells`);
  const { image } = drawCells({ seed: 3, height: 210, width: 250, cells: 22, radius: [8, 15] });
  const { height, width, channels, samples } = image;
  const buffer = Buffer.from(encodePng({ height, width, channels, samples }));
  await page.locator("input[name=picture]").setInputFiles({ name: "culture.png", mimeType: "image/png", buffer });
  await page.getByRole("heading", { name: "culture.png" }).waitFor();
  await page.getByRole("button", { name: "1", exact: true }).click();
  await page.getByRole("button", { name: "Split" }).click();
  await page.getByText("Corrected by hand: 1").waitFor();
  await page.getByRole("button", { name: "5", exact: true }).click();
  await page.locator(".cells").evaluate((element) => element.scrollIntoView());
  await save(page, "studio-cells");
}

async function openNetwork() {
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  await page.goto(`${server.address}#/network`);
  await page
    .locator("input[name=network]")
    .setInputFiles(fileURLToPath(new URL("../models/digits.onnx", import.meta.url)));
  await page.getByRole("button", { name: "Try it on the built-in digits" }).click();
  for (const block of ["layer1.2", "layer3.1"]) await page.getByRole("button", { name: block, exact: true }).click();
  await page.getByText(/^Right, without 2 blocks/).waitFor();
  await page.waitForFunction(() => document.querySelectorAll(".experiments .figures dd")[1]?.textContent !== "…");
  await page.getByRole("button", { name: "Measure the gradient" }).click();
  await page.getByRole("img", { name: /^Gradient norm/ }).waitFor();
  await page.locator(".network").evaluate((element) => element.scrollIntoView());
  await save(page, "studio-network");
}

await openCells();
await openNetwork();
await browser.close();
await server.close();
