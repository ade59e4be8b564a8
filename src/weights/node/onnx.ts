import { readFileBytes, writeFileAtomically } from "../../files/node.ts";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { decodeModel } from "../../onnx/decode.ts";
import { encodeExternalModel, encodeModelChunks, fitsOneFile } from "../../onnx/encode.ts";
import type { Model } from "../../onnx/graph.ts";
import { readExternalBeside } from "./external.ts";

/**
 * Reads an ONNX file with the weights in files beside it.
 *
 * @throws {EnvironmentError} if it cannot be read
 * @throws {FormatError} if it is not an ONNX file, or damaged
 * @throws {UnsupportedError} if it refers to files outside its folder
 */
export async function readOnnxModel(path: string): Promise<Model> {
  return decodeModel(await readFileBytes(path), path, { readExternal: readExternalBeside(path) });
}

/** Options of writing an ONNX file. */
export interface WriteOnnxOptions {
  /** Puts the weights into a file beside it; by default if the model would exceed 2 GB. */
  readonly externalData?: boolean;
}

/** Names data by content: until the new model is in place, the old one still finds its own data. */
function nameDataFile(path: string, data: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const chunk of data) hash.update(chunk);
  return `${stemOf(path)}-${hash.digest("hex").slice(0, 8)}.data`;
}

const stemOf = (path: string): string => basename(path).replace(/\.onnx$/, "");

/** Data files left by models of this name, except the one in use. */
function staleDataFiles(path: string, current: string | undefined): readonly string[] {
  const prefix = `${stemOf(path)}-`;
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix) && /^[0-9a-f]{8}\.data$/.test(name.slice(prefix.length)))
    .filter((name) => name !== current)
    .map((name) => join(dirname(path), name));
}

/**
 * Writes an ONNX model, whole or not at all. With external data, the data file is written first, under a name derived
 * from its content: whoever opens the model at any moment finds the weights that belong to it. Data of an earlier model
 * of this name is removed afterwards.
 *
 * @returns the names of the files, the model first
 * @throws {EnvironmentError} if it cannot be written
 */
export async function writeOnnxModel(
  path: string,
  model: Model,
  options: WriteOnnxOptions = {},
): Promise<readonly string[]> {
  let data: string | undefined;
  if (options.externalData ?? !fitsOneFile(model)) {
    const parts = encodeExternalModel(model, (chunks) => (data = nameDataFile(path, chunks)));
    await writeFileAtomically(join(dirname(path), data!), parts.data);
    await writeFileAtomically(path, parts.model);
  } else await writeFileAtomically(path, encodeModelChunks(model));
  for (const stale of staleDataFiles(path, data)) await rm(stale, { force: true });
  return data === undefined ? [path] : [path, join(dirname(path), data)];
}
