import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeKeyPair } from "../../../artifacts/node/keys.ts";
import { signArtefact } from "../../../artifacts/node/signature.ts";
import { viewSignature } from "./signature.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
const asFile = async (name: string): Promise<File> => new File([await readFile(at(name))], name);
const content = { name: "net.onnx", bytes: new TextEncoder().encode("weights") };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "release-"));
  for (const name of ["release", "anna"]) await makeKeyPair(at(name), "sign");
  await writeFile(at("net.onnx"), "weights");
  await signArtefact(at("net.onnx"), { key: at("release-sign.key") });
});
afterAll(() => rm(folder, { recursive: true }));

test("the release's key tells who signed where no other is given; one that is given counts alone", async () => {
  const signature = await asFile("net.onnx.sig");
  const [release, other] = [
    await readFile(at("release-sign.pub"), "utf8"),
    await readFile(at("anna-sign.pub"), "utf8"),
  ];
  expect(await viewSignature(content, { signature }, release)).toMatchObject({ kind: "holds", isRelease: true });
  expect(await viewSignature(content, { signature }, other)).toEqual({
    kind: "unchecked",
    name: "net.onnx.sig",
    isRelease: true,
  });
  expect(await viewSignature(content, { signature })).toMatchObject({ kind: "unchecked", isRelease: false });
  const key = await asFile("anna-sign.pub");
  expect(await viewSignature(content, { signature, key }, release)).toMatchObject({ kind: "broken" });
  expect(await viewSignature(content, { key }, release)).toEqual({ kind: "none" });
});
