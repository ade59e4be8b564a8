import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Page, Response } from "playwright";
import { expect, onTestFinished, test } from "vitest";
import { exportSite } from "../../src/studio/node/export-site.ts";
import { serveLocally } from "../support/local-server.ts";
import { english, findViolations, type Look, useStudioSite } from "../support/studio-site.ts";

const { address: siteAddress, openPage, newPage } = useStudioSite();

const start = (page: Page): Promise<void> => page.getByRole("button", { name: "Start", exact: true }).click();

/** The held-back digits that each network of a finished race got right. */
async function resultsOf(page: Page): Promise<readonly string[]> {
  await page.getByRole("table").waitFor();
  return page.getByText(/^Held-back digits right/).allTextContents();
}

const looks: readonly (Look & { readonly hash: string })[] = [
  { ...english, hash: "#/learn" },
  { locale: "zh-CN", colorScheme: "dark", hash: "#/learn" },
  { ...english, hash: "#/train" },
  { locale: "zh-CN", colorScheme: "dark", hash: "#/train?depth=20&epochs=5&wolf=1" },
  { locale: "zh-CN", colorScheme: "dark", hash: "#/cells" },
  { locale: "zh-CN", colorScheme: "dark", hash: "#/plates" },
  { locale: "zh-CN", colorScheme: "dark", hash: "#/runs" },
  { ...english, hash: "#/network" },
  { locale: "zh-CN", colorScheme: "dark", hash: "#/network?model=resnet50&size=0" },
  { ...english, hash: "#/compare" },
  { locale: "zh-CN", colorScheme: "dark", hash: "#/compare?networks=plain-8,pad-20,gated-8&steps=7&sheep=1" },
];

test.each(looks)(
  "$hash in $locale, $colorScheme: no fault, no overflow, nothing that axe finds",
  async ({ hash, ...look }) => {
    const { page, faults } = await openPage(siteAddress() + hash, look);
    expect(await page.evaluate(() => document.documentElement.lang)).toBe(look.locale === "zh-CN" ? "zh-CN" : "en");
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 900 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    }
    expect(await findViolations(page)).toEqual([]);
    expect(faults).toEqual([]);
  },
);

test("a number that is being typed stays while the page is drawn for another reason", async () => {
  const { page, faults } = await openPage(`${siteAddress()}#/compare?seed=3`);
  const steps = page.getByLabel("Steps", { exact: true });
  await steps.fill("7");
  await page.getByLabel("Seed", { exact: true }).evaluate((input: HTMLInputElement) => {
    input.value = "9";
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  await expect.poll(() => page.url()).toContain("seed=9");
  expect(await steps.inputValue()).toBe("7");
  await steps.press("Tab");
  await expect.poll(() => page.url()).toContain("steps=7");
  expect(faults).toEqual([]);
});

test("a link sets what is raced and starts nothing; a race trains, tests and says what one seed cannot tell", async () => {
  const { page, faults } = await openPage(`${siteAddress()}#/compare?networks=pad-8,pad-8&steps=5&seed=3&rate=0.02`);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  expect(page.workers()).toEqual([]);
  expect(await page.getByLabel("Seed", { exact: true }).inputValue()).toBe("3");
  await start(page);
  const results = await resultsOf(page);
  expect(results[0]).toMatch(/^Held-back digits right: \d+\.\d % \(\d+\.\d–\d+\.\d\)$/);
  // Equal networks, images and seeds give equal figures.
  expect(results).toEqual([results[0], results[0]]);
  expect(await page.getByText("One seed: not enough to tell").count()).toBe(1);
  expect(await page.getByRole("img", { name: /^Loss, pad-8 \d\.\d, pad-8 \d\.\d$/ }).count()).toBe(1);
  expect(await page.getByRole("img", { name: /^Gradient norm: [\d.e+-]+ in the first block/ }).count()).toBe(2);
  expect(await findViolations(page)).toEqual([]);
  expect(faults).toEqual([]);
});

test("a race is stopped, and a number out of its limits is refused by its name", async () => {
  const { page, faults } = await openPage(`${siteAddress()}#/compare?networks=plain-8&steps=2000`);
  await start(page);
  await page.getByText("Training …").waitFor();
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText(/^Stopped after \d+ steps\.$/).waitFor();
  const steps = page.getByLabel("Steps", { exact: true });
  await steps.fill("3");
  await steps.press("Enter");
  expect(await page.getByRole("alert").textContent()).toBe("Steps was 3, must be a whole number from 5 to 2000.");
  expect(await steps.inputValue()).toBe("2000");
  expect(faults).toEqual([]);
});

test("what is loaded before the first click is at most 60 KB of JavaScript and CSS, gzipped", async () => {
  const page = await newPage();
  const responses: Response[] = [];
  page.on("response", (response) => {
    if ([".js", ".css"].includes(extname(new URL(response.url()).pathname))) responses.push(response);
  });
  await page.goto(siteAddress(), { waitUntil: "networkidle" });
  await page.getByRole("heading", { level: 1 }).waitFor();
  const bodies = await Promise.all(responses.map((response) => response.body()));
  const sizes = bodies.map((body) => gzipSync(body, { level: 9 }).length);
  expect(sizes.length).toBeGreaterThanOrEqual(2);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(60 * 1024);
});

test("the server gives the site's files alone, and to this machine's own names alone", async () => {
  const address = siteAddress();
  const whole = await fetch(address);
  expect(whole.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(whole.headers.get("x-content-type-options")).toBe("nosniff");
  expect(whole.headers.get("cross-origin-embedder-policy")).toBe("require-corp");
  const tag = whole.headers.get("etag")!;
  expect((await fetch(address, { headers: { "If-None-Match": tag } })).status).toBe(304);
  for (const path of ["..%2f..%2fpackage.json", "%2e%2e/package.json", "assets", "models/../index.html%00"])
    expect((await fetch(address + path)).status).toBe(404);
  const wasm = await fetch(`${address}ort/ort-wasm-simd-threaded.wasm`, { method: "HEAD" });
  expect([wasm.status, wasm.headers.get("content-type")]).toEqual([200, "application/wasm"]);
  expect(await statusFor(address, "studio.example.com")).toBe(421);
  expect(await statusFor(address, new URL(address).host)).toBe(200);
});

/** The answer to a request with another `Host`, which `fetch` does not send. */
async function statusFor(address: string, host: string): Promise<number | undefined> {
  const { get } = await import("node:http");
  return new Promise((resolve, reject) => {
    get(address, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on("error", reject);
  });
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
};

test("exported, the site works from a folder of a host without headers: isolated after one reload, and without a network", async () => {
  const folder = await mkdtemp(join(tmpdir(), "residua-site-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await exportSite(folder);
  await expect(exportSite("")).rejects.toThrow("export: is empty; name a folder");
  const below = join(folder, "index.html", "site");
  await expect(exportSite(below)).rejects.toThrow("a part of the path is a file, must be a folder");
  await expect(exportSite(folder)).rejects.toThrow("is not empty; name a new folder, or empty it first");
  const host = await serveLocally((request, response) => {
    const [path] = request.url!.split("?");
    const name = path.replace(/^\/some\/where\//, "").replace(/^$/, "index.html");
    readFile(join(folder, name)).then(
      (bytes) => response.setHeader("Content-Type", types[extname(name)] ?? "application/octet-stream").end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  const address = `${host}/some/where/#/compare?networks=plain-8&steps=5`;
  const { page, context, faults } = await openPage(address);
  await page.waitForFunction(() => crossOriginIsolated);
  await start(page);
  expect(await resultsOf(page)).toHaveLength(1);
  await context.setOffline(true);
  await page.reload();
  await start(page);
  expect(await resultsOf(page)).toHaveLength(1);
  expect(faults).toEqual([]);
});
