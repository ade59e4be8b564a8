import { closeSync, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import type { ReadExternal } from "../../onnx/decode.ts";
import { FormatError } from "../../tensor/errors.ts";
import { quote } from "../printable.ts";
import { largestFile, toEnvironmentError } from "./files.ts";

/**
 * Reads what an ONNX model keeps in files beside it: from its own folder alone, symbolic links followed before that is
 * checked.
 *
 * @param model the model's path
 */
export function readExternalBeside(model: string): ReadExternal {
  return (location, offset, length) => {
    const path = join(dirname(model), ...location.split("/"));
    try {
      const folder = realpathSync(dirname(model));
      if (!realpathSync(path).startsWith(folder.endsWith(sep) ? folder : folder + sep)) {
        throw new FormatError(
          model,
          `refers to ${quote(location)}, which lies outside the model's own folder; copy it there`,
        );
      }
      return readPart(path, { model, offset, length });
    } catch (cause) {
      if (cause instanceof FormatError) throw cause;
      throw toEnvironmentError(path, "cannot read", cause);
    }
  };
}

function readPart(
  path: string,
  { model, offset, length }: { readonly model: string; readonly offset: number; readonly length: number },
): Uint8Array {
  const file = openSync(path, "r");
  try {
    const status = fstatSync(file);
    if (!status.isFile() || length > largestFile || offset + length > status.size) {
      throw new FormatError(model, `asks for bytes ${offset} to ${offset + length} of ${quote(path)}, which it lacks`);
    }
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const count = readSync(file, bytes, filled, length - filled, offset + filled);
      if (count === 0) throw new FormatError(model, `finds ${quote(path)} shorter than it was`);
      filled += count;
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}
