import * as v from "valibot";
import { checkPlainData, describeFailure } from "../../../files/schema.ts";
import { FormatError, OptionError } from "../../../tensor/errors.ts";

const MEBIBYTE = 1_048_576;

const count = (minimum: number, maximum: number = Number.MAX_SAFE_INTEGER): v.GenericSchema<unknown, number> =>
  v.pipe(v.number(), v.safeInteger(), v.minValue(minimum), v.maxValue(maximum));
const text = v.pipe(v.string(), v.minLength(1), v.maxLength(1024));
const texts = v.array(text);

const tls = v.strictObject({
  cert: text,
  key: text,
  clientCa: v.exactOptional(text),
  minVersion: v.optional(v.picklist(["TLSv1.2", "TLSv1.3"]), "TLSv1.3"),
});
const protocol = v.optional(v.picklist(["http", "grpc"]), "http");
const socketListener = v.strictObject({
  path: text,
  mode: v.optional(v.pipe(v.string(), v.regex(/^0[0-7]{3}$/)), "0660"),
  protocol,
});
const portListener = v.strictObject({
  address: text,
  port: count(0, 65_535),
  tls: v.exactOptional(tls),
  proxiesOnly: v.optional(v.boolean(), false),
  protocol,
});
/** By what it is meant to be, so that a fault in it is named. */
const listener = v.lazy((value): typeof socketListener | typeof portListener =>
  typeof value === "object" && value !== null && Object.hasOwn(value, "path") ? socketListener : portListener,
);

/** What a client may ask for. */
export type Verb = "infer" | "metadata" | "repository";

const verbs: readonly Verb[] = ["infer", "metadata", "repository"];

/** A TLS listener's files. */
export interface PolicyTls {
  readonly cert: string;
  readonly key: string;
  /** Asks clients for a certificate of this authority. */
  readonly clientCa?: string;
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
}

/** A Unix socket that listens. */
export interface SocketListener {
  readonly path: string;
  readonly mode: string;
  readonly protocol: "http" | "grpc";
}

/** A TCP port that listens. */
export interface PortListener {
  readonly address: string;
  readonly port: number;
  readonly tls?: PolicyTls;
  /** Whether it takes connections of trusted proxies alone. */
  readonly proxiesOnly: boolean;
  readonly protocol: "http" | "grpc";
}

/** Who may ask, for what, how often. */
export interface PolicyClient {
  readonly name: string;
  /** SHA-256 of its key, or of the old and the new one while they change. */
  readonly keyHash?: string | readonly string[];
  /** Subject's common name of its certificate. */
  readonly certificate?: string;
  /** Names of models; `*` at the end stands for any rest. */
  readonly models: readonly string[];
  readonly verbs: readonly Verb[];
  /** Blocks of addresses that it may come from; any if left out. */
  readonly from?: readonly string[];
  readonly rate?: { readonly perSecond: number; readonly burst: number };
  readonly maxConcurrent?: number;
}

/** What bounds a server. */
export interface PolicyLimits {
  readonly bodyBytes: number;
  readonly unpackedBytes: number;
  /** Bytes that are being received, unpacked and queued, together. */
  readonly totalBytes: number;
  readonly headerBytes: number;
  readonly decodedBytes: number;
  readonly batch: number;
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly queueRequests: number;
  /** Milliseconds that a request may have to wait; it is refused at once if it would be longer. */
  readonly waitMs?: number;
}

/** How requests are written down. */
export interface PolicyAudit {
  readonly file: string;
  readonly bodies: "never";
  /** Signs the chain's head every minute and at rotation. */
  readonly signingKey?: string;
  /** What happens to requests if the disk is full. */
  readonly onFull: "refuse" | "continue";
  /** Days after which a rotated file is deleted: addresses are personal data. */
  readonly keepDays: number;
  readonly maxBytes: number;
}

/** An access policy: who may reach the server, and what they may ask of it. */
export interface Policy {
  readonly $schema?: string;
  readonly listen: readonly (SocketListener | PortListener)[];
  /** Where metrics are told. */
  readonly admin?: { readonly address: string; readonly port: number };
  readonly network: {
    readonly default: "allow" | "deny";
    readonly allow: readonly string[];
    readonly deny: readonly string[];
    readonly trustedProxies: readonly string[];
  };
  /** Values of `Host` that are answered; the listeners' own if empty. */
  readonly hosts: readonly string[];
  /** Origins of pages that may ask; none if empty. */
  readonly cors: readonly string[];
  readonly clients: readonly PolicyClient[];
  readonly limits: PolicyLimits;
  readonly models: {
    readonly requireSignature: boolean;
    readonly trustedKeys: readonly string[];
    readonly openKey?: string;
  };
  readonly egress: "none";
  readonly audit?: PolicyAudit;
}

/** A client's name, which the audit log and rates keep. */
const clientName = v.pipe(v.string(), v.regex(/^[\w.-]{1,64}$/));

/** @throws {OptionError} if a policy would refuse a client of this name */
export function requireClientName(name: string, where: string): void {
  if (!v.safeParse(clientName, name).success)
    throw new OptionError(where, `"${name}" must be 1 to 64 letters, digits, dots, underscores and hyphens`);
}

const client: v.GenericSchema<unknown, PolicyClient> = v.strictObject({
  name: clientName,
  keyHash: v.exactOptional(v.union([keyHash(), v.pipe(v.array(keyHash()), v.minLength(1), v.maxLength(4))])),
  certificate: v.exactOptional(text),
  models: v.optional(texts, ["*"]),
  verbs: v.optional(v.array(v.picklist(verbs)), ["infer", "metadata"]),
  from: v.exactOptional(texts),
  rate: v.exactOptional(
    v.strictObject({ perSecond: v.pipe(v.number(), v.finite(), v.gtValue(0)), burst: count(1, 1e6) }),
  ),
  maxConcurrent: v.exactOptional(count(1, 1e6)),
});

function keyHash(): v.GenericSchema<unknown, string> {
  return v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/));
}

/** Limits of a server, all of them with a default. */
const limits: v.GenericSchema<unknown, PolicyLimits> = v.strictObject({
  bodyBytes: v.optional(count(1), 32 * MEBIBYTE),
  unpackedBytes: v.optional(count(1), 64 * MEBIBYTE),
  totalBytes: v.optional(count(1), 256 * MEBIBYTE),
  headerBytes: v.optional(count(1024, MEBIBYTE), 16_384),
  decodedBytes: v.optional(count(1), 100 * MEBIBYTE),
  batch: v.optional(count(1, 1024), 64),
  connections: v.optional(count(1, 1e6), 512),
  connectionsPerAddress: v.optional(count(1, 1e6), 64),
  headersTimeoutMs: v.optional(count(100, 3.6e6), 10_000),
  requestTimeoutMs: v.optional(count(100, 3.6e6), 30_000),
  queueRequests: v.optional(count(1, 1e6), 256),
  waitMs: v.exactOptional(count(0, 3.6e6)),
});

const policy: v.GenericSchema<unknown, Policy> = v.strictObject({
  $schema: v.exactOptional(v.string()),
  listen: v.optional(v.pipe(v.array(listener), v.minLength(1)), [{ address: "127.0.0.1", port: 8080 }]),
  admin: v.exactOptional(v.strictObject({ address: text, port: count(0, 65_535) })),
  network: v.optional(
    v.strictObject({
      default: v.optional(v.picklist(["allow", "deny"]), "deny"),
      allow: v.optional(texts, []),
      deny: v.optional(texts, []),
      trustedProxies: v.optional(texts, []),
    }),
    {},
  ),
  hosts: v.optional(texts, []),
  cors: v.optional(texts, []),
  clients: v.optional(v.array(client), []),
  limits: v.optional(limits, {}),
  models: v.optional(
    v.strictObject({
      requireSignature: v.optional(v.boolean(), false),
      trustedKeys: v.optional(texts, []),
      openKey: v.exactOptional(text),
    }),
    {},
  ),
  egress: v.optional(v.literal("none"), "none"),
  audit: v.exactOptional(
    v.strictObject({
      file: text,
      bodies: v.optional(v.literal("never"), "never"),
      signingKey: v.exactOptional(text),
      onFull: v.optional(v.picklist(["refuse", "continue"]), "refuse"),
      keepDays: v.optional(count(1, 36_500), 90),
      maxBytes: v.optional(count(4096), 64 * MEBIBYTE),
    }),
  ),
});

/**
 * Checks a policy against its schema.
 *
 * @param where the file's name, for errors
 * @throws {FormatError} naming the field: unknown, missing, of another type, or out of range
 */
export function parsePolicy(value: unknown, where: string): Policy {
  return checkPlainData(policy, value, (failure) => new FormatError(where, describeFailure(failure)));
}
