import { spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The repository. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Runs one command of the built `residua`, its progress on this terminal.
 *
 * @param {readonly string[]} args
 * @returns {Promise<{ code: number, json: unknown }>}
 */
export function runResidua(args) {
  const child = spawn(process.execPath, [join(root, "dist/cli/main.js"), ...args, "--json"], {
    cwd: root,
    stdio: ["inherit", "pipe", "inherit"],
  });
  // Ctrl-C reaches the child as well; it ends in its own time.
  process.on("SIGINT", () => undefined);
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (/** @type {string} */ piece) => void (text += piece));
  return new Promise((resolve) => {
    child.on("close", (code) => resolve({ code: code ?? 1, json: text === "" ? undefined : JSON.parse(text) }));
  });
}
