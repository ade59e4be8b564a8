import AxeBuilder from "@axe-core/playwright";
import { type Browser, chromium, type Page } from "playwright";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { findChromium } from "../../scripts/chromium.mjs";
import { serveSite, type SiteServer } from "../../src/studio/node/serve-site.ts";

let browser: Browser;
let server: SiteServer;

beforeAll(async () => {
  const executablePath = findChromium();
  browser = await chromium.launch({
    args: ["--no-sandbox"],
    ...(executablePath === undefined ? {} : { executablePath }),
  });
  server = await serveSite(0);
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

async function openLesson(locale: string, query = ""): Promise<{ readonly page: Page; readonly faults: string[] }> {
  const context = await browser.newContext({ locale, viewport: { width: 1280, height: 900 } });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  const faults: string[] = [];
  page.on("pageerror", ({ message }) => faults.push(message));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith("http") && origin !== new URL(server.address).origin) faults.push(`asked ${request.url()}`);
  });
  await page.goto(`${server.address}#/learn${query}`);
  await page.getByRole("table").first().waitFor();
  return { page, faults };
}

test.each(["en-US", "zh-CN"])("all screens are there in %s; bets are answered; axe finds nothing", async (locale) => {
  const { page, faults } = await openLesson(locale);
  expect(await page.locator("section.screen h2").count()).toBe(8);
  // The last screens' bets: the first one would start a race.
  for (const bet of await page.locator("section.screen:nth-of-type(n + 6) .bet").all()) {
    await bet.locator("button").first().click();
    expect(await bet.locator(".answer").textContent()).not.toBe("");
    expect(await bet.locator("button.right").count()).toBe(1);
  }
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`)).toEqual([]);
  expect(faults).toEqual([]);
});

test("the chain follows its sliders, the wire its button, by keyboard", async () => {
  const { page, faults } = await openLesson("en-US");
  const product = page.locator("#chain-plain");
  expect(await product.textContent()).toBe("0.00274");
  await page.getByLabel(/^Depth/).press("ArrowRight");
  await expect.poll(() => product.textContent()).toBe("0.00247");
  const likeness = page.locator("#screen-2 .see b");
  const read = async (): Promise<number> => Number(await likeness.textContent());
  await expect.poll(read).toBeGreaterThan(-1);
  const before = await read();
  await page.getByRole("button", { name: "Plug the wire in" }).press(" ");
  await page.getByRole("button", { name: "Pull the wire out" }).waitFor();
  await expect.poll(read).toBeGreaterThan(before);
  expect(faults).toEqual([]);
});

test("a short race trains both networks in the page and shows their gradients", async () => {
  const { page, faults } = await openLesson("en-US", "?steps=5");
  await page.locator("#race-go").click();
  await page.locator("#screen-4 .verdict").waitFor();
  expect(await page.locator("#screen-4 .verdict").textContent()).toMatch(
    /Depth 20, .* plain \d\.\d{3}, residual \d\.\d{3}/,
  );
  expect(
    await page.getByRole("img", { name: /^Step 1: first block over last block, plain [\d.]+, residual/ }).count(),
  ).toBe(1);
  expect(faults).toEqual([]);
});
