import {
  checkSignedContent,
  type NamedBytes,
  readVerifyingKey,
  verifyBytes,
  type VerifyingKey,
} from "../../../artifacts/web/verify.ts";
import { errorMessage, FormatError, ResiduaError, VerificationError } from "../../../tensor/errors.ts";
import { largestSignature } from "../../../artifacts/statement.ts";

import type { SignatureFiles, SignatureView } from "./describe-job.ts";

/** The public key of the release that the site was built from: its build puts it in. Empty if the release is not signed. */
declare const RELEASE_KEY: string;

const releaseKey = (): string => (typeof RELEASE_KEY === "undefined" ? "" : RELEASE_KEY);
/** What the release's key is called in errors. */
const releaseName = "release.pub";

async function readSmall(file: File): Promise<NamedBytes> {
  const { name } = file;
  if (file.size > largestSignature) throw new FormatError(name, "is too large to be a signature or a key");
  return { name, bytes: new Uint8Array(await file.arrayBuffer()) };
}

async function openKey({ key }: SignatureFiles, release: string): Promise<VerifyingKey | undefined> {
  if (key !== undefined) return readVerifyingKey(new TextDecoder().decode((await readSmall(key)).bytes), key.name);
  return release === "" ? undefined : readVerifyingKey(release, releaseName);
}

async function check(
  file: NamedBytes,
  signature: NamedBytes,
  { isRelease, key }: { readonly isRelease: boolean; readonly key: VerifyingKey | undefined },
): Promise<SignatureView> {
  const { name } = signature;
  const said = await checkSignedContent(file, signature);
  if (key === undefined) return { kind: "unchecked", name, isRelease };
  // That another key than the release's signed is no fault.
  if (isRelease && said.signer !== key.fingerprint) return { kind: "unchecked", name, isRelease };
  const { signer, provenance, name: signedName } = await verifyBytes(file, signature, key);
  return { kind: "holds", name, key: key.name, isRelease, signer, signedName, provenance: Object.entries(provenance) };
}

/**
 * What can be said of who signed a file. Without the signer's key that is nothing; a signature that does not hold is told with why.
 *
 * @param files the reader's: the signature and the public key; the release's key takes the place of one that is not given
 */
export async function viewSignature(
  file: NamedBytes,
  files: SignatureFiles,
  release: string = releaseKey(),
): Promise<SignatureView> {
  const { signature, key } = files;
  if (signature === undefined) return { kind: "none" };
  try {
    const isRelease = key === undefined && release !== "";
    return await check(file, await readSmall(signature), { isRelease, key: await openKey(files, release) });
  } catch (error) {
    if (!(error instanceof ResiduaError)) throw error;
    const message = errorMessage(error);
    return { kind: error instanceof VerificationError ? "broken" : "unreadable", name: signature.name, message };
  }
}
