import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readVerified, signaturePathOf, verifyArtefact } from "../../artifacts/node/signature.ts";
import { readFileBytes } from "../../files/node.ts";
import { EnvironmentError } from "../../tensor/errors.ts";
import { parseReadyIndex, type ReadyIndex } from "../ready-network.ts";

/** Where the ready networks lie, and who must have signed their index. */
export interface ReadyPlace {
  /** The folder; `RESIDUA_MODELS` if left out, else the package's own. */
  readonly folder?: string;
  /** A public key that must have signed the index; else the folder's own, if the index is signed at all. */
  readonly key?: string;
}

/** An index, and who vouches for it. */
export interface OpenedIndex {
  readonly folder: string;
  readonly index: ReadyIndex;
  /** Fingerprint of the key that signed the index; null if it is not signed. */
  readonly signer: string | null;
}

/** Beside the index: the public half of the key that signs it at a release. */
export const releaseKeyName = "release.pub";

/** `models/` beside `dist/` in the package, or beside `src/`. */
const packageFolder: string = fileURLToPath(new URL("../../../models", import.meta.url));

/** The folder of ready networks: `RESIDUA_MODELS`, else the package's own. */
const standardFolder = (): string => process.env["RESIDUA_MODELS"] || packageFolder;

/**
 * Reads the index of the ready networks. If it is signed, or a key is given, exactly the bytes that were signed are read; what is
 * not signed is told by `signer`.
 *
 * @throws {VerificationError} if the signature is not the key's, or the index was changed
 * @throws {FormatError} if it is no index
 * @throws {EnvironmentError} if it cannot be read, or a key is given and the index is not signed
 */
export async function openReadyIndex({ folder = standardFolder(), key }: ReadyPlace = {}): Promise<OpenedIndex> {
  const path = join(folder, "index.json");
  const isSigned = existsSync(signaturePathOf(path));
  if (!isSigned && key !== undefined)
    throw new EnvironmentError(path, "is not signed, so the ready networks cannot be checked with a key; leave it out");
  if (!isSigned) return { folder, index: parseIndex(await readFileBytes(path), path), signer: null };
  const by = { key: key ?? join(folder, releaseKeyName) };
  const { signer } = await verifyArtefact(path, by);
  return { folder, index: parseIndex(await readVerified(path, by), path), signer };
}

const parseIndex = (bytes: Uint8Array, path: string): ReadyIndex =>
  parseReadyIndex(new TextDecoder().decode(bytes), path);
