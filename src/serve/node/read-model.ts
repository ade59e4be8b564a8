import { readVerified } from "../../artifacts/node/signature.ts";
import { unsealBytes } from "../../artifacts/node/seal.ts";
import { readFileBytes } from "../../files/node.ts";
import { findNetwork } from "../../ready/node/find.ts";
import { EnvironmentError, VerificationError } from "../../tensor/errors.ts";
import { isSealed, type ModelFile, withoutSeal } from "./repository.ts";
import type { Policy } from "./policy/schema.ts";

/** A model's file as it was read. */
export interface ReadModel {
  /** One file, or one for each part of a task. */
  readonly bytes: Uint8Array | Readonly<Record<string, Uint8Array>>;
  /** Its path, without the ending of a seal. */
  readonly path: string;
  /** Whether files beside it may be read, too. */
  readonly mayReadBeside: boolean;
}

/**
 * Reads a model as a policy wants it: only if it is signed, and opened in memory if it is sealed. A ready network's files are
 * checked against their index, which is what must be signed.
 *
 * @throws {VerificationError} if it is not signed by a trusted key, was changed, or is sealed for another key
 * @throws {EnvironmentError} if it cannot be read
 */
export async function readModel(
  { path, isReady = false }: Pick<ModelFile, "path" | "isReady">,
  { requireSignature, trustedKeys, openKey }: Policy["models"],
): Promise<ReadModel> {
  if (isReady) return readReady(path, requireSignature ? trustedKeys : [undefined]);
  const bytes = requireSignature
    ? await readByOne(path, trustedKeys, (key) => readVerified(path, { key }))
    : await readFileBytes(path);
  if (!isSealed(path)) return { bytes, path, mayReadBeside: !requireSignature };
  if (openKey === undefined)
    throw new VerificationError(path, "is sealed; name the key that opens it as models.openKey of the policy");
  const opened = await unsealBytes(bytes, path, { key: openKey });
  return { bytes: opened, path: withoutSeal(path), mayReadBeside: false };
}

/** A ready network, whose index must be signed by one of the keys, if there are any. */
async function readReady(name: string, keys: readonly (string | undefined)[]): Promise<ReadModel> {
  const { files } = await readByOne(name, keys, async (key) => {
    const found = await findNetwork(name, "model", key === undefined ? {} : { key });
    if (found.kind === "ready") return found.ready;
    throw new EnvironmentError(name, "is no longer a ready network");
  });
  const { network: only } = files;
  if (only !== undefined) return { bytes: only.bytes, path: only.path, mayReadBeside: false };
  const bytes = Object.fromEntries(Object.entries(files).map(([part, file]) => [part, file.bytes]));
  return { bytes, path: name, mayReadBeside: false };
}

/** What is read with the first of the keys that vouches for it. */
async function readByOne<Key, Read>(
  path: string,
  keys: readonly Key[],
  read: (key: Key) => Promise<Read>,
): Promise<Read> {
  let last: unknown;
  for (const key of keys)
    try {
      return await read(key);
    } catch (error) {
      if (!(error instanceof VerificationError)) throw error;
      last = error;
    }
  if (keys.length === 1) throw last;
  const said = last instanceof VerificationError ? `; of the last, ${last.where} ${last.detail}` : "";
  throw new VerificationError(path, `is vouched for by none of the ${keys.length} trusted keys${said}`);
}
