import type { Command } from "commander";
import { makeKeyPair } from "../../artifacts/node/keys.ts";
import { sharedOptions } from "../options.ts";
import { print, printJson } from "../output.ts";

async function keys(name: string, { json }: { readonly json?: boolean }): Promise<void> {
  const made = { sign: await makeKeyPair(name, "sign"), seal: await makeKeyPair(name, "seal") };
  if (json) return printJson(made);
  print({
    en: `Keep secret:  ${made.sign.secret} (signs as you), ${made.seal.secret} (unseals what is sealed for you)`,
    zh: `请保密：  ${made.sign.secret}（以你的名义签名），${made.seal.secret}（解密为你加密的文件）`,
  });
  print({
    en: `Give away:    ${made.sign.public} (verifies; fingerprint ${made.sign.fingerprint})`,
    zh: `可公开：  ${made.sign.public}（验证；指纹 ${made.sign.fingerprint}）`,
  });
  print({
    en: `              ${made.seal.public} (seals for you, with age too: ${made.seal.fingerprint})`,
    zh: `          ${made.seal.public}（为你加密，也可用 age：${made.seal.fingerprint}）`,
  });
}

/** `residua keys NAME`: creates a key pair for signing and an age identity for sealing. */
export function registerKeys(program: Command): void {
  program
    .command("keys")
    .argument("<name>", "start of the four files' names, such as keys/anna")
    .addOption(sharedOptions.json())
    .addHelpText("after", "\nExample:\n  $ residua keys keys/anna")
    .action(keys);
}
