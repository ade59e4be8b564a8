import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { buildInference, toModel } from "../../src/compile/inference.ts";
import { initializeState } from "../../src/nn/initialization.ts";
import { createModel } from "../../src/nn/models.ts";
import { createGraphBuilder } from "../../src/onnx/builder.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import { findViolations, useStudioSite } from "../support/studio-site.ts";

const { address, openPage } = useStudioSite();

const asFile = (name: string, content: Uint8Array) => ({
  name,
  mimeType: "application/octet-stream",
  buffer: Buffer.from(content),
});

test("a link shows a network by its name: stages folded, kinds counted, costs as the command line has them", async () => {
  const { page, faults } = await openPage(`${address()}#/network?model=resnet50&shortcut=project`);
  await page.getByRole("heading", { name: "resnet50" }).waitFor();
  expect(await page.locator(".counted").allTextContents()).toEqual(["4 × projection", "12 × identity"]);
  expect(await page.locator(".stage summary b").allTextContents()).toEqual([
    "3 blocks",
    "4 blocks",
    "6 blocks",
    "3 blocks",
  ]);
  // The published counts of ResNet-50.
  expect(await page.locator(".card .figures dd").allTextContents()).toEqual(["25.6 M", "4.09 G"]);
  await page.locator(".stage summary").first().press("Enter");
  expect(await page.locator(".stage[open], .stage details[open] .block").count()).toBe(3);
  await page.getByLabel("Shortcut").selectOption("plain");
  await page.getByText("No shortcut was found in the graph.").waitFor();
  expect(page.url()).toContain("#/network?model=resnet50&shortcut=plain");
  expect(await findViolations(page)).toEqual([]);
  expect(faults).toEqual([]);
});

test("a file is described by its own graph, whatever it is; one that is damaged or of no kind is refused by its name", async () => {
  const { page, faults } = await openPage(`${address()}#/network`);
  const input = page.locator("input[name=network]");
  await input.setInputFiles(fileURLToPath(new URL("../../models/digits.onnx", import.meta.url)));
  await page.getByRole("heading", { name: "digits.onnx" }).waitFor();
  await page.getByText(/^ONNX, opset \d+/).waitFor();
  expect(await page.locator(".card").textContent()).toMatch(/SHA-256[0-9a-f]{64}/);

  const { module, imageShape } = createModel("resnet8", { shortcut: "pad" });
  const graph = buildInference(module, imageShape, initializeState(module, 0));
  // No word about what it is: shortcuts are found in the graph.
  await input.setInputFiles(asFile("unknown.onnx", encodeModel(toModel(graph))));
  await page.getByRole("heading", { name: "unknown.onnx" }).waitFor();
  expect(await page.locator(".counted").allTextContents()).toEqual(["1 × identity", "2 × padded identity"]);

  const g = createGraphBuilder("sum");
  const x = g.input("x", "float32", [1, 4]);
  g.output("y", g.op("Relu", [x]));
  await input.setInputFiles(asFile("sum.onnx", encodeModel(toModel(g.finish()))));
  await page.getByText("No shortcut was found in the graph.").waitFor();

  const alert = page.getByRole("alert");
  for (const [name, content, message] of [
    ["noise.onnx", new Uint8Array(100).fill(255), /^noise\.onnx: /],
    ["noise.safetensors", new Uint8Array(100).fill(7), /^noise\.safetensors: /],
    ["keras.h5", Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a), /^keras\.h5: is HDF5/],
  ] as const) {
    await input.setInputFiles(asFile(name, content));
    await expect.poll(() => alert.textContent()).toMatch(message);
  }
  const network = page.getByLabel("Network");
  await network.fill("resnet21x");
  await network.press("Enter");
  await expect.poll(() => alert.textContent()).toContain('model: unknown model "resnet21x"');
  expect(await page.getByRole("heading", { name: "sum.onnx" }).count()).toBe(1);
  expect(faults).toEqual([]);
});
