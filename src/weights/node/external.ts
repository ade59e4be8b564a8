import { largestFile, toEnvironmentError } from "../../files/node.ts";
import { closeSync, fstatSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import type { ReadExternal } from "../../onnx/decode.ts";
import { FormatError } from "../../tensor/errors.ts";
import { quote } from "../../tensor/printable.ts";

/**
 * Reads the external data of an ONNX model: from its own folder only, after resolving symbolic links. Equal ranges are
 * read once, and no more bytes are read from a file than it has, so that a small model cannot request unlimited memory.
 *
 * @param model the model's path
 */
export function readExternalBeside(model: string): ReadExternal {
  const ranges = new Map<string, Uint8Array>();
  const taken = new Map<string, number>();
  return (location, offset, length) => {
    const key = `${offset} ${length} ${location}`;
    const known = ranges.get(key);
    if (known !== undefined) return known;
    const path = join(dirname(model), ...location.split("/"));
    try {
      const folder = realpathSync(dirname(model));
      const found = realpathSync(path);
      if (!found.startsWith(folder.endsWith(sep) ? folder : folder + sep)) {
        throw new FormatError(
          model,
          `refers to ${quote(location)}, which is outside the model's own folder; copy it there`,
        );
      }
      // Checked before opening, which would block on a pipe.
      const { size } = statSync(found);
      const total = (taken.get(found) ?? 0) + length;
      if (offset + length <= size && total > size) {
        throw new FormatError(model, `asks for ${total} bytes of ${quote(location)}, which holds ${size}`);
      }
      taken.set(found, total);
      const bytes = readPart(path, { model, offset, length });
      ranges.set(key, bytes);
      return bytes;
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
  if (!statSync(path).isFile()) throw new FormatError(model, `refers to ${quote(path)}, which is not a regular file`);
  const file = openSync(path, "r");
  try {
    const status = fstatSync(file);
    if (!status.isFile() || length > largestFile || offset + length > status.size) {
      throw new FormatError(
        model,
        `asks for bytes ${offset} to ${offset + length} of ${quote(path)}, which it does not have`,
      );
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
