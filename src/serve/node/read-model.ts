import { readVerified } from "../../artifacts/node/signature.ts";
import { unsealBytes } from "../../artifacts/node/seal.ts";
import { readFileBytes } from "../../files/node.ts";
import { VerificationError } from "../../tensor/errors.ts";
import { isSealed, withoutSeal } from "./repository.ts";
import type { Policy } from "./policy/schema.ts";

/** A model's file as it was read. */
export interface ReadModel {
  readonly bytes: Uint8Array;
  /** Its path, without the ending of a seal. */
  readonly path: string;
  /** Whether files beside it may be read, too. */
  readonly mayReadBeside: boolean;
}

/**
 * Reads a model's file as a policy wants it: only if it is signed, and opened in memory if it is sealed.
 *
 * @throws {VerificationError} if it is not signed by a trusted key, was changed, or is sealed for another key
 * @throws {EnvironmentError} if it cannot be read
 */
export async function readModel(
  path: string,
  { requireSignature, trustedKeys, openKey }: Policy["models"],
): Promise<ReadModel> {
  const bytes = requireSignature ? await readTrusted(path, trustedKeys) : await readFileBytes(path);
  if (!isSealed(path)) return { bytes, path, mayReadBeside: !requireSignature };
  if (openKey === undefined)
    throw new VerificationError(path, "is sealed; name the key that opens it as models.openKey of the policy");
  const opened = await unsealBytes(bytes, path, { key: openKey });
  return { bytes: opened, path: withoutSeal(path), mayReadBeside: false };
}

async function readTrusted(path: string, keys: readonly string[]): Promise<Uint8Array> {
  let last: unknown;
  for (const key of keys)
    try {
      return await readVerified(path, { key });
    } catch (error) {
      if (!(error instanceof VerificationError)) throw error;
      last = error;
    }
  if (keys.length === 1) throw last;
  const said = last instanceof VerificationError ? `; of the last, ${last.where} ${last.detail}` : "";
  throw new VerificationError(path, `is vouched for by none of the ${keys.length} trusted keys${said}`);
}
