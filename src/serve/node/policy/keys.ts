import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { PolicyClient } from "./schema.ts";

/** Bytes of a key: too many to be guessed, so that a fast hash keeps it. */
const KEY_BYTES = 32;

/** A new client's key, which is shown once, and the hash that a policy keeps. */
export function createKey(): { readonly key: string; readonly keyHash: string } {
  const key = `residua_${randomBytes(KEY_BYTES).toString("base64url")}`;
  return { key, keyHash: hashKey(key) };
}

/** What a policy keeps of a key. */
function hashKey(key: string): string {
  return `sha256:${createHash("sha256").update(key).digest("hex")}`;
}

/**
 * The client whose key this is. Every hash is compared, each in the same time, so that the time taken says nothing of a key.
 */
export function findByKey(clients: readonly PolicyClient[], key: string): PolicyClient | undefined {
  const given = Buffer.from(hashKey(key));
  let found: PolicyClient | undefined;
  for (const client of clients) {
    const hashes = typeof client.keyHash === "string" ? [client.keyHash] : (client.keyHash ?? []);
    for (const hash of hashes) if (timingSafeEqual(Buffer.from(hash), given)) found = client;
  }
  return found;
}

/** The key of a request: of `Authorization: Bearer`, or of `X-API-Key`. */
export function keyOf(headers: Readonly<Record<string, string | readonly string[] | undefined>>): string | undefined {
  const bearer = /^Bearer +([\w.~+/=-]+)$/i.exec(String(headers["authorization"] ?? ""))?.[1];
  const own = headers["x-api-key"];
  return bearer ?? (typeof own === "string" ? own : undefined);
}

/** Whether a client may know of a model. */
export function mayUse({ models }: PolicyClient, model: string): boolean {
  return models.some((pattern) => (pattern.endsWith("*") ? model.startsWith(pattern.slice(0, -1)) : model === pattern));
}
