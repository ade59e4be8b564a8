import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { randomStream } from "../../src/tensor/random.ts";
import { cameraFlags, writeCamera } from "../support/camera.ts";
import { findViolations, useStudioSite } from "../support/studio-site.ts";

const folder = await mkdtemp(join(tmpdir(), "residua-camera-"));
afterAll(() => rm(folder, { recursive: true }));

const { address, openPage } = useStudioSite(async () => {
  const path = join(folder, "camera.y4m");
  const size = { width: 64, height: 64 };
  const frames = Array.from({ length: 500 }, (_, frame) => {
    const random = randomStream(1, "frame", frame);
    return { ...size, data: Uint8Array.from({ length: 3 * 64 * 64 }, () => random.integer(256)) };
  });
  await writeCamera(path, frames);
  return cameraFlags(path);
});

test("classes are taken with the camera; refused, that is said, and it is off once the pictures are used", async () => {
  const { page, context, faults } = await openPage(`${address()}#/train`);
  const start = page.getByRole("button", { name: "Take pictures with the camera" });
  await start.click();
  await expect.poll(() => page.getByRole("alert").textContent()).toMatch(/^The camera was refused\./);
  await context.grantPermissions(["camera"]);
  await start.click();
  const name = page.getByLabel("Class");
  const toggle = page.getByRole("button", { name: /^(Take pictures|Stop taking)$/ });
  await toggle.press("Enter");
  expect(await page.getByRole("alert").textContent()).toBe("Name the class first.");
  await name.fill("test");
  await toggle.press("Enter");
  expect(await page.getByRole("alert").textContent()).toMatch(/^The class is called test, must have another name/);
  for (const own of ["cups", "pens"]) {
    await name.fill(own);
    await toggle.press("Enter");
    await page.locator(".taken li", { hasText: new RegExp(`^${own} (1\\d|2\\d) `) }).waitFor();
    await toggle.press("Enter");
  }
  expect(await findViolations(page)).toEqual([]);
  const track = await page
    .locator("video")
    .evaluateHandle((video: HTMLVideoElement) => (video.srcObject as MediaStream).getTracks()[0]);
  await page.getByRole("button", { name: "Use these pictures" }).click();
  await page.getByRole("heading", { name: "cups" }).waitFor();
  await page.getByRole("heading", { name: "pens" }).waitFor();
  expect(await track.evaluate(({ readyState }) => readyState)).toBe("ended");
  await expect.poll(() => page.getByRole("button", { name: "Train", exact: true }).isEnabled()).toBe(true);
  expect(faults).toEqual([]);
});
