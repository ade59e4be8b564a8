import type { Command } from "commander";
import { stat } from "node:fs/promises";
import { sealArtefact, unsealArtefact } from "../../artifacts/node/seal.ts";
import { OptionError } from "../../tensor/errors.ts";
import { OutputFileOption } from "../output-file.ts";
import { sharedOptions } from "../options.ts";
import { print, printJson } from "../output.ts";

interface Options {
  readonly out?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

const EXTENSION = ".age";
/** Earlier versions wrote .sealed. */
const SEALED = /\.(age|sealed)$/;

async function requireFree(path: string, force: boolean | undefined): Promise<void> {
  const isThere = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (isThere && !force) throw new OptionError(path, "already exists; give another --out, or --force to replace it");
}

async function sealFile(
  path: string,
  { recipient, ...options }: Options & { readonly recipient: string },
): Promise<void> {
  const out = options.out ?? `${path}${EXTENSION}`;
  await requireFree(out, options.force);
  await sealArtefact(path, { recipient, out });
  if (options.json) printJson({ sealed: out });
  else print({ en: `Sealed: ${out}`, zh: `已加密：${out}` });
}

async function unsealFile(path: string, { key, ...options }: Options & { readonly key: string }): Promise<void> {
  const out = options.out ?? (SEALED.test(path) ? path.replace(SEALED, "") : undefined);
  if (out === undefined)
    throw new OptionError("--out", "is required when the file's name ends in neither .age nor .sealed");
  await requireFree(out, options.force);
  await unsealArtefact(path, { key, out });
  if (options.json) printJson({ unsealed: out });
  else print({ en: `Unsealed: ${out}`, zh: `已解密：${out}` });
}

/** `residua seal FILE` and `residua unseal FILE`. */
export function registerSeal(program: Command): void {
  program
    .command("seal")
    .argument("<file>", "the file to seal; it is not changed")
    .requiredOption("--recipient <file>", "the recipient's public key: NAME-seal.pub, or a file of age recipients")
    .addOption(new OutputFileOption("--out <file>", `the sealed file (default: the file's name plus ${EXTENSION})`))
    .option("--force", "replace an existing file")
    .addOption(sharedOptions.json())
    .addHelpText("after", "\nExample:\n  $ residua seal model.onnx --recipient ben-seal.pub")
    .action(sealFile);
  program
    .command("unseal")
    .alias("open")
    .argument("<file>", "the sealed file")
    .requiredOption("--key <file>", "your private key: NAME-seal.key, or a file of age identities")
    .addOption(
      new OutputFileOption("--out <file>", "the unsealed file (default: the file's name without .age or .sealed)"),
    )
    .option("--force", "replace an existing file")
    .addOption(sharedOptions.json())
    .addHelpText("after", "\nExample:\n  $ residua unseal model.onnx.age --key keys/ben-seal.key")
    .action(unsealFile);
}
