import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { findChromium } from "../scripts/chromium.mjs";
import { renderReport } from "../src/report/node/index.ts";
import { figureCsv } from "../src/report/csv.ts";
import { exampleFigures, exampleLines, exampleReport } from "./support/example-report.ts";

let folder: string;
let browser: Browser;
let context: BrowserContext;
let page: Page;
const errors: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "residua-page-"));
  writeFileSync(join(folder, "report.html"), renderReport(exampleReport));
  const executablePath = findChromium();
  browser = await chromium.launch({
    args: ["--no-sandbox"],
    ...(executablePath === undefined ? {} : { executablePath }),
  });
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  context = await browser.newContext({ locale: "en-US", colorScheme: "light", offline: true });
  page = await context.newPage();
  page.setDefaultTimeout(120_000);
  page.on("pageerror", ({ message }) => errors.push(message));
  page.on("console", (message) => void (message.type() === "error" && errors.push(message.text())));
  await page.goto(pathToFileURL(join(folder, "report.html")).href);
});
afterEach(() => context.close());

const background = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
const lightness = (color: string): number =>
  (color.match(/\d+/g) ?? []).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 765;

/** Presses a button below a figure and reads what it gives. */
async function download(figure: string, kind: "svg" | "png" | "csv"): Promise<{ name: string; bytes: Buffer }> {
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.click(`figure#${figure} button[data-save=${kind}]`),
  ]);
  return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
}

describe("a report in Chromium, opened from a file without a network", () => {
  test("changes every text to the other language and back, and stays in it when it is opened again", async () => {
    expect(await page.title()).toBe("Title");
    expect(await page.locator("#loss figcaption").innerText()).toContain("Loss <b>");
    await page.click("#language");
    expect(await page.title()).toBe("标题");
    expect(await page.locator("h1").innerText()).toBe("标题");
    expect(await page.locator("#loss figcaption").innerText()).toContain("损失");
    expect(await page.locator("#loss figcaption").innerText()).not.toContain("Loss");
    expect(await page.locator("#loss .picture.wide > svg").textContent()).toContain("无快捷连接");
    expect(await page.locator('#loss .picture.wide > svg [lang="en"]').first().isVisible()).toBe(false);
    // The browser writes what a page stores a little later.
    const again = async (): Promise<string> => (await page.reload(), page.title());
    await expect.poll(again, { timeout: 10_000 }).toBe("标题");
    await page.click("#language");
    expect(await page.title()).toBe("Title");
  });

  test("is light or dark as the system is, and as the reader wants", async () => {
    expect(lightness(await background())).toBeGreaterThan(0.9);
    await page.click("#theme");
    expect(lightness(await background())).toBeLessThan(0.2);
    await page.click("#theme");
    await page.emulateMedia({ colorScheme: "dark" });
    expect(lightness(await background())).toBeGreaterThan(0.9);
    const dark = await browser.newContext({ colorScheme: "dark" });
    const other = await dark.newPage();
    await other.goto(page.url());
    expect(lightness(await other.evaluate(() => getComputedStyle(document.body).backgroundColor))).toBeLessThan(0.2);
    await dark.close();
  });

  test("is printed light, without its buttons, though it is shown dark", async () => {
    await page.click("#theme");
    await page.emulateMedia({ media: "print" });
    expect(lightness(await background())).toBeGreaterThan(0.9);
    expect(await page.locator("#language").isVisible()).toBe(false);
    expect(await page.locator("#loss button").first().isVisible()).toBe(false);
  });

  test("says the value under the mouse, of a curve and of a heat map", async () => {
    const tip = page.locator("#tip");
    expect(await tip.isVisible()).toBe(false);
    await page.locator("#heat .wide .grid-hover").first().scrollIntoViewIfNeeded();
    const box = (await page.locator("#heat .wide .grid-hover").first().boundingBox())!;
    // Row a, column 2 has 2; row b, column 2 has no number.
    await page.mouse.move(box.x + 0.75 * box.width, box.y + 0.25 * box.height);
    expect(await tip.innerText()).toBe("a, 2: 2");
    await page.mouse.move(box.x + 0.75 * box.width, box.y + 0.75 * box.height);
    expect(await tip.innerText()).toBe("b, 2: –");
    const svg = page.locator("#loss .picture.wide > svg");
    await svg.scrollIntoViewIfNeeded();
    const frame = (await svg.boundingBox())!;
    const texts = new Set<string>();
    for (let x = 0.05; x < 1; x += 0.05) {
      for (let y = 0.1; y < 1; y += 0.1) {
        await page.mouse.move(frame.x + x * frame.width, frame.y + y * frame.height);
        if (await tip.isVisible()) texts.add(await tip.innerText());
      }
    }
    // Both curves lie on each other; the second step has ½.
    expect([...texts].some((text) => text.includes("0.5"))).toBe(true);
  });

  test("turns a surface with the arrow keys", async () => {
    const group = page.locator("#surface .surface");
    const before = await group.innerHTML();
    await page.locator("#surface .picture > svg").focus();
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => group.innerHTML()).not.toBe(before);
  });

  test("gives each figure as SVG and PNG, and its numbers as CSV", async () => {
    const svg = await download("loss", "svg");
    expect(svg.name).toBe("loss.svg");
    expect(svg.bytes.toString()).toMatch(/^<svg[^>]* xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    // In the language that is shown alone.
    expect(svg.bytes.toString()).toContain("plain");
    expect(svg.bytes.toString()).not.toContain("无快捷连接");
    const png = await download("contour", "png");
    expect(png.name).toBe("contour.png");
    const { format, width } = await sharp(png.bytes).metadata();
    expect(format).toBe("png");
    expect(width).toBeGreaterThan(600);
    const csv = await download("loss", "csv");
    expect(csv.bytes.toString()).toBe(`\uFEFF${figureCsv(exampleLines)}`);
    expect(await page.locator("figure button[data-save=csv]").count()).toBe(
      exampleFigures.filter((figure) => figureCsv(figure) !== undefined).length,
    );
  });

  test("shows a picture large by Enter, closes it by Esc, and gives the focus back", async () => {
    const image = page.locator("#pictures img");
    await image.focus();
    await page.keyboard.press("Enter");
    expect(await page.locator("dialog").isVisible()).toBe(true);
    expect(await page.locator("dialog p").innerText()).toBe("x");
    const [small, large] = [(await image.boundingBox())!, (await page.locator("dialog img").boundingBox())!];
    expect(large.width).toBeGreaterThan(10 * small.width);
    await page.keyboard.press("Escape");
    expect(await page.locator("dialog").isVisible()).toBe(false);
    expect(await image.evaluate((element) => document.activeElement === element)).toBe(true);
  });

  test("keeps its contents in sight, marks the section that is read, and opens a folded one", async () => {
    expect(await page.getByText("Folded.").isVisible()).toBe(false);
    await page.getByRole("link", { name: "More" }).click();
    expect(await page.getByText("Folded.").isVisible()).toBe(true);
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight / 2));
    await expect.poll(() => page.locator("nav a[aria-current]").innerText()).toBe("Section");
    const frame = (await page.locator("nav").boundingBox())!;
    expect(frame.y).toBeGreaterThanOrEqual(0);
    expect(frame.y).toBeLessThan(100);
  });

  test("fits a phone: charts are drawn for it, and nothing is wider than the page but what scrolls", async () => {
    await page.setViewportSize({ width: 390, height: 800 });
    const dots = (await page.locator("#dots .picture.narrow > svg").boundingBox())!;
    expect(dots.width).toBeGreaterThan(300);
    expect(dots.width).toBeLessThan(390);
    expect(await page.locator("#dots .picture.wide > svg").isVisible()).toBe(false);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    const saved = await download("dots", "svg");
    expect(saved.bytes.toString()).toContain('viewBox="0 0 360 ');
  });

  test("has said no error in all of this", () => {
    expect(errors).toEqual([]);
  });
});
