import type { Command } from "commander";
import { makeKeyPair } from "../../artifacts/node/keys.ts";
import { sharedOptions } from "../options.ts";
import { print, printJson } from "../output.ts";

async function keys(name: string, { json }: { readonly json?: boolean }): Promise<void> {
  const made = { sign: await makeKeyPair(name, "sign"), seal: await makeKeyPair(name, "seal") };
  if (json) return printJson(made);
  print(`Keep secret:  ${made.sign.secret} (signs as you), ${made.seal.secret} (unseals what is sealed for you)`);
  print(`Give away:    ${made.sign.public} (verifies; fingerprint ${made.sign.fingerprint})`);
  print(`              ${made.seal.public} (seals for you, with age too: ${made.seal.fingerprint})`);
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
