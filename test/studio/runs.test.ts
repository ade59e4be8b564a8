import type { Page } from "playwright";
import { expect, test } from "vitest";
import { english, findViolations, type Look, useStudioSite } from "../support/studio-site.ts";

const { address, openPage } = useStudioSite();

const count = 10_000;
/** Markup in a run's name: a file may come from anywhere. */
const hostile = "<img src=x onerror=alert(1)>";

/** Runs as `residua runs export --json` writes them: losses that end at 1 + index / count, the last one diverged. */
function exportRuns(): Buffer {
  const runs = Array.from({ length: count }, (_, index) => {
    const startedAt = new Date(Date.UTC(2026, 0, 1) + 60_000 * index).toISOString();
    const isLast = index === count - 1;
    const run = {
      id: `${String(index).padStart(8, "0")}-aaaa`,
      command: "train",
      name: index === 7 ? hostile : `resnet${index % 2 === 0 ? 20 : 56} on mnist`,
      status: isLast ? "diverged" : "done",
      tags: index % 1000 === 0 ? ["paper"] : [],
      config: { network: { shortcut: index % 2 === 0 ? "plain" : "pad" }, recipe: { epochs: 1, seed: index } },
      configHash: "0",
      seed: index,
      code: { residua: "0.1.0" },
      environment: { node: "20" },
      parentId: null,
      folder: null,
      host: "workstation",
      startedAt,
      heartbeatAt: startedAt,
      endedAt: startedAt,
      steps: 2,
      summary: {},
      result: null,
      reason: isLast ? "the loss is not finite" : null,
    };
    const losses = [
      [1, 1, 3],
      [2, 1, isLast ? "NaN" : 1 + index / count],
    ];
    return { run, artifacts: [], metrics: { loss: losses, "test/accuracy": [[2, 1, 0.5]] } };
  });
  return Buffer.from(JSON.stringify({ runs }));
}

const exported = exportRuns();

const choose = (page: Page, name: string, buffer: Buffer): Promise<void> =>
  page.locator("input[name=runs]").setInputFiles({ name, mimeType: "application/json", buffer });

const names = (page: Page): Promise<readonly string[]> => page.locator(".run-list tbody th").allTextContents();

test("ten thousand runs of a file are listed, filtered and sorted; two are compared and tagged, and the tag is kept", async () => {
  const { page, faults } = await openPage(`${address()}#/runs`);
  await choose(page, "runs.json", exported);
  await page.getByText("1–100 of 10000 runs").waitFor();
  // The latest first, its reason told.
  expect(await page.locator(".run-list tbody tr").first().textContent()).toMatch(
    /00009999 resnet56 on mnist.*diverged.*NaN/,
  );
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("101–200 of 10000 runs").waitFor();

  const filter = page.getByLabel("Filter");
  await filter.fill("paper resnet20");
  await page.getByText("1–10 of 10 runs").waitFor();
  await page.getByRole("button", { name: "loss" }).click();
  await page.getByRole("button", { name: "loss" }).click();
  await expect.poll(() => page.locator("[aria-sort=ascending]").textContent()).toContain("loss");
  expect((await names(page)).map((name) => Number(name.slice(0, 8)))).toEqual(
    Array.from({ length: 10 }, (_, index) => 1000 * index),
  );
  await filter.fill("00000007");
  await page.getByText("1–1 of 1 runs").waitFor();
  expect(await names(page)).toEqual([`00000007 ${hostile}`]);
  await page.getByLabel("Compare 00000007").press("Space");
  await filter.fill("00000010-");
  await page.getByLabel("Compare 00000010").press("Space");

  await page.getByRole("heading", { name: "2 runs compared" }).waitFor();
  await page.getByRole("img", { name: `loss, 00000007 ${hostile} 1.001, 00000010 resnet20 on mnist 1.001` }).waitFor();
  const lines = await page.locator(".compared").first().locator("tbody tr").allTextContents();
  expect(lines).toEqual(["config.network.shortcutpadplain", "config.recipe.seed710"]);
  expect(await page.locator(".comparison img, .run-list img").count()).toBe(0);
  expect(await findViolations(page)).toEqual([]);

  await page.getByLabel("Tag", { exact: true }).fill("mine");
  await page.getByLabel("Tag", { exact: true }).press("Enter");
  await filter.fill("mine");
  await page.getByText("1–2 of 2 runs").waitFor();
  await page.reload();
  await choose(page, "runs.json", exported);
  await page.getByText("1–100 of 10000 runs").waitFor();
  await page.getByLabel("Filter").fill("mine");
  await page.getByText("1–2 of 2 runs").waitFor();

  await choose(page, "other.json", Buffer.from('{"runs":[{}]}'));
  await expect
    .poll(() => page.getByRole("alert").textContent())
    .toBe("other.json: is not what residua runs export writes as JSON: runs.0.run is missing");
  // What was listed stays.
  expect(await page.getByText("1–2 of 2 runs").count()).toBe(1);
  expect(faults).toEqual([]);
});

test.each<Look>([english, { locale: "zh-CN", colorScheme: "dark" }])(
  "a table of values is listed and drawn in $locale, $colorScheme, on a phone too",
  async (look) => {
    const { page, faults } = await openPage(`${address()}#/runs`, look);
    await page.setViewportSize({ width: 390, height: 900 });
    const csv = "run,run_name,metric,step,epoch,value\na,one,loss,1,1,2\na,one,loss,1500,1,0.5\nb,two,loss,1,1,3\n";
    await choose(page, "runs.csv", Buffer.from(csv));
    await page.locator(".run-list tbody tr").nth(1).waitFor();
    for (const box of await page.getByRole("checkbox").all()) await box.check();
    await page.getByRole("img", { name: /^loss, a one 0\.5, b two/ }).waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    expect(await findViolations(page)).toEqual([]);
    expect(faults).toEqual([]);
  },
);
