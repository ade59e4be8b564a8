import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { arch, cpus, platform, release, totalmem } from "node:os";
import { promisify } from "node:util";

const run = promisify(execFile);
const GIT_MILLISECONDS = 3_000;

/** The code that made a run. */
export interface CodeVersion {
  readonly residua: string;
  /** The commit of the folder that the run was started in, if it is a Git repository. */
  readonly commit?: string;
  /** Whether files differed from the commit. */
  readonly changed?: boolean;
}

/** The machine and software of a run. */
export interface Environment {
  readonly node: string;
  readonly system: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
}

/** The code's version, and that of the project around it. */
export async function describeCode(folder: string): Promise<CodeVersion> {
  const file = new URL("../../package.json", import.meta.url);
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { readonly version: string };
  const git = async (options: readonly string[]): Promise<string> =>
    (await run("git", ["-C", folder, ...options], { timeout: GIT_MILLISECONDS })).stdout.trim();
  try {
    const commit = await git(["rev-parse", "HEAD"]);
    const changed = (await git(["status", "--porcelain", "--untracked-files=no"])) !== "";
    return { residua: version, commit, changed };
  } catch {
    return { residua: version };
  }
}

/** The machine and the software below. */
export function describeEnvironment(): Environment {
  const processors = cpus();
  return {
    node: process.version,
    system: `${platform()} ${release()} ${arch()}`,
    processor: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryBytes: totalmem(),
  };
}
