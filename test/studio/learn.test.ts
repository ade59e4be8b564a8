import { expect, test } from "vitest";
import { english, findViolations, useStudioSite, type WatchedPage } from "../support/studio-site.ts";

const { address, openPage } = useStudioSite();

async function openLesson(locale: string, query = ""): Promise<WatchedPage> {
  const opened = await openPage(`${address()}#/learn${query}`, { ...english, locale });
  await opened.page.getByRole("table").first().waitFor();
  return opened;
}

test.each(["en-US", "zh-CN"])("all screens are there in %s; bets are answered; axe finds nothing", async (locale) => {
  const { page, faults } = await openLesson(locale);
  expect(await page.locator("section.screen h2").count()).toBe(9);
  // The last screens' bets: the first one would start a race.
  for (const bet of await page.locator("section.screen:nth-of-type(n + 6) .bet").all()) {
    await bet.locator("button").first().click();
    expect(await bet.locator(".answer").textContent()).not.toBe("");
    expect(await bet.locator("button.right").count()).toBe(1);
  }
  expect(await findViolations(page)).toEqual([]);
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

test("a block is cut out of trained networks: the plain one forgets, the residual one does not", async () => {
  const { page, faults } = await openLesson("zh-CN");
  const screen = page.locator("#screen-7");
  await page.locator("#cut-go").click();
  const scores = screen.locator(".cut-lanes b");
  await expect.poll(() => scores.count(), { timeout: 240_000 }).toBe(2);
  const read = async (): Promise<readonly number[]> => (await scores.allTextContents()).map(Number);
  const [plain, residual] = await read();
  // Of 1,000; guessing gets 100.
  expect(plain).toBeGreaterThan(400);
  expect(residual).toBeGreaterThan(700);
  const rows = screen.locator(".cuts");
  // Without a wire, a block that changes the shape cannot be left out.
  expect(await rows.first().locator("button:disabled").count()).toBe(2 + 1);
  for (const row of await rows.all()) await row.locator("button").nth(4).press("Enter");
  await expect.poll(async () => (await read()).every((score) => score > 0), { timeout: 60_000 }).toBe(true);
  const [cutPlain, cutResidual] = await read();
  expect(cutPlain).toBeLessThan(plain / 2);
  expect(cutResidual).toBeGreaterThan(0.7 * residual);
  expect(await findViolations(page)).toEqual([]);
  await rows.last().locator("button").last().click();
  await expect.poll(async () => (await read())[1], { timeout: 60_000 }).toBe(residual);
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
