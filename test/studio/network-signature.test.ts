import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeKeyPair } from "../../src/artifacts/node/keys.ts";
import { signArtefact } from "../../src/artifacts/node/signature.ts";
import { findViolations, useStudioSite } from "../support/studio-site.ts";

const { address, openPage } = useStudioSite();
const digits = fileURLToPath(new URL("../../models/digits.onnx", import.meta.url));

/** A worker is started for every answer, which takes its time on a busy machine. */
const patient = { timeout: 30_000 };

let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "signed-"));
  for (const name of ["anna", "ben"]) await makeKeyPair(at(name), "sign");
  await signArtefact(digits, {
    key: at("anna-sign.key"),
    signature: at("digits.onnx.sig"),
    provenance: { machine: "lab3" },
  });
});
afterAll(() => rm(folder, { recursive: true }));

test("an unsigned file says so; its signature tells nothing without a key; with the signer's it holds, with another's it does not", async () => {
  const { page, faults } = await openPage(`${address()}#/network`);
  const network = page.locator("input[name=network]");
  const verdict = page.locator(".signature .verdict");
  await network.setInputFiles(digits);
  await expect.poll(() => verdict.textContent(), patient).toBe("Not signed");
  await page.locator("input[name=signature]").setInputFiles(at("digits.onnx.sig"));
  await expect.poll(() => verdict.textContent(), patient).toBe("Signer not known");
  // Nothing that was not checked is shown.
  expect(await page.locator(".signature").textContent()).not.toContain("lab3");
  await page.locator("input[name=key]").setInputFiles(at("anna-sign.pub"));
  await expect.poll(() => verdict.textContent(), patient).toBe("The signature holds");
  expect(await page.locator(".signature .facts").textContent()).toMatch(
    /^Fingerprint of the key[0-9a-f]{64}Signed asdigits\.onnxmachinelab3$/,
  );
  expect(await findViolations(page)).toEqual([]);
  await page.locator("input[name=key]").setInputFiles(at("ben-sign.pub"));
  await expect.poll(() => verdict.textContent(), patient).toBe("The signature does not hold");
  await page.getByText(/^digits\.onnx\.sig: was signed with key [0-9a-f]{16}…, not with/).waitFor();
  await page.locator("input[name=key]").setInputFiles({
    name: "anna-sign.pub",
    mimeType: "text/plain",
    buffer: await readFile(at("anna-sign.key")),
  });
  await expect.poll(() => verdict.textContent(), patient).toBe("The signature cannot be checked");
  expect(faults).toEqual([]);
});

test("a file that was changed, dropped with its signature and key, is told at once, in Chinese too", async () => {
  const { page, faults } = await openPage(`${address()}#/network`, { locale: "zh-CN", colorScheme: "dark" });
  const changed = await readFile(digits);
  // In the producer's name, which nothing depends on.
  changed[changed.indexOf("residua")] ^= 1;
  const named = async (name: string) => ({ name, mimeType: "text/plain", buffer: await readFile(at(name)) });
  await page
    .locator("input[name=network]")
    .setInputFiles([
      { name: "digits.onnx", mimeType: "application/octet-stream", buffer: changed },
      await named("digits.onnx.sig"),
      await named("anna-sign.pub"),
    ]);
  await page.locator(".signature.broken").waitFor();
  expect(await page.locator(".signature .verdict").textContent()).toBe("签名无效");
  await page.getByText("digits.onnx：签名后被改动").waitFor();
  expect(await findViolations(page)).toEqual([]);
  // A signature alone has nothing to say.
  await page.getByLabel("网络").fill("resnet8");
  await page.getByLabel("网络").press("Enter");
  await page.getByRole("heading", { name: "resnet8" }).waitFor();
  await page.locator("input[name=network]").setInputFiles(at("digits.onnx.sig"));
  await expect.poll(() => page.getByRole("alert").textContent(), patient).toContain("没有可验证的文件");
  expect(faults).toEqual([]);
});

test("of two networks, each file's signer is told, and checked by what is called after it; each has keys of its own", async () => {
  await signArtefact(digits, { key: at("ben-sign.key"), signature: at("second.onnx.sig") });
  const { page, faults } = await openPage(`${address()}#/network`);
  const file = async (name: string, path = at(name)) => ({
    name,
    mimeType: "application/octet-stream",
    buffer: await readFile(path),
  });
  await page
    .locator("input[name=network]")
    .setInputFiles([
      await file("digits.onnx", digits),
      await file("second.onnx", digits),
      await file("second.onnx.sig"),
      await file("anna-sign.pub"),
    ]);
  await page.getByRole("heading", { name: "digits.onnx and second.onnx" }).waitFor();
  const verdicts = (): Promise<readonly string[]> => page.locator(".signature .verdict").allTextContents();
  expect(await page.locator(".signature h3").allTextContents()).toEqual([
    "Signature of A digits.onnx",
    "Signature of B second.onnx",
  ]);
  // The key is for both: it is not Ben's.
  await expect.poll(verdicts, patient).toEqual(["Not signed", "The signature does not hold"]);
  await page.locator("input[name=other-key]").setInputFiles(at("ben-sign.pub"));
  await expect.poll(verdicts, patient).toEqual(["Not signed", "The signature holds"]);
  await page.locator("input[name=signature]").setInputFiles(at("digits.onnx.sig"));
  await expect.poll(verdicts, patient).toEqual(["The signature holds", "The signature holds"]);
  const signers = await page.locator(".signature .facts div:first-child dd").allTextContents();
  expect(new Set(signers).size).toBe(2);
  expect(await findViolations(page)).toEqual([]);

  // What is compared with brings its own; two signatures that are called after neither are whose?
  await page
    .locator("input[name=other]")
    .setInputFiles([await file("second.onnx", digits), await file("digits.onnx.sig")]);
  await expect.poll(verdicts, patient).toEqual(["The signature holds", "Signer not known"]);
  await page
    .locator("input[name=network]")
    .setInputFiles([
      await file("digits.onnx", digits),
      await file("second.onnx", digits),
      { ...(await file("second.onnx.sig")), name: "one.sig" },
      { ...(await file("digits.onnx.sig")), name: "two.sig" },
    ]);
  await expect.poll(() => page.getByRole("alert").textContent(), patient).toContain("named after it as NAME.sig");
  expect(faults).toEqual([]);
});
