import { readFilePieces, toEnvironmentError, writeFileAtomically } from "../files/node.ts";
import { createHash, randomUUID } from "node:crypto";
import { copyFile, link, mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** The content of a file, identified by its hash. */
export interface FileContentId {
  readonly sha256: string;
  readonly bytes: number;
}

/** Hashes a file piece by piece. @throws {EnvironmentError} if it cannot be read */
export async function hashFile(path: string): Promise<FileContentId> {
  const hash = createHash("sha256");
  try {
    for await (const piece of readFilePieces(path)) hash.update(piece);
    return { sha256: hash.digest("hex"), bytes: (await stat(path)).size };
  } catch (cause) {
    throw toEnvironmentError(path, "cannot read", cause);
  }
}

/** The path of the content with a hash. */
export function artifactPath(folder: string, sha256: string): string {
  return join(folder, sha256.slice(0, 2), sha256);
}

/**
 * Stores a file's content under its hash, where it survives replacement of the file. Within one file system this is a
 * hard link, which takes no space or time, since files are replaced and never modified.
 *
 * @throws {EnvironmentError} if it cannot be read or stored
 */
export async function keepArtifact(folder: string, path: string): Promise<FileContentId> {
  const temporary = join(folder, `.${randomUUID()}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    // Linked first, then hashed: another file may take the old name at any time.
    await link(path, temporary).catch(() => copyFile(path, temporary));
    const content = await hashFile(temporary);
    await mkdir(join(folder, content.sha256.slice(0, 2)), { recursive: true });
    await rename(temporary, artifactPath(folder, content.sha256));
    return content;
  } catch (cause) {
    throw toEnvironmentError(path, "cannot keep", cause);
  } finally {
    // Two links to one file: renaming one to the other leaves both.
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/** The identity of content that is no file. */
export function contentIdOf(content: Uint8Array): FileContentId {
  return { sha256: createHash("sha256").update(content).digest("hex"), bytes: content.length };
}

/** Stores content under its hash. @throws {EnvironmentError} if it cannot be stored */
export async function keepContent(folder: string, content: Uint8Array): Promise<FileContentId> {
  const id = contentIdOf(content);
  const path = artifactPath(folder, id.sha256);
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (cause) {
    throw toEnvironmentError(path, "cannot keep", cause);
  }
  await writeFileAtomically(path, content);
  return id;
}

/** Removes stored content; a missing file is not an error. */
export async function dropArtifact(folder: string, sha256: string): Promise<void> {
  await rm(artifactPath(folder, sha256), { force: true });
}
