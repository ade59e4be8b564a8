import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeKeyPair } from "../node/keys.ts";
import { signArtefact } from "../node/signature.ts";
import { checkSignedContent, type NamedBytes, readVerifyingKey, verifyBytes, type VerifyingKey } from "./verify.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
const read = async (name: string): Promise<NamedBytes> => ({ name, bytes: new Uint8Array(await readFile(at(name))) });
const keyOf = async (name: string): Promise<VerifyingKey> => readVerifyingKey(await readFile(at(name), "utf8"), name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "verify-"));
  for (const name of ["anna", "ben"]) await makeKeyPair(at(name), "sign");
  await writeFile(at("net.onnx"), "weights");
  await signArtefact(at("net.onnx"), { key: at("anna-sign.key"), provenance: { machine: "lab3", 数据: "细胞" } });
});
afterAll(() => rm(folder, { recursive: true }));

test("a page finds what Node signed to hold, and the key to have the same fingerprint", async () => {
  const statement = await verifyBytes(await read("net.onnx"), await read("net.onnx.sig"), await keyOf("anna-sign.pub"));
  expect(statement).toMatchObject({ name: "net.onnx", bytes: 7, provenance: { machine: "lab3", 数据: "细胞" } });
  expect(statement.signer).toBe((await keyOf("anna-sign.pub")).fingerprint);
});

/** A signature whose file was changed. */
async function changed(change: (text: string) => string): Promise<NamedBytes> {
  const { name, bytes } = await read("net.onnx.sig");
  return { name, bytes: new TextEncoder().encode(change(new TextDecoder().decode(bytes))) };
}

describe("a page refuses", () => {
  test.each<readonly [string, () => Promise<unknown>, RegExp]>([
    [
      "another key",
      async () => verifyBytes(await read("net.onnx"), await read("net.onnx.sig"), await keyOf("ben-sign.pub")),
      /^net\.onnx\.sig: was signed with key [0-9a-f]{16}…, not with [0-9a-f]{16}… of ben-sign\.pub$/,
    ],
    [
      "another content",
      async () =>
        verifyBytes(
          { name: "net.onnx", bytes: new TextEncoder().encode("Weights") },
          await read("net.onnx.sig"),
          await keyOf("anna-sign.pub"),
        ),
      /^net\.onnx: was changed after it was signed/,
    ],
    [
      "another content, without a key too",
      async () => checkSignedContent({ name: "net.onnx", bytes: new Uint8Array(9) }, await read("net.onnx.sig")),
      /^net\.onnx: has 9 bytes, had 7 when it was signed/,
    ],
    [
      "another statement",
      async () =>
        verifyBytes(
          await read("net.onnx"),
          await changed((text) => text.replace("lab3", "lab4")),
          await keyOf("anna-sign.pub"),
        ),
      /is not what the key signed/,
    ],
    [
      "a signature that is cut",
      async () =>
        verifyBytes(
          await read("net.onnx"),
          await changed((text) => text.replace(/("signature": ".{40})[^"]*/, "$1")),
          await keyOf("anna-sign.pub"),
        ),
      /is not what the key signed/,
    ],
    [
      "a file that is no signature",
      async () => checkSignedContent(await read("net.onnx"), await read("net.onnx")),
      /is not a signature/,
    ],
    [
      "a private key, and shows nothing of it",
      () => keyOf("anna-sign.key"),
      /^anna-sign\.key: is a private key, must be a public one/,
    ],
    [
      "what is no key",
      () => readVerifyingKey("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "x.pub"),
      /^x\.pub: holds no readable key/,
    ],
  ])("%s", async (_, act, message) => {
    await expect(act()).rejects.toThrow(message);
  });
});
