/** A file that was dropped or chosen, with its place below what was dropped. */
export interface DroppedFile {
  readonly path: string;
  readonly file: File;
}

/** Files of what was dropped, or that there are more than were asked for. */
export type Dropped = { readonly files: readonly DroppedFile[] } | { readonly isTooMany: true };

const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject));

/** The entries of a folder; a browser gives them in parts. */
async function listFolder(folder: FileSystemDirectoryEntry): Promise<readonly FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const part = await new Promise<readonly FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (part.length === 0) return all.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    all.push(...part);
  }
}

/**
 * The files that were dropped, those in folders as well. To be called while the drop is handled.
 *
 * @param most no more than so many files are listed
 */
export function readDrop({ items }: DataTransfer, most: number): Promise<Dropped> {
  const all = Array.from(items, (item) => [item.webkitGetAsEntry(), item.getAsFile()] as const);
  const entries = all.flatMap(([entry]) => entry ?? []);
  // A picture out of another page is a file without an entry.
  const files: DroppedFile[] = all.flatMap(([entry, file]) =>
    entry === null && file !== null ? [{ path: file.name, file }] : [],
  );
  const walk = async (entry: FileSystemEntry, above: string): Promise<void> => {
    if (files.length > most) return;
    const path = above + entry.name;
    if (entry.isFile) files.push({ path, file: await fileOf(entry as FileSystemFileEntry) });
    else for (const below of await listFolder(entry as FileSystemDirectoryEntry)) await walk(below, `${path}/`);
  };
  const walkAll = async (): Promise<Dropped> => {
    for (const entry of entries) await walk(entry, "");
    return files.length > most ? { isTooMany: true } : { files };
  };
  return walkAll();
}

/** The files that were chosen with an `input`. */
export function readInput({ files }: HTMLInputElement, most: number): Dropped {
  const all = Array.from(files ?? [], (file) => ({ path: file.webkitRelativePath || file.name, file }));
  return all.length > most ? { isTooMany: true } : { files: all.toSorted((a, b) => (a.path < b.path ? -1 : 1)) };
}
