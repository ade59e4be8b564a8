import { copyFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { OptionError } from "../../tensor/errors.ts";
import { siteHeaders } from "./headers.ts";
import { listSite } from "./site.ts";

/** What was exported. */
export interface ExportedSite {
  readonly folder: string;
  readonly files: number;
  readonly bytes: number;
}

/** The headers for hosts that read them from such a file, as Netlify and Cloudflare Pages do. */
const headersFile = (): string =>
  `/*\n${Object.entries(siteHeaders)
    .map(([name, value]) => `  ${name}: ${value}\n`)
    .join("")}`;

/** @throws {OptionError} if the folder holds anything */
async function requireEmpty(folder: string): Promise<void> {
  const found = await readdir(folder).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    if (code === "ENOTDIR") throw new OptionError("export", `${folder} is a file, must be a folder`);
    throw error;
  });
  if (found.length > 0) throw new OptionError("export", `${folder} is not empty; name a new folder, or empty it first`);
}

/**
 * Writes the studio as a static site, which works from any host and any folder of it.
 *
 * @param folder new, or empty
 * @throws {OptionError} if the folder holds anything
 * @throws {EnvironmentError} if the site was not built
 */
export async function exportSite(folder: string): Promise<ExportedSite> {
  const files = await listSite();
  await requireEmpty(folder);
  for (const { address, path } of files) {
    const target = join(folder, address);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(path, target);
  }
  await writeFile(join(folder, "_headers"), headersFile());
  return { folder, files: files.length + 1, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
}
