import { copyFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hasCode } from "../../files/node/failure.ts";
import { makeFolder, toEnvironmentError } from "../../files/node.ts";
import { OptionError } from "../../tensor/errors.ts";
import { siteHeaders } from "./headers.ts";
import { listSite } from "./site.ts";

/** What was exported. */
export interface ExportedSite {
  readonly folder: string;
  readonly files: number;
  readonly bytes: number;
}

const PAGE = "index.html";

/** The headers for hosts that read them from such a file, as Netlify and Cloudflare Pages do. */
const headersFile = (): string =>
  `/*\n${Object.entries(siteHeaders)
    .map(([name, value]) => `  ${name}: ${value}\n`)
    .join("")}`;

/** @throws {OptionError} if the folder has no name or holds anything */
async function requireEmpty(folder: string): Promise<void> {
  if (folder === "") throw new OptionError("export", "is empty; name a folder");
  const found = await readdir(folder).catch((error: unknown) => {
    if (hasCode(error, "ENOENT")) return [];
    throw toEnvironmentError(folder, "cannot write", error);
  });
  if (found.length > 0) throw new OptionError("export", `${folder} is not empty; name a new folder, or empty it first`);
}

/**
 * Writes the studio as a static site, which works from any host and any folder of it: whole, or not at all.
 *
 * @param folder new, or empty
 * @throws {OptionError} if the folder has no name or holds anything
 * @throws {EnvironmentError} if the site was not built, or cannot be written
 */
export async function exportSite(folder: string): Promise<ExportedSite> {
  const files = await listSite();
  await requireEmpty(folder);
  const made = await makeFolder(folder);
  try {
    // The page itself comes last: a site that is not whole is none.
    for (const { address, path } of files.toSorted((a, b) => Number(a.address === PAGE) - Number(b.address === PAGE))) {
      const target = join(folder, address);
      await makeFolder(dirname(target));
      await copyFile(path, target);
    }
    await writeFile(join(folder, "_headers"), headersFile());
  } catch (error) {
    const [outermost] = made;
    const left = outermost === undefined ? (await readdir(folder)).map((name) => join(folder, name)) : [outermost];
    for (const path of left) await rm(path, { recursive: true, force: true });
    throw toEnvironmentError(folder, "cannot write", error);
  }
  return { folder, files: files.length + 1, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
}
