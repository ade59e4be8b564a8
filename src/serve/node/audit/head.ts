import { type KeyObject, createPublicKey, sign, verify } from "node:crypto";
import { readFile } from "node:fs/promises";
import * as v from "valibot";
import { fingerprintOf } from "../../../artifacts/node/key-files.ts";
import { checkPlainData } from "../../../files/schema.ts";
import { toEnvironmentError } from "../../../files/node.ts";
import { canonicalJson } from "../../../tensor/canonical-json.ts";
import { FormatError, VerificationError } from "../../../tensor/errors.ts";
import type { ChainHead } from "./chain.ts";

/** The end of a log at some time, signed: kept elsewhere, it proves that nothing before it is missing. */
export interface SignedHead extends ChainHead {
  /** ISO 8601, UTC. */
  readonly time: string;
  /** Fingerprint of the key. */
  readonly signer: string;
  /** Ed25519 over the rest as canonical JSON, in base64. */
  readonly signature: string;
}

const headSchema: v.GenericSchema<unknown, SignedHead> = v.strictObject({
  sequence: v.pipe(v.number(), v.safeInteger(), v.minValue(-1)),
  hash: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  time: v.string(),
  signer: v.string(),
  signature: v.pipe(v.string(), v.base64()),
});

/** A head is no statement about anything else that the key signs. */
const CONTEXT = "residua audit head\n";

const signed = ({ sequence, hash, time, signer }: Omit<SignedHead, "signature">): Buffer =>
  Buffer.from(CONTEXT + canonicalJson({ sequence, hash, time, signer }));

/** Signs the end of a chain. @param key Ed25519, private */
export function signHead({ sequence, hash }: ChainHead, time: string, key: KeyObject): SignedHead {
  const statement = { sequence, hash, time, signer: fingerprintOf(createPublicKey(key)) };
  return { ...statement, signature: sign(null, signed(statement), key).toString("base64") };
}

/**
 * Reads a head and checks its signature.
 *
 * @param key Ed25519, public
 * @throws {VerificationError} if another key signed it, or it was changed
 */
export async function readHead(path: string, key: KeyObject): Promise<SignedHead> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) throw new FormatError(path, "is no signed head of an audit log");
    throw toEnvironmentError(path, "cannot read", error);
  }
  const head = checkPlainData(headSchema, value, ({ path: at, detail }) => new FormatError(path, `${at} ${detail}`));
  if (!verify(null, signed(head), key, Buffer.from(head.signature, "base64")))
    throw new VerificationError(path, `is not signed by this key (${fingerprintOf(key)}), or was changed`);
  return head;
}
