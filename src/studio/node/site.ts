import { createReadStream, existsSync, type ReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { openReadyIndex } from "../../ready/node/index-file.ts";
import { EnvironmentError } from "../../tensor/errors.ts";

/** A file of the site. */
export interface SiteFile {
  /** Its address within the site, such as `assets/index-1a2b3c.js`. */
  readonly address: string;
  readonly path: string;
  readonly bytes: number;
  /** Changes with its content. */
  readonly tag: string;
  readonly type: string;
}

/** `dist/site` of the package, seen from `dist/studio/node` and from `src/studio/node`. */
const builtFolder: string = fileURLToPath(new URL("../../../dist/site", import.meta.url));

/** A file that every build of the site has, by its address within it. */
export function builtSiteFile(address: string): string {
  return join(builtFolder, address);
}

/** ONNX Runtime's WebAssembly by its address within the site; its own package has it. */
const runtimeFiles: Readonly<Record<string, string>> = {
  "ort/ort-wasm-simd-threaded.wasm": "onnxruntime-web/ort-wasm-simd-threaded.wasm",
};

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".onnx": "application/octet-stream",
};

async function describeFile(address: string, path: string): Promise<SiteFile> {
  const { size, mtimeMs } = await stat(path);
  const type = types[extname(path)] ?? "application/octet-stream";
  return { address, path, bytes: size, tag: `"${size.toString(36)}-${Math.round(mtimeMs).toString(36)}"`, type };
}

/** The files of ready networks and their index, where `open` looks for them. */
async function listModels(): Promise<readonly (readonly [address: string, path: string])[]> {
  const { folder, index } = await openReadyIndex();
  const names = ["index.json", ...index.networks.flatMap(({ files }) => Object.values(files).map(({ path }) => path))];
  return names.map((name) => [`models/${name}`, join(folder, name)] as const);
}

/**
 * Every file of the studio's site: what was built, ONNX Runtime's WebAssembly out of its own package, and the ready networks.
 *
 * @throws {EnvironmentError} if the site was not built
 */
export async function listSite(): Promise<readonly SiteFile[]> {
  if (!existsSync(join(builtFolder, "index.html")))
    throw new EnvironmentError(builtFolder, "has no site; build the clone first, or install residua anew");
  const entries = await readdir(builtFolder, { recursive: true, withFileTypes: true });
  const built = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [relative(builtFolder, path).split(sep).join("/"), path] as const);
  const runtime = Object.entries(runtimeFiles).map(
    ([address, name]) => [address, fileURLToPath(import.meta.resolve(name))] as const,
  );
  const all = [...built, ...runtime, ...(await listModels())];
  return Promise.all(all.map(([address, path]) => describeFile(address, path)));
}

/** A file's content. */
export function readSiteFile({ path }: SiteFile): ReadStream {
  return createReadStream(path);
}
