import { hasCode } from "../../files/node/failure.ts";
import { toEnvironmentError, writeFileAtomically } from "../../files/node.ts";
import { randomUUID } from "node:crypto";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { EnvironmentError, FormatError, ResiduaError } from "../../tensor/errors.ts";
import { catalog, type DatasetName } from "../catalog.ts";
import { type Files, requireHash } from "./archive.ts";
import type { FetchProgress } from "./download.ts";
import { openSource, type Source } from "./sources.ts";

/** @throws {FormatError} unless these are the data set's files, byte for byte */
export function verifyFiles(name: DatasetName, files: Files): void {
  for (const [file, sha256] of Object.entries(catalog[name].files)) {
    const bytes = files[file];
    if (bytes === undefined) throw new FormatError(`${name}/${file}`, "is missing; nothing was kept");
    if (sha256 !== null) requireHash(bytes, { algorithm: "sha256", hex: sha256 }, `${name}/${file}`);
  }
}

/** Stores the files in a folder that appears complete or not at all, whoever else does so at the same time. */
async function keepFiles(folder: string, wanted: readonly string[], files: Files): Promise<void> {
  const temporary = `${folder}.${randomUUID()}.tmp`;
  const replaced = `${temporary}.replaced`;
  try {
    await mkdir(temporary, { recursive: true });
    for (const file of wanted) await writeFileAtomically(join(temporary, file), files[file]);
    await rename(folder, replaced).catch(unless("ENOENT"));
    // Whoever fetched it at the same time has put the same files there.
    await rename(temporary, folder).catch(unless("ENOTEMPTY", "EEXIST"));
  } catch (error) {
    await rename(replaced, folder).catch(() => {});
    throw toEnvironmentError(folder, "cannot be written", error);
  } finally {
    for (const each of [temporary, replaced]) await rm(each, { recursive: true, force: true }).catch(() => {});
  }
}

const unless =
  (...codes: readonly string[]) =>
  (error: unknown): void => {
    if (!codes.some((code) => hasCode(error, code))) throw error;
  };

/**
 * Fetches a data set, verifies every file's hash, and stores it under `cache`. An existing copy stays unless everything
 * succeeds.
 *
 * @param from sources in order of preference; the official ones if left out
 * @returns the folder that holds it
 * @throws {EnvironmentError} if no source has it (giving each one's reason) or the folder cannot be written
 */
export async function fetchDataset(
  name: DatasetName,
  cache: string,
  progress: FetchProgress,
  from: readonly Source[] = catalog[name].sources.map((source) => openSource(source, catalog[name])),
): Promise<string> {
  const files = await fetchFirst(name, from, progress);
  const folder = join(cache, name);
  await keepFiles(folder, Object.keys(catalog[name].files), files);
  return folder;
}

/** The files from the first source that delivers them correctly. */
async function fetchFirst(name: DatasetName, from: readonly Source[], progress: FetchProgress): Promise<Files> {
  const reasons: string[] = [];
  for (const source of from) {
    try {
      const files = await source(progress);
      verifyFiles(name, files);
      return files;
    } catch (error) {
      reasons.push(explainFailure(error));
    }
  }
  throw new EnvironmentError(name, `could not be fetched: ${reasons.join("; ")}`);
}

function explainFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof ResiduaError) return error.message;
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : "";
  return `${error.message.split("\n")[0]}${cause}`;
}
