import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readFileBytes } from "../../files/node.ts";
import { OptionError, VerificationError } from "../../tensor/errors.ts";
import { findReady, requireReady, standardReady } from "../names.ts";
import { isBareName, type ReadyFile, type ReadyNetwork } from "../ready-network.ts";
import { type OpenedIndex, openReadyIndex, type ReadyPlace } from "./index-file.ts";

/** A file of a ready network, read and checked. */
export interface CheckedFile {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A ready network with its files, which are those that the index names. */
export interface CheckedNetwork {
  readonly network: ReadyNetwork;
  /** By the part of the task that each does: `network`, or `locator` and `reader`. */
  readonly files: Readonly<Record<string, CheckedFile>>;
  /** Fingerprint of the key that signed the index; null if it is not signed. */
  readonly signer: string | null;
}

/** What a text names: a file, whether it exists or not, or a ready network. */
export type NamedNetwork =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "ready"; readonly ready: CheckedNetwork };

async function readChecked(folder: string, { path: name, bytes: length, sha256 }: ReadyFile): Promise<CheckedFile> {
  const path = join(folder, name);
  const bytes = await readFileBytes(path);
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found === sha256) return { path, sha256, bytes };
  const what = bytes.length === length ? `SHA-256 ${found.slice(0, 16)}…` : `${bytes.length} bytes`;
  const wanted = bytes.length === length ? `${sha256.slice(0, 16)}…` : String(length);
  throw new VerificationError(
    path,
    `is not the file that the index names: it has ${what}, must have ${wanted}; install residua anew`,
  );
}

/** Reads and checks the files of a network. @throws {VerificationError} if one is not the file that the index names */
export async function checkNetwork({ folder, signer }: OpenedIndex, network: ReadyNetwork): Promise<CheckedNetwork> {
  const entries = Object.entries(network.files).map(
    async ([part, file]) => [part, await readChecked(folder, file)] as const,
  );
  return { network, signer, files: Object.fromEntries(await Promise.all(entries)) };
}

/**
 * What a text names. A bare name is a ready network; a text with a slash or an ending is a file, and so is a name that no ready
 * network has and a file or folder has.
 *
 * @param field what the text was given as, for errors
 * @throws {OptionError} if a bare name is neither, naming those that are near
 * @throws {VerificationError} if a file is not the one that the index names, or the index not the one that was signed
 */
export async function findNetwork(text: string, field: string, place: ReadyPlace = {}): Promise<NamedNetwork> {
  if (!isBareName(text)) return { kind: "file", path: text };
  const opened = await openReadyIndex(place);
  if (findReady(opened.index, text) === undefined && existsSync(text)) return { kind: "file", path: text };
  return { kind: "ready", ready: await checkNetwork(opened, await requireReady(opened.index, text, field)) };
}

/** The ready network of a name, if there is one. @throws {VerificationError} as {@link findNetwork} */
export async function findReadyNetwork(name: string, place: ReadyPlace = {}): Promise<CheckedNetwork | undefined> {
  if (!isBareName(name)) return undefined;
  const opened = await openReadyIndex(place);
  const network = findReady(opened.index, name);
  return network === undefined ? undefined : checkNetwork(opened, network);
}

/**
 * The ready network that a command uses for its task if it is told none.
 *
 * @throws {OptionError} if there is none
 * @throws {VerificationError} as {@link findNetwork}
 */
export async function openStandardReady(task: string, field: string, place: ReadyPlace = {}): Promise<CheckedNetwork> {
  const opened = await openReadyIndex(place);
  return checkNetwork(opened, standardReady(opened.index, task, field));
}

/** The file of a network that has one. @throws {OptionError} if it has a file for each part of its task */
export function onlyFileOf({ network, files }: CheckedNetwork, field: string): CheckedFile {
  const { network: only } = files;
  if (only !== undefined) return only;
  const paths = Object.values(files).map(({ path }) => path);
  throw new OptionError(
    field,
    `"${network.name}" has ${paths.length} files, for residua ${network.task}; give one of ${paths.join(", ")}`,
  );
}

/**
 * The path of the file that a text names, for work that happens in another process; a ready network's file is checked first.
 *
 * @param field what the text was given as, for errors
 * @throws as {@link findNetwork} and {@link onlyFileOf}
 */
export async function findNetworkPath(text: string, field: string): Promise<string> {
  const found = await findNetwork(text, field);
  return found.kind === "file" ? found.path : onlyFileOf(found.ready, field).path;
}
