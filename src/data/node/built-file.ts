import { fileURLToPath } from "node:url";

/**
 * Address of a file that is started on its own, as a worker or a child process: Node runs JavaScript only, so a module
 * that was loaded as TypeScript source (in a test) names the built file instead.
 *
 * @param from the asking module's `import.meta.url`
 * @param file its neighbour's name, ending in .js
 */
export function builtFile(from: string, file: string): URL {
  const own = new URL(file, from);
  if (!from.endsWith(".ts")) return own;
  const path = fileURLToPath(own);
  const at = path.lastIndexOf("/src/");
  return new URL(`file://${path.slice(0, at)}/dist/${path.slice(at + "/src/".length)}`);
}
