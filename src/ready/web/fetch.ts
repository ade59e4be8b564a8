import { EnvironmentError, errorMessage } from "../../tensor/errors.ts";

/** Fetches a file. @throws {EnvironmentError} if its address does not answer */
export async function fetchFile(address: string): Promise<Uint8Array> {
  const fail = (what: string, cause?: unknown): never => {
    throw new EnvironmentError(address, what, { cause });
  };
  const response = await fetch(address).catch((error: unknown) =>
    fail(`cannot be fetched: ${errorMessage(error)}`, error),
  );
  if (!response.ok) return fail(`cannot be fetched: the server answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** The SHA-256 of bytes, in hexadecimal. @throws {EnvironmentError} if the page cannot compute it */
export async function hashOf(bytes: Uint8Array): Promise<string> {
  // Pages that were not loaded over HTTPS or from this machine have none.
  if (globalThis.crypto?.subtle === undefined)
    throw new EnvironmentError(
      "sha256",
      "cannot be checked in a page that was not loaded over HTTPS; load it so, or open a file without `sha256`",
    );
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as BufferSource));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
