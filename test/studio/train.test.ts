import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { strToU8, zipSync } from "fflate";
import type { Page } from "playwright";
import { expect, test } from "vitest";
import { open } from "../../src/node.ts";
import { makePictures } from "../support/image-folder.ts";
import { alertOf, english, findViolations, useStudioSite } from "../support/studio-site.ts";

const { address, openPage } = useStudioSite();

/** Chooses a folder of images, and waits until they are read. */
async function chooseFolder(page: Page, folder: string): Promise<void> {
  await page.locator("input[name=folder]").setInputFiles(folder);
  await page.locator(".classes li").first().waitFor();
}

const press = (page: Page, name: string): Promise<void> => page.getByRole("button", { name, exact: true }).click();
const verdict = /^(\d+) of 6 images held back are right: \d+\.\d % \(\d+\.\d–\d+\.\d\)$/;

test("a folder becomes an ONNX file that Node opens, with a report; axe finds nothing on the way", async () => {
  const folder = await makePictures(8);
  const { page, faults } = await openPage(`${address()}#/train?epochs=3&seed=2`);
  expect(page.workers()).toEqual([]);
  await chooseFolder(page, folder);
  await page.getByText("18 images to learn from, 6 held back for the test; 6 steps of 9 images.").waitFor();
  expect(await page.locator("canvas.picture").count()).toBe(24);
  expect(await findViolations(page)).toEqual([]);
  await press(page, "Train");
  await page.getByText(verdict).waitFor();
  expect(await findViolations(page)).toEqual([]);
  const right = Number(verdict.exec((await page.getByText(verdict).textContent())!)![1]);
  expect(await page.locator(".mistakes li").count()).toBe(6 - right);

  const [onnx] = await Promise.all([page.waitForEvent("download"), press(page, "Download ONNX")]);
  expect(onnx.suggestedFilename()).toBe("left-right-top.onnx");
  const network = await open(await onnx.path(), { task: "classify" });
  expect(network.card).toMatchObject({ classes: ["left", "right", "top"], model: { name: "resnet8" } });
  const [best] = await network.predict(join(folder, "left", "03.png"));
  expect(best.probability).toBeGreaterThan(1 / 3);
  await network.release();

  const [report] = await Promise.all([page.waitForEvent("download"), press(page, "Download report")]);
  const text = await readFile(await report.path(), "utf8");
  expect(text).toContain(`classifies ${((100 * right) / 6).toFixed(2)} % of 6 test images`);
  expect(text).not.toContain("<script");
  expect(faults).toEqual([]);
});

test("a training goes on after a reload, is stopped, and goes on to its end", async () => {
  const { page, faults } = await openPage(`${address()}#/train?epochs=20`);
  await chooseFolder(page, await makePictures(8));
  await press(page, "Train");
  await page.getByText(/^Kept up to step ([2-9]|\d\d):/).waitFor();
  await page.reload();
  const kept = page.getByText(/^This training was kept from an earlier visit: \d+ steps are done/);
  await kept.waitFor();
  expect(Number(/(\d+) steps/.exec((await kept.textContent())!)![1])).toBeGreaterThanOrEqual(2);
  expect(page.workers()).toEqual([]);
  expect(await findViolations(page)).toEqual([]);
  await press(page, "Go on");
  await page.getByText(/^Step \d+ of 40, /).waitFor();
  await press(page, "Stop");
  await page.getByText(/^Stopped after \d+ of 40 steps/).waitFor();
  await press(page, "Go on");
  await page.getByText(verdict).waitFor();
  expect(await page.getByText(/^Stopped after/).count()).toBe(0);
  // Nothing of the curve was lost or trained twice.
  const label = await page.getByRole("img", { name: /^Loss, training/ }).getAttribute("aria-label");
  expect(label).toMatch(/^Loss, training 0\.\d$/);
  await press(page, "Other images");
  await page.reload();
  await page.getByText("Drop a folder or a zip file of images here").waitFor();
  await page.waitForTimeout(500);
  expect(await kept.count()).toBe(0);
  expect(faults).toEqual([]);
});

test("images that teach nothing are refused in the page, and files that cannot be read are named", async () => {
  const folder = await makePictures(6);
  const { page, faults } = await openPage(`${address()}#/train`);
  const alert = page.getByRole("alert");
  const train = page.getByRole("button", { name: "Train", exact: true });
  await chooseFolder(page, join(folder, "left"));
  expect(await alert.textContent()).toBe(
    "All 6 images are of one class, “left”, must be of two or more; put each class into a folder of its own.",
  );
  expect(await train.isDisabled()).toBe(true);

  await press(page, "Other images");
  await copyFile(join(folder, "left", "00.png"), join(folder, "right", "twin.png"));
  await writeFile(join(folder, "top", "broken.png"), (await readFile(join(folder, "top", "00.png"))).subarray(0, 60));
  await writeFile(join(folder, "top", "notes.txt"), "no image");
  await chooseFolder(page, folder);
  await page.getByText("3 files left out: which, and why").click();
  const named = await page.locator(".left-out li").allTextContents();
  const about = (name: string): string | undefined => named.find((text) => text.includes(name));
  expect(about("twin.png")).toMatch(/the same image as .*left\/00\.png, of class “left”$/);
  expect(about("broken.png")).toMatch(/broken\.png ./);
  expect(about("notes.txt")).toMatch(/no image, by its name$/);
  expect(await train.isEnabled()).toBe(true);
  expect(await findViolations(page)).toEqual([]);

  await press(page, "Other images");
  for (const name of ["01", "02", "03", "04", "05"]) await rm(join(folder, "left", `${name}.png`));
  await rm(join(folder, "top"), { recursive: true });
  await mkdir(join(folder, "top"));
  await chooseFolder(page, folder);
  expect(await alert.textContent()).toBe(
    "“left” has 1 image to train on, must have at least 5; add some, or leave the folder out.",
  );
  expect(faults).toEqual([]);
});

test("a zip file is read as a folder is, and trained without room to keep it; one whose names leave it is refused", async () => {
  const folder = await makePictures(6);
  const files = await Promise.all(
    ["left", "right"].flatMap((kind) =>
      ["00", "01", "02", "03", "04", "05"].map(async (name) => {
        const path = `${kind}/${name}.png`;
        return [`pets/${path}`, new Uint8Array(await readFile(join(folder, path)))] as const;
      }),
    ),
  );
  const { page, faults } = await openPage(`${address()}#/train`, { ...english, locale: "zh-CN" });
  const choose = (content: Uint8Array): Promise<void> =>
    page
      .locator("input[name=zip]")
      .setInputFiles({ name: "pets.zip", mimeType: "application/zip", buffer: Buffer.from(content) });
  await choose(zipSync({ "../evil/1.png": strToU8("x") }));
  await expect
    .poll(() => alertOf(page), { timeout: 30_000 })
    .toMatch(/^pets\.zip：.*\.\.\/evil\/1\.png.*[\u4e00-\u9fff]/);
  await choose(zipSync(Object.fromEntries(files)));
  await page.locator(".classes li").first().waitFor();
  expect(await page.locator(".classes h2").allTextContents()).toEqual(["left", "right"]);
  await page.getByText("10 张图像用来学习，2 张留作测试", { exact: false }).waitFor();
  // Without room to keep anything, in another size, and with another choice of what is held back.
  await page.evaluate(() => {
    const full = (): Promise<never> => Promise.reject(new DOMException("full", "QuotaExceededError"));
    FileSystemFileHandle.prototype.createWritable = full;
  });
  await page.getByLabel("图像尺寸").selectOption("48");
  await page.getByLabel("种子").fill("4");
  await page.getByLabel("遍历图像的次数").fill("1");
  await press(page, "开始训练");
  await page.getByText("浏览器没有空间保存训练", { exact: false }).waitFor();
  await page.getByText(/^留出的 2 张图像中答对 [012] 张/).waitFor();
  expect(await page.locator("canvas.picture").first().getAttribute("width")).toBe("48");
  expect(page.url()).toContain("size=48&epochs=1&rate=0.05&seed=4");
  expect(faults).toEqual([]);
});
