/**
 * The address of a file that is started on its own, as a worker or a child process: Node runs JavaScript only, so a
 * module that was loaded as TypeScript source (in a test) names the built file instead.
 *
 * @param from the asking module's `import.meta.url`
 * @param file its neighbour's name, ending in .js
 */
export function builtFile(from: string, file: string): URL {
  const { href } = new URL(file, from);
  if (!from.endsWith(".ts")) return new URL(href);
  const at = href.lastIndexOf("/src/");
  return new URL(`${href.slice(0, at)}/dist/${href.slice(at + "/src/".length)}`);
}
