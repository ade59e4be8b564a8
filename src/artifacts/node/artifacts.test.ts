import { createPublicKey, randomBytes, verify } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeCheckpointChunks } from "../../train/checkpoint.ts";
import { exportOnnxChunks } from "../../networks/export.ts";
import { initializeState } from "../../nn/initialization.ts";
import { createModel } from "../../nn/models.ts";
import { exampleNotes } from "../../../test/support/training.ts";
import { runCommand } from "../../../test/cli/run.ts";
import { makeKeyPair, readProvenance, readVerified, signArtefact, verifyArtefact } from "./index.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
const modeOf = (name: string): number => statSync(at(name)).mode & 0o777;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "residua-artifacts-"));
  for (const name of ["anna", "ben"]) {
    await makeKeyPair(at(name), "sign");
    await makeKeyPair(at(name), "seal");
  }
  writeFileSync(at("model"), randomBytes(100_000));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The file with one bit of one byte turned. */
function flip(bytes: Buffer, place: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[place] ^= 1;
  return changed;
}

describe("keys", () => {
  test("all four files are for the owner alone and are never replaced", async () => {
    for (const name of ["anna-sign.key", "anna-sign.pub", "anna-seal.key", "anna-seal.pub"])
      expect(modeOf(name)).toBe(0o600);
    const before = readFileSync(at("anna-sign.key"));
    await expect(makeKeyPair(at("anna"), "sign")).rejects.toThrow("already exists, and a key is never replaced");
    expect(readFileSync(at("anna-sign.key"))).toEqual(before);
  });

  test("a private key that others may read, or a key of another kind, is refused without a word of its content", async () => {
    const secret = readFileSync(at("ben-sign.key"), "utf8").split("\n")[1];
    chmodSync(at("ben-sign.key"), 0o640);
    const open = await signArtefact(at("model"), { key: at("ben-sign.key") }).catch(String);
    chmodSync(at("ben-sign.key"), 0o600);
    expect(open).toContain("others can read this private key");
    const wrong = await signArtefact(at("model"), { key: at("ben-seal.key") }).catch(String);
    expect(wrong).toContain("must be an Ed25519 key");
    const swapped = await verifyArtefact(at("model"), { key: at("ben-sign.key") }).catch(String);
    expect(swapped).toContain("is a private key, must be a public one");
    writeFileSync(at("broken.key"), readFileSync(at("ben-sign.key"), "utf8").replace("M", "?"), { mode: 0o600 });
    const broken = await signArtefact(at("model"), { key: at("broken.key") }).catch(String);
    expect(broken).toContain("holds no readable key");
    for (const message of [open, wrong, swapped, broken]) expect(message).not.toContain(secret);
  });
});

describe("signatures", () => {
  test("anyone can check a signature by its description: Ed25519 over the format's name and the ordered statement", async () => {
    await signArtefact(at("model"), { key: at("anna-sign.key"), provenance: { data: "mnist" } });
    const { format, statement, signature } = JSON.parse(readFileSync(at("model.sig"), "utf8")) as {
      readonly format: string;
      readonly statement: Record<string, string>;
      readonly signature: string;
    };
    const { bytes, name, provenance, sha256, signer } = statement;
    const text = `${format}\n${JSON.stringify({ bytes, name, provenance, sha256, signer })}`;
    const key = createPublicKey(readFileSync(at("anna-sign.pub")));
    expect(verify(null, Buffer.from(text), key, Buffer.from(signature, "base64"))).toBe(true);
    expect(modeOf("model.sig")).toBe(0o600);
  });

  test("a signed file verifies, under another name too, and is read as the bytes that were checked", async () => {
    await signArtefact(at("model"), { key: at("anna-sign.key"), provenance: { data: "mnist" } });
    const said = await verifyArtefact(at("model"), { key: at("anna-sign.pub") });
    expect(said).toMatchObject({ name: "model", bytes: 100_000, provenance: { data: "mnist" } });
    writeFileSync(at("copy"), readFileSync(at("model")));
    const options = { key: at("anna-sign.pub"), signature: at("model.sig") };
    expect(Buffer.from(await readVerified(at("copy"), options))).toEqual(readFileSync(at("model")));
  });

  test("a changed, cut or longer file, another key and a changed statement are refused", async () => {
    await signArtefact(at("model"), { key: at("anna-sign.key"), provenance: { data: "mnist" } });
    const whole = readFileSync(at("model"));
    const key = at("anna-sign.pub");
    const tried = (bytes: Buffer): Promise<unknown> => {
      writeFileSync(at("other"), bytes);
      return readVerified(at("other"), { key, signature: at("model.sig") });
    };
    for (const place of [0, 50_000, 99_999])
      await expect(tried(flip(whole, place))).rejects.toThrow("was changed after it was signed");
    await expect(tried(whole.subarray(0, -1))).rejects.toThrow("has 99999 bytes, had 100000 when it was signed");
    await expect(tried(Buffer.concat([whole, whole]))).rejects.toThrow("has 200000 bytes");
    await expect(verifyArtefact(at("model"), { key: at("ben-sign.pub") })).rejects.toThrow(
      /was signed with key .*not with/,
    );
    const text = readFileSync(at("model.sig"), "utf8");
    const sig = JSON.parse(text) as { readonly signature: string };
    const forged = [
      text.replace("mnist", "cifar"),
      text.replace('"bytes": 100000', '"bytes": 100001'),
      text.replace(sig.signature, Buffer.alloc(64, 7).toString("base64")),
      text.replace(sig.signature, ""),
    ];
    for (const changed of forged) {
      writeFileSync(at("forged.sig"), changed);
      const refused = verifyArtefact(at("model"), { key, signature: at("forged.sig") });
      await expect(refused).rejects.toThrow("is not what the key signed");
    }
    for (const damaged of [text.slice(0, 200), "", "[]", text.replace("{", '{ "more": 1,')]) {
      writeFileSync(at("forged.sig"), damaged);
      await expect(verifyArtefact(at("model"), { key, signature: at("forged.sig") })).rejects.toThrow(
        "is not a signature",
      );
    }
  });

  test("networks and checkpoints say themselves where they come from", async () => {
    const { model } = exampleNotes.network;
    const state = initializeState(createModel(model.name, model.options).module, 0);
    writeFileSync(at("net.onnx"), Buffer.concat(exportOnnxChunks(exampleNotes.network, state)));
    writeFileSync(at("run.safetensors"), Buffer.concat(encodeCheckpointChunks({ notes: exampleNotes, state })));
    expect(await readProvenance(at("net.onnx"))).toEqual({
      network: "resnet8, shortcut pad",
      images: "2×8×8",
      data: "three kinds, 3 classes",
    });
    expect((await readProvenance(at("run.safetensors")))["training"]).toContain("step 3, epoch 1 of");
    expect(await readProvenance(at("model"))).toEqual({});
  });
});

describe("commands", () => {
  test("keys, sign, verify, seal and unseal work on each other's files; failures end with 1, and no key is ever shown", async () => {
    const run = (line: string): ReturnType<typeof runCommand> => runCommand(line.split(" "), folder);
    const outputs = [
      await run("keys made/eve --json"),
      await run("sign net.onnx --key made/eve-sign.key --note machine=lab3"),
      await run("verify net.onnx --key made/eve-sign.pub --json"),
      await run("seal net.onnx --recipient made/eve-seal.pub"),
      await run("unseal net.onnx.age --key made/eve-seal.key --out back.onnx"),
      await run("open net.onnx.age --key made/eve-seal.key --out again.onnx --json"),
    ];
    expect(outputs.map(({ code, stderr }) => [code, stderr])).toEqual(outputs.map(() => [0, ""]));
    expect(JSON.parse(outputs[2].stdout)).toMatchObject({
      verified: true,
      provenance: { network: "resnet8, shortcut pad", machine: "lab3" },
    });
    expect(JSON.parse(outputs[5].stdout)).toEqual({ unsealed: "again.onnx" });
    for (const name of ["back.onnx", "again.onnx"])
      expect(readFileSync(at(name))).toEqual(readFileSync(at("net.onnx")));
    const refused = [
      await run("verify net.onnx --key anna-sign.pub"),
      await run("unseal net.onnx.age --key anna-seal.key --out no.onnx"),
      await run("predict --model net.onnx --trusted-key anna-sign.pub digit.png"),
    ];
    expect(refused.map(({ code, stdout }) => [code, stdout])).toEqual(refused.map(() => [1, ""]));
    expect(refused[2].stderr).toContain("was signed with key");
    expect((await run("unseal net.onnx.age --key made/eve-seal.key")).code).toBe(2);
    expect((await run("unseal net.onnx --key made/eve-seal.key")).code).toBe(2);
    const secrets = ["sign", "seal"].map((kind) => readFileSync(at(`made/eve-${kind}.key`), "utf8").split("\n")[1]);
    for (const { stdout, stderr } of [...outputs, ...refused])
      for (const secret of secrets) expect(stdout + stderr).not.toContain(secret);
  });
});
