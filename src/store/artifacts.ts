import { readFilePieces, toEnvironmentError } from "../files/node.ts";
import { createHash, randomUUID } from "node:crypto";
import { copyFile, link, mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** What a file holds, told by its hash. */
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

/** Where the content of a hash is kept. */
export function artifactPath(folder: string, sha256: string): string {
  return join(folder, sha256.slice(0, 2), sha256);
}

/**
 * Keeps a file's content under its hash, where it stays when the file is replaced. On one file system this takes no
 * space and no time: it is a second name for the same content, since files are replaced and never changed.
 *
 * @throws {EnvironmentError} if it cannot be read or kept
 */
export async function keepArtifact(folder: string, path: string): Promise<FileContentId> {
  const temporary = join(folder, `.${randomUUID()}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    // Named first and hashed then: another file may take the old name at any time.
    await link(path, temporary).catch(() => copyFile(path, temporary));
    const content = await hashFile(temporary);
    await mkdir(join(folder, content.sha256.slice(0, 2)), { recursive: true });
    await rename(temporary, artifactPath(folder, content.sha256));
    return content;
  } catch (cause) {
    throw toEnvironmentError(path, "cannot keep", cause);
  } finally {
    // Two names of one content: renaming one to the other leaves both.
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/** Removes kept content; what is not there is no error. */
export async function dropArtifact(folder: string, sha256: string): Promise<void> {
  await rm(artifactPath(folder, sha256), { force: true });
}
