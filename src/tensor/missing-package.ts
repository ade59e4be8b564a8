import { EnvironmentError } from "./errors.ts";

/** What Node, Vite and other bundlers say when a package is not there. */
const wordings = [
  /Cannot find (?:package|module) ['"]([^'"]+)['"]/,
  /Could not resolve ['"]([^'"]+)['"]/,
  /Failed to resolve module specifier ['"]([^'"]+)['"]/,
] as const;

/** The package's name in a path into it or a path to it; undefined for a file that belongs to no package. */
function packageName(specifier: string): string | undefined {
  const inside = specifier.split("/node_modules/").at(-1) ?? specifier;
  return /^(@[\w.-]+\/)?[a-z][\w.-]*/.exec(inside)?.[0];
}

/**
 * Explains an import that failed because a package is not installed: those for single databases and file formats are
 * installed by who needs them. Any other error is returned as it is.
 */
export function explainMissingPackage(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const specifier = wordings.map((wording) => wording.exec(error.message)?.[1]).find((found) => found !== undefined);
  const name = specifier === undefined ? undefined : packageName(specifier);
  if (name === undefined) return error;
  // Its own script looks for CUDA files on the network, and fails without it.
  const command = `${name === "onnxruntime-node" ? "ONNXRUNTIME_NODE_INSTALL=skip " : ""}npm install ${name}`;
  return new EnvironmentError(name, `is needed for this and not installed; run ${command}`, { cause: error });
}

/**
 * Loads a package that may not be installed.
 *
 * @param load `() => import("name")`: written out, so that bundlers see it
 * @throws {EnvironmentError} what to install
 */
export async function loadPackage<Module>(load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    throw explainMissingPackage(error);
  }
}
