import { FormatError, VerificationError } from "../../tensor/errors.ts";
import { requireReady } from "../names.ts";
import { parseReadyIndex, type ReadyFile, type ReadyIndex } from "../ready-network.ts";
import { fetchFile, hashOf } from "./fetch.ts";

/** A file of a ready network, fetched and checked. */
export interface FetchedFile {
  readonly where: string;
  readonly bytes: Uint8Array;
}

/** Where a page's ready networks lie if nothing is said: `models/` beside the page. */
function besidePage(): URL {
  // A worker has no document.
  return new URL("models/", globalThis.document?.baseURI ?? globalThis.location.href);
}

async function fetchIndex(address: string): Promise<ReadyIndex> {
  const text = new TextDecoder().decode(await fetchFile(address));
  // Servers of pages answer an address that they do not know with a page.
  if (text.trimStart().startsWith("<"))
    throw new FormatError(address, "is a page, must be the index of ready networks; put the package's `models/` there");
  return parseReadyIndex(text, address);
}

async function fetchChecked(folder: URL, { path, sha256 }: ReadyFile): Promise<FetchedFile> {
  const where = new URL(path, folder).href;
  const bytes = await fetchFile(where);
  const found = await hashOf(bytes);
  if (found === sha256) return { where, bytes };
  throw new VerificationError(
    where,
    `is not the file that the index names: it has SHA-256 ${found.slice(0, 16)}…, must have ${sha256.slice(0, 16)}…; copy both anew`,
  );
}

/** The address of a folder, which ends with a slash. */
const toFolder = (folder: string | URL): URL => new URL(String(folder).replace(/\/?$/, "/"), besidePage());

/**
 * Every network of a folder of ready ones, each file for itself: "digits", or "plates-reader" where a task needs several.
 *
 * @param folder as {@link fetchReady} takes it
 * @returns by their names, what fetches and checks them
 * @throws {EnvironmentError} if the index does not answer
 */
export async function listReadyFiles(folder: string | URL): Promise<ReadonlyMap<string, () => Promise<FetchedFile>>> {
  const base = toFolder(folder);
  const { networks } = await fetchIndex(new URL("index.json", base).href);
  return new Map(
    networks.flatMap(({ name, files }) => {
      const parts = Object.entries(files);
      return parts.map(
        ([part, file]) => [parts.length === 1 ? name : `${name}-${part}`, () => fetchChecked(base, file)] as const,
      );
    }),
  );
}

/**
 * Fetches the files of a ready network, which are those that the index beside them names.
 *
 * @param folder the address of the folder that has `index.json`; `models/` beside the page if left out
 * @returns its files by their parts
 * @throws {OptionError} if the index has no network of that name
 * @throws {EnvironmentError} if an address does not answer
 * @throws {VerificationError} if a file is not the one that the index names
 */
export async function fetchReady(
  name: string,
  folder: string | URL = besidePage(),
): Promise<Readonly<Record<string, FetchedFile>>> {
  const base = toFolder(folder);
  const { files } = await requireReady(await fetchIndex(new URL("index.json", base).href), name, "file");
  const entries = Object.entries(files).map(async ([part, file]) => [part, await fetchChecked(base, file)] as const);
  return Object.fromEntries(await Promise.all(entries));
}
