import { type Command, InvalidArgumentError } from "commander";
import type { Provenance, Statement } from "../../artifacts/statement.ts";
import { OptionError } from "../../tensor/errors.ts";
import { OutputFileOption } from "../output-file.ts";
import { sharedOptions } from "../options.ts";
import { formatCount, print, printJson } from "../output.ts";
import { packageVersion } from "../version.ts";

interface SignOptions {
  readonly key: string;
  readonly signature?: string;
  readonly note?: Provenance;
  readonly json?: boolean;
}

function addNote(text: string, before: Provenance = {}): Provenance {
  const [name = "", ...rest] = text.split("=");
  if (!/^[a-z][\w.-]*$/i.test(name) || rest.length === 0)
    throw new InvalidArgumentError("must be NAME=TEXT, such as source=photos");
  return { ...before, [name]: rest.join("=") };
}

async function signFile(path: string, { key, signature, note = {}, json }: SignOptions): Promise<void> {
  const { readProvenance } = await import("../../artifacts/node/provenance.ts");
  const { signArtefact, signaturePathOf } = await import("../../artifacts/node/signature.ts");
  const found = {
    ...(await readProvenance(path)),
    signedBy: `residua ${packageVersion()}`,
    signedAt: new Date().toISOString(),
  };
  const taken = Object.keys(note).find((name) => name in found);
  if (taken !== undefined) throw new OptionError("--note", `"${taken}" is a name that is already used; choose another`);
  const place = signature ?? signaturePathOf(path);
  const statement = await signArtefact(path, { key, provenance: { ...found, ...note }, signature: place });
  if (json) return printJson({ signature: place, ...statement });
  print({ en: `Signed ${path}: ${place}`, zh: `已签名 ${path}：${place}` });
  printStatement(statement);
}

async function verifyFile(path: string, { key, signature, json }: SignOptions): Promise<void> {
  const { verifyArtefact } = await import("../../artifacts/node/signature.ts");
  const statement = await verifyArtefact(path, { key, ...(signature === undefined ? {} : { signature }) });
  if (json) return printJson({ verified: true, ...statement });
  print({ en: `${path} is exactly what the key signed.`, zh: `${path} 与密钥所签的内容完全一致。` });
  printStatement(statement);
}

function printStatement({ bytes, sha256, signer, provenance }: Statement): void {
  print({ en: `${formatCount(bytes)} bytes, SHA-256 ${sha256}`, zh: `${formatCount(bytes)} 字节，SHA-256 ${sha256}` });
  print({ en: `Key ${signer}`, zh: `密钥 ${signer}` });
  // Text from a file must not steer the terminal.
  for (const [name, text] of Object.entries(provenance)) print(`${name}: ${text}`);
}

/** `residua sign FILE` and `residua verify FILE`. */
export function registerSign(program: Command): void {
  program
    .command("sign")
    .argument("<file>", "an ONNX network, a checkpoint, a report or any other file")
    .requiredOption("--key <file>", "your private key, NAME-sign.key of `residua keys`")
    .addOption(new OutputFileOption("--signature <file>", "the signature's file (default: the file's name plus .sig)"))
    .option("--note <name=text>", "record something about the file's origin; repeatable", addNote)
    .addOption(sharedOptions.json())
    .addHelpText(
      "after",
      `
Examples:
  $ residua sign residua-train/model.onnx --key keys/anna-sign.key
  $ residua sign report.html --key keys/anna-sign.key --note machine=lab3`,
    )
    .action(signFile);
  program
    .command("verify")
    .argument("<file>", "the signed file")
    .requiredOption("--key <file>", "the signer's public key, NAME-sign.pub, from a place you trust")
    .option("--signature <file>", "the signature's file (default: the file's name plus .sig)")
    .addOption(sharedOptions.json())
    .addHelpText("after", "\nExample:\n  $ residua verify model.onnx --key anna-sign.pub")
    .action(verifyFile);
}
