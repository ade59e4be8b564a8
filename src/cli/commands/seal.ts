import type { Command } from "commander";
import { stat } from "node:fs/promises";
import { openArtefact, sealArtefact } from "../../artifacts/node/seal.ts";
import { OptionError } from "../../tensor/errors.ts";
import { sharedOptions } from "../options.ts";
import { print, printJson } from "../output.ts";

interface Options {
  readonly out?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

const EXTENSION = ".sealed";

async function requireFree(path: string, force: boolean | undefined): Promise<void> {
  const isThere = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (isThere && !force) throw new OptionError(path, "is there already; give another --out, or --force to replace it");
}

async function sealFile(
  path: string,
  { recipient, ...options }: Options & { readonly recipient: string },
): Promise<void> {
  const out = options.out ?? `${path}${EXTENSION}`;
  await requireFree(out, options.force);
  await sealArtefact(path, { recipient, out });
  if (options.json) printJson({ sealed: out });
  else print(`Sealed: ${out}`);
}

async function openFile(path: string, { key, ...options }: Options & { readonly key: string }): Promise<void> {
  const out = options.out ?? (path.endsWith(EXTENSION) ? path.slice(0, -EXTENSION.length) : undefined);
  if (out === undefined) throw new OptionError("--out", `is needed where the name does not end in ${EXTENSION}`);
  await requireFree(out, options.force);
  await openArtefact(path, { key, out });
  if (options.json) printJson({ opened: out });
  else print(`Opened: ${out}`);
}

/** `residua seal FILE` and `residua open FILE`. */
export function registerSeal(program: Command): void {
  program
    .command("seal")
    .argument("<file>", "the file; it stays as it is")
    .requiredOption("--recipient <file>", "the recipient's public key, NAME-seal.pub")
    .option("--out <file>", `where the sealed file goes (default: the file's name and ${EXTENSION})`)
    .option("--force", "replace what is there")
    .addOption(sharedOptions.json())
    .addHelpText("after", "\nExample:\n  $ residua seal model.onnx --recipient ben-seal.pub")
    .action(sealFile);
  program
    .command("open")
    .argument("<file>", "the sealed file")
    .requiredOption("--key <file>", "your private key, NAME-seal.key")
    .option("--out <file>", `where the opened file goes (default: the file's name without ${EXTENSION})`)
    .option("--force", "replace what is there")
    .addOption(sharedOptions.json())
    .addHelpText("after", "\nExample:\n  $ residua open model.onnx.sealed --key keys/ben-seal.key")
    .action(openFile);
}
