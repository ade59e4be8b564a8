import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The built command. */
export const main: string = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** How a command ended. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the built command in a folder, with a cache of data sets that is empty, and without the colours that CI brings. @param more further variables of its environment
 */
export function runCommand(args: readonly string[], cwd: string, more: NodeJS.ProcessEnv = {}): Promise<CommandResult> {
  const { RESIDUA_DEBUG: _, ...inherited } = process.env;
  const env = { ...inherited, RESIDUA_CACHE: `${cwd}/no-cache`, NO_COLOR: "1", ...more };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [main, ...args],
      { cwd, env, maxBuffer: 2 ** 26 },
      (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}
