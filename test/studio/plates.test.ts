import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright";
import sharp from "sharp";
import { afterAll, expect, test } from "vitest";
import { cameraFlags, writeCamera } from "../support/camera.ts";
import { findViolations, useStudioSite } from "../support/studio-site.ts";

/** Drawn plates: no real one is shown unhidden. */
const example = fileURLToPath(new URL("../../studio/public/plates-example.jpg", import.meta.url));
const drawn = ["京A87F32", "苏E06358D", "川R35779"];

const folder = await mkdtemp(join(tmpdir(), "residua-plates-"));
afterAll(() => rm(folder, { recursive: true }));

const { address, openPage } = useStudioSite(async () => {
  const camera = join(folder, "camera.y4m");
  const { data, info } = await sharp(example).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const frame = { width: info.width, height: info.height, data };
  await writeCamera(camera, [frame, frame]);
  return cameraFlags(camera);
});

const listed = (page: Page): Promise<readonly string[]> => page.locator(".plate h2").allTextContents();

test("drawn plates are found, straightened and read; hidden, none can be read any more", async () => {
  const { page, faults } = await openPage(`${address()}#/plates`);
  await page.getByRole("button", { name: "Try drawn plates" }).click();
  await page.locator(".plate").nth(2).waitFor();
  const found = await listed(page);
  expect(found.map((text) => text.split(" ")[1]).toSorted()).toEqual(drawn.toSorted());
  const green = page.locator(".plate", { hasText: "苏E06358D" });
  expect(await green.locator("p").first().textContent()).toBe("green, new energy");
  expect(await green.locator(".glyph").allTextContents()).toEqual(Array.from("苏E06358D"));
  // The plate is as sure as its weakest character.
  const shares = await green.locator("tr:nth-child(2) td").allTextContents();
  const weakest = shares.toSorted((a, b) => Number.parseFloat(a) - Number.parseFloat(b))[0];
  expect(await green.locator(".figures dd").first().textContent()).toBe(`${weakest} %`);
  expect(await page.locator(".plate-picture polygon").count()).toBe(3);
  expect(await findViolations(page)).toEqual([]);

  const [hidden] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download with hidden plates" }).click(),
  ]);
  expect(hidden.suggestedFilename()).toBe("plates-example-hidden.jpg");
  await page.getByLabel("Hide the plates").press("Space");
  await page.getByRole("img", { name: "plates-example.jpg with its plates hidden" }).waitFor();
  const input = page.locator("input[name=plates]");
  await input.setInputFiles({
    name: "hidden.jpg",
    mimeType: "image/jpeg",
    buffer: await readFile(await hidden.path()),
  });
  await page.getByText(/^No plate that can be read/).waitFor();

  await input.setInputFiles({ name: "noise.png", mimeType: "image/png", buffer: Buffer.alloc(60) });
  await expect.poll(() => page.getByRole("alert").textContent()).toMatch(/^noise\.png: is not an image/);
  await input.setInputFiles({ name: "noise.mp4", mimeType: "video/mp4", buffer: Buffer.alloc(60) });
  await expect
    .poll(() => page.getByRole("alert").textContent())
    .toMatch(/^noise\.mp4 is no video that this browser plays/);
  expect(faults).toEqual([]);
});

test("a picture is pasted; a video's frames are read and the plates that they showed listed", async () => {
  const { page, faults } = await openPage(`${address()}#/plates`);
  const bytes = [...(await readFile(example))];
  await page.evaluate((own) => {
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([Uint8Array.from(own)], "pasted.jpg", { type: "image/jpeg" }));
    dispatchEvent(new ClipboardEvent("paste", { clipboardData }));
  }, bytes);
  await page.getByRole("img", { name: "pasted.jpg with 3 plates outlined" }).waitFor();

  const video = await page.evaluate(async (own) => {
    const bitmap = await createImageBitmap(new Blob([Uint8Array.from(own)], { type: "image/jpeg" }));
    const canvas = Object.assign(document.createElement("canvas"), { width: bitmap.width, height: bitmap.height });
    const context = canvas.getContext("2d")!;
    const recorder = new MediaRecorder(canvas.captureStream(10), { mimeType: "video/webm", videoBitsPerSecond: 4e6 });
    const parts: Blob[] = [];
    recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
    const isOver = new Promise((resolve) => recorder.addEventListener("stop", resolve));
    recorder.start();
    for (let frame = 0; frame < 15; frame++) {
      context.drawImage(bitmap, frame % 3, 0);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    recorder.stop();
    await isOver;
    return [...new Uint8Array(await new Blob(parts).arrayBuffer())];
  }, bytes);
  await page
    .locator("input[name=plates]")
    .setInputFiles({ name: "street.webm", mimeType: "video/webm", buffer: Buffer.from(video) });
  for (const text of drawn) await page.locator(".seen th", { hasText: text }).waitFor();
  expect(await page.getByText(/^\d+ frames read/).count()).toBe(1);
  expect(await findViolations(page)).toEqual([]);
  const [csv] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download CSV" }).click(),
  ]);
  const rows = (await readFile(await csv.path(), "utf8")).trim().split("\n");
  expect(rows[0]).toBe("text,colour,type,rows,confidence,frames,first_s,last_s");
  expect(rows.find((row) => row.startsWith("京A87F32,blue,ordinary,1,"))).toBeDefined();
  await page.getByRole("button", { name: "Close the video" }).click();
  expect(await page.locator("video").count()).toBe(0);
  expect(faults).toEqual([]);
});

test("the camera's frames are read once it is allowed; refused, that is said, and it is off on another page", async () => {
  const { page, context, faults } = await openPage(`${address()}#/plates`);
  const use = page.getByRole("button", { name: "Use the camera" });
  await use.click();
  await expect.poll(() => page.getByRole("alert").textContent()).toMatch(/^The camera was refused\./);
  await context.grantPermissions(["camera"]);
  await use.click();
  await page.locator(".seen th", { hasText: "京A87F32" }).waitFor();
  expect(await page.getByRole("alert").count()).toBe(0);
  const track = await page
    .locator("video")
    .evaluateHandle((video: HTMLVideoElement) => (video.srcObject as MediaStream).getTracks()[0]);
  expect(await track.evaluate(({ readyState }) => readyState)).toBe("live");
  await page.getByRole("link", { name: "Cells" }).click();
  await page.getByRole("heading", { name: "Count and measure cells" }).waitFor();
  expect(await track.evaluate(({ readyState }) => readyState)).toBe("ended");
  expect(faults).toEqual([]);
});
