import { access, constants, readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { createSecureContext } from "node:tls";
import { X509Certificate } from "node:crypto";
import { readSigningKey, readVerifyingKey } from "../../../artifacts/node/signing-keys.ts";
import { toEnvironmentError } from "../../../files/node.ts";
import { EnvironmentError, FormatError, OptionError } from "../../../tensor/errors.ts";
import { type Access, type AccessMemory, createAccess } from "./access.ts";
import { requireSafeListeners } from "./exposure.ts";
import { parsePolicy, type Policy, type PolicyTls } from "./schema.ts";

/** The most bytes of a policy. */
const LARGEST_POLICY = 1_048_576;

/** Certificate and key of a listener, read and checked. */
export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
  readonly minVersion: PolicyTls["minVersion"];
  /** When the certificate expires. */
  readonly expires: Date;
}

/** A policy at work, with what its listeners need. */
export interface LoadedPolicy {
  readonly access: Access;
  /** By the listener's place in the policy. */
  readonly tls: ReadonlyMap<number, TlsMaterial>;
}

/**
 * Reads a policy and everything it names, and checks all of it: nothing is started, or changed, by a faulty one.
 *
 * @throws {FormatError} naming a field that is unknown or out of range
 * @throws {OptionError} naming an address that is none, or a listener that would be unsafe
 * @throws {EnvironmentError} naming a certificate that cannot be read, has expired, or whose key others may read
 */
export async function loadPolicy(path: string, memory: AccessMemory, use: PolicyUse = "start"): Promise<LoadedPolicy> {
  const policy = parsePolicy(await readJson(path), path);
  try {
    return await putToWork(policy, memory, use);
  } catch (error) {
    if (error instanceof OptionError) throw new OptionError(`${path}: ${error.where}`, error.detail);
    throw error;
  }
}

/** A server that runs has opened already what only a start opens, and need not find it once more. */
export type PolicyUse = "start" | "reload";

/** Checks a policy, and reads what it names. */
export async function putToWork(policy: Policy, memory: AccessMemory, use: PolicyUse = "start"): Promise<LoadedPolicy> {
  requireDistinctClients(policy);
  requireSafeListeners(policy);
  requireDistinctPlaces(policy);
  requireReadableModels(policy);
  if (use === "start") await requireNamedFiles(policy);
  const names = ["localhost", "127.0.0.1", "[::1]"];
  const tls = new Map<number, TlsMaterial>();
  for (const [index, listener] of policy.listen.entries()) {
    if ("path" in listener) continue;
    names.push(listener.address.includes(":") ? `[${listener.address}]` : listener.address);
    if (listener.tls !== undefined) tls.set(index, await readTls(listener.tls, `listen[${index}].tls`));
  }
  return { access: createAccess(policy, memory, names), tls };
}

async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > LARGEST_POLICY) throw new FormatError(path, `has ${size} bytes, a policy has at most ${LARGEST_POLICY}`);
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw toEnvironmentError(path, "cannot read", error);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new FormatError(path, `is not valid JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function requireDistinctClients({ clients }: Policy): void {
  const [names, hashes, certificates] = [new Set<string>(), new Set<string>(), new Set<string>()];
  for (const [index, { name, keyHash, certificate }] of clients.entries()) {
    if (names.has(name)) throw new OptionError(`clients[${index}].name`, `"${name}" is there twice; each has its own`);
    names.add(name);
    if (keyHash === undefined && certificate === undefined)
      throw new OptionError(`clients[${index}]`, `"${name}" can never ask: give it a keyHash or a certificate`);
    // Who asks is one client: the rules of another would never hold.
    for (const hash of keyHash === undefined ? [] : [keyHash].flat()) {
      if (hashes.has(hash))
        throw new OptionError(`clients[${index}].keyHash`, "is there twice; make each client a key of its own");
      hashes.add(hash);
    }
    if (certificate === undefined) continue;
    if (certificates.has(certificate))
      throw new OptionError(`clients[${index}].certificate`, `"${certificate}" is there twice; each has its own`);
    certificates.add(certificate);
  }
}

/** Port 0 takes any that is free. */
function requireDistinctPlaces({ listen, admin }: Policy): void {
  const places = new Set<string>();
  const take = (place: string, where: string): void => {
    if (places.has(place))
      throw new OptionError(where, `${place} is there twice; give each listener a place of its own`);
    places.add(place);
  };
  for (const [index, entry] of listen.entries()) {
    if ("path" in entry) take(resolve(entry.path), `listen[${index}]`);
    else if (entry.port !== 0) take(`${entry.address}:${entry.port}`, `listen[${index}]`);
  }
  if (admin !== undefined && admin.port !== 0) take(`${admin.address}:${admin.port}`, "admin");
}

/** Checks the files that only a start opens, and the folders of those that it makes. */
async function requireNamedFiles({ listen, audit, models: { trustedKeys, openKey } }: Policy): Promise<void> {
  for (const entry of listen) if ("path" in entry) await requireFolderOf(entry.path);
  if (audit !== undefined) await requireFolderOf(audit.file);
  if (audit?.signingKey !== undefined) await readSigningKey(audit.signingKey);
  for (const key of trustedKeys) await readVerifyingKey(key);
  if (openKey !== undefined)
    await access(openKey, constants.R_OK).catch((cause: unknown) => {
      throw toEnvironmentError(openKey, "cannot read", cause);
    });
}

/** @throws {EnvironmentError} if the folder in which a file will be made does not exist, or may not be written to */
async function requireFolderOf(path: string): Promise<void> {
  await access(dirname(path), constants.W_OK).catch((cause: unknown) => {
    throw toEnvironmentError(dirname(path), "cannot be written to", cause);
  });
}

function requireReadableModels({ models: { requireSignature, trustedKeys } }: Policy): void {
  if (requireSignature && trustedKeys.length === 0)
    throw new OptionError("models.requireSignature", "lets no model be served: models.trustedKeys is empty");
  if (!requireSignature && trustedKeys.length > 0)
    throw new OptionError("models.trustedKeys", "have no effect without models.requireSignature");
}

async function readTls(tls: PolicyTls, where: string): Promise<TlsMaterial> {
  const read = async (path: string): Promise<Buffer> => {
    try {
      return await readFile(path);
    } catch (error) {
      throw toEnvironmentError(path, "cannot read", error);
    }
  };
  const { mode } = await stat(tls.key).catch((error: unknown) => {
    throw toEnvironmentError(tls.key, "cannot read", error);
  });
  if (process.platform !== "win32" && (mode & 0o077) !== 0)
    throw new EnvironmentError(tls.key, "can be read by others; make it yours alone with chmod 600");
  const [cert, key] = [await read(tls.cert), await read(tls.key)];
  const ca = tls.clientCa === undefined ? undefined : await read(tls.clientCa);
  try {
    createSecureContext({ cert, key, ...(ca && { ca }), minVersion: tls.minVersion });
  } catch (cause) {
    throw new FormatError(where, `${tls.cert} and ${tls.key} are no certificate and its key in PEM form`, { cause });
  }
  const expires = new Date(new X509Certificate(cert).validTo);
  if (expires.getTime() < Date.now())
    throw new EnvironmentError(tls.cert, `expired on ${expires.toISOString().slice(0, 10)}; renew it`);
  return { cert, key, ...(ca && { ca }), minVersion: tls.minVersion, expires };
}
