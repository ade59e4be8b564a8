import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parseStoreAddress } from "../../src/store/address.ts";
import { addMetrics, changeTags, createRunRow, openRunStore, saveRun } from "../../src/store/run-store.ts";
import { serveSite, type SiteServer } from "../../src/studio/node/serve-site.ts";
import { english, findViolations, useStudioSite } from "../support/studio-site.ts";

const { newPage } = useStudioSite();

/** A server with a store of two runs, the second of which diverged. */
async function serveStore(): Promise<SiteServer> {
  const folder = await mkdtemp(join(tmpdir(), "residua-runs-"));
  const store = await openRunStore(parseStoreAddress(join(folder, "runs.db")));
  const server = await serveSite(0, { store: { read: async () => store } });
  onTestFinished(async () => {
    await server.close();
    await store.close();
    await rm(folder, { recursive: true });
  });
  for (const [index, name] of ["resnet20 on mnist", 'odd "<i>name'].entries()) {
    const row = createRunRow(
      { command: "train", name, config: { seed: index }, seed: index, code: {}, environment: {} },
      Date.UTC(2026, 10, 24, 12, index),
    );
    await saveRun(store, { run: { ...row, status: index === 0 ? "done" : "diverged" }, metrics: [], artifacts: [] });
    const losses = [2, 1, index === 0 ? 0.5 : Number.NaN];
    await addMetrics(
      store,
      row.id,
      losses.map((value, at) => ({ name: "train/loss ü", step: at + 1, value })),
    );
    if (index === 0) await changeTags(store, row.id, { add: ["paper"] });
  }
  return server;
}

test.each([english, { locale: "zh-CN", colorScheme: "dark" } as const])(
  "in $locale, the server's store is listed and compared in the browser that was let in, and the token leaves the address",
  async (look) => {
    const { firstAddress, address } = await serveStore();
    const page = await newPage(look);
    const faults: string[] = [];
    page.on("pageerror", ({ message }) => faults.push(message));
    page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
    await page.goto(`${firstAddress}#/runs`);
    expect(page.url()).toBe(`${address}#/runs`);
    const isChinese = look.locale === "zh-CN";
    await page.getByRole("button", { name: isChinese ? "列出本机的运行" : "List the runs of this machine" }).click();
    await page.locator(".run-list tbody tr").nth(1).waitFor();
    const rows = await page.locator(".run-list tbody tr").allTextContents();
    expect(rows[0]).toMatch(/odd "<i>name.*3/);
    expect(rows[1]).toMatch(/resnet20 on mnist.*3.*paper/);
    for (const box of await page.getByRole("checkbox").all()) await box.check();
    await page
      .getByRole("img", { name: /^train\/loss ü, [0-9a-f]{8} odd "<i>name NaN, [0-9a-f]{8} resnet20 on mnist 0\.5$/ })
      .waitFor();
    expect(await findViolations(page)).toEqual([]);
    expect(faults).toEqual([]);

    // The cookie is no script's, and no other page's: a second browser gets the pages alone, and is told what to do.
    expect(await page.evaluate(() => document.cookie)).toMatch(/^residua-engine-\d+=open; residua-store-\d+=open$/);
    const other = await newPage(look);
    await other.goto(`${firstAddress}#/runs`);
    await other.getByRole("heading", { level: 1 }).waitFor();
    expect(await other.locator(".ways button").count()).toBe(0);
    expect((await fetch(`${address}api/1/runs`)).status).toBe(401);
    expect((await fetch(`${address}api/1/runs/x/points?metric=loss`)).status).toBe(401);
  },
);

test("a cookie of another server's does not let in, and the page says which address does", async () => {
  const { address } = await serveStore();
  const page = await newPage();
  const port = new URL(address).port;
  await page.context().addCookies([
    { name: `residua-studio-${port}`, value: "guess", url: address },
    { name: `residua-store-${port}`, value: "open", url: address },
  ]);
  await page.goto(`${address}#/runs`);
  await page.getByRole("button", { name: "List the runs of this machine" }).click();
  await expect
    .poll(() => page.getByRole("alert").textContent(), { timeout: 60_000 })
    .toBe(`${address}api/1/runs: is not given to this page; open the address that residua studio printed last`);
});

test("without a store there is none to ask for", async () => {
  const server = await serveSite(0);
  onTestFinished(() => server.close());
  expect((await fetch(`${server.address}api/1/runs`)).status).toBe(404);
  const page = await newPage();
  await page.goto(`${server.firstAddress}#/runs`);
  expect(await page.evaluate(() => document.cookie)).toMatch(/^residua-engine-\d+=open$/);
});
