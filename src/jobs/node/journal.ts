import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder, readFileBytes, writeFileAtomically } from "../../files/node.ts";
import { canonicalJson } from "../../tensor/canonical-json.ts";
import { createJournal, type Journal, type JournalOptions, type JournalStorage } from "../journal.ts";

/** One file, whose folder is made if need be. */
function journalFile(path: string): JournalStorage {
  return {
    read: async () => (existsSync(path) ? readFileBytes(path) : undefined),
    write: async (pieces) => {
      await makeFolder(dirname(path));
      await writeFileAtomically(path, pieces);
    },
    remove: () => rm(path, { force: true }),
  };
}

/** Opens a journal in a file; nothing is kept if there is no path. */
export function openJournal<Notes>(path: string | undefined, options: JournalOptions<Notes>): Journal<Notes> {
  return createJournal(path === undefined ? undefined : journalFile(path), options);
}

/** Tells work apart: the SHA-256 of all facts and bytes that its results depend on, in hexadecimal. */
export function identityOf(facts: unknown, bytes: Iterable<Uint8Array> = []): string {
  const hash = createHash("sha256").update(canonicalJson(facts));
  for (const piece of bytes) hash.update(piece);
  return hash.digest("hex");
}
