import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { decodeModel } from "../../src/onnx/decode.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import { isDtype } from "../../src/tensor/tensor.ts";
import { findViolations, useStudioSite } from "../support/studio-site.ts";

const { address, openPage } = useStudioSite();

const digits = fileURLToPath(new URL("../../models/digits.onnx", import.meta.url));

test("a link shows two networks by their names: wholes, then places, what differs in words; the address follows", async () => {
  const { page, faults } = await openPage(
    `${address()}#/network?model=resnet20&shortcut=pad&with=resnet32&withShortcut=project`,
    { locale: "en-US", colorScheme: "dark" },
  );
  await page.getByRole("heading", { name: "resnet20 and resnet32" }).waitFor();
  await page
    .getByText("Of 12 places that both have, 10 are alike and 2 differ; 0 are only in A, 6 only in B.")
    .waitFor();
  expect(await page.locator(".wholes tbody tr").first().textContent()).toBe("Parameters270 k467 k× 1.73");
  expect(await page.locator(".pairs .row.differs .standing").allTextContents()).toEqual([
    "differ: shortcut, parameters, multiply-adds",
    "differ: shortcut, parameters, multiply-adds",
  ]);
  await page.locator(".pairs summary", { hasText: "only in B" }).first().press("Enter");
  expect(await page.locator(".pairs details[open] .row.second li, .pairs details[open] li.second").count()).toBe(2);
  expect(await findViolations(page)).toEqual([]);
  await page.getByLabel("Its shortcut").selectOption("pad");
  await page.getByText("12 are alike and 0 differ").waitFor();
  expect(page.url()).toContain("with=resnet32&withShortcut=pad");
  await page.getByRole("button", { name: "Only the first" }).click();
  await page.getByRole("heading", { name: "resnet20", exact: true }).waitFor();
  expect(page.url()).not.toContain("with=");
  expect(faults).toEqual([]);
});

test("two sets of weights: a ready network by its name, and its file with one block moved by half its norm", async () => {
  const { page, faults } = await openPage(`${address()}#/network?model=digits`);
  await page.getByRole("heading", { name: "digits.onnx" }).waitFor();
  const model = decodeModel(new Uint8Array(await readFile(digits)), "digits.onnx");
  const moved = new Map(
    [...model.graph.initializers].map(([name, tensor]) => [
      name,
      name.startsWith("layer2.1.") && isDtype(tensor, "float32")
        ? { ...tensor, data: tensor.data.map((value) => 1.5 * value) }
        : tensor,
    ]),
  );
  const buffer = Buffer.from(encodeModel({ ...model, graph: { ...model.graph, initializers: moved } }));
  await page
    .locator("input[name=other]")
    .setInputFiles({ name: "moved.onnx", mimeType: "application/octet-stream", buffer });
  await page.getByRole("heading", { name: "digits.onnx and moved.onnx" }).waitFor();
  await page.getByText(/^B's weights lie 0\.\d+ times A's norm away/).waitFor();
  for (const summary of await page.locator(".pairs summary").all()) await summary.click();
  const row = page.locator(".pairs li.same", { hasText: "layer2.1" }).last();
  expect(await row.locator(".moved").textContent()).toBe("0.5");
  expect((await page.locator(".pairs li.row .moved").allTextContents()).filter((text) => text === "0.5")).toHaveLength(
    1,
  );
  expect(await findViolations(page)).toEqual([]);
  // What has nothing in common is compared as a whole only.
  const other = page.getByLabel("Compare with");
  await other.fill("densenet121");
  await other.press("Enter");
  await page.getByText("Their places cannot be aligned").waitFor();
  expect(await page.locator(".pairs").count()).toBe(0);
  await other.fill("resnet21x");
  await other.press("Enter");
  await expect.poll(() => page.getByRole("alert").textContent()).toContain('model: unknown model "resnet21x"');
  expect(faults).toEqual([]);
});
