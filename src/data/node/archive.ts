import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { parseTar } from "nanotar";
import { FormatError } from "../../tensor/errors.ts";
import { maximumBytes } from "./download.ts";

/** Files by name. */
export type Files = Readonly<Record<string, Uint8Array>>;

/** The expected hash of a file. */
export interface ExpectedHash {
  readonly algorithm: "md5" | "sha256" | "sha512";
  readonly hex: string;
}

/** @throws {FormatError} unless the bytes are as published */
export function requireHash(bytes: Uint8Array, { algorithm, hex }: ExpectedHash, where: string): void {
  const actual = createHash(algorithm).update(bytes).digest("hex");
  if (actual === hex) return;
  const name = algorithm === "md5" ? "MD5" : algorithm.replace("sha", "SHA-");
  throw new FormatError(where, `has ${name} ${actual}, must be ${hex}; nothing was kept`);
}

const inflate = promisify(gunzip) as (
  data: Uint8Array,
  options: { readonly maxOutputLength: number },
) => Promise<Uint8Array>;

/**
 * Unpacks gzip.
 * @throws {FormatError} if it is not gzip, is truncated, or unpacks to more than 400 MB
 */
export async function unzip(bytes: Uint8Array, where: string): Promise<Uint8Array> {
  try {
    return await inflate(bytes, { maxOutputLength: maximumBytes });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FormatError(where, `cannot be unpacked: ${reason}`, { cause: error });
  }
}

/**
 * Files of a .tar.gz, by their names without the folders. The hash is verified first, since the tar reader trusts the
 * header's numbers.
 * @throws {FormatError} if it is not the published archive
 */
export async function unpackArchive(archive: Uint8Array, hash: ExpectedHash, where: string): Promise<Files> {
  requireHash(archive, hash, where);
  const tar = await unzip(archive, where);
  // The reader uses the underlying buffer, which may be longer and start elsewhere.
  const entries = parseTar(tar.byteLength === tar.buffer.byteLength ? tar : new Uint8Array(tar));
  return Object.fromEntries(
    entries.flatMap(({ name, data }) => (data === undefined ? [] : [[name.split("/").at(-1)!, data] as const])),
  );
}
