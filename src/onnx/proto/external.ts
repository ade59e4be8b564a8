import type { StringStringEntryProto } from "onnx-buf";
import { FormatError, UnsupportedError } from "../../tensor/errors.ts";
import { quote } from "../../tensor/printable.ts";

/**
 * Reads part of a file beside the model's.
 *
 * @param location a path inside the model's folder, with `/` between its parts
 * @param offset where to start, in bytes
 * @param length how many bytes to return; it comes from an untrusted file, so check it against the file's size before
 *   allocating
 */
export type ReadExternal = (location: string, offset: number, length: number) => Uint8Array;

/** @throws {UnsupportedError} if the path is absolute or leaves the model's folder */
export function checkLocation(where: string, location: string): void {
  const parts = location.split(/[/\\]/);
  const outside = parts[0] === "" || /^[a-z][a-z0-9+.-]*:/i.test(location) || parts.includes("..");
  if (outside || location.includes("\0")) {
    throw new UnsupportedError(
      where,
      `refers to the file ${quote(location)}; external data must lie in the model's own folder`,
    );
  }
}

function readNumber(where: string, entries: ReadonlyMap<string, string>, key: string): number | undefined {
  const text = entries.get(key);
  if (text === undefined) return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new FormatError(where, `external data has the ${key} ${quote(text)}; must be a number of bytes`);
}

/** The bytes of a tensor stored outside its file. @param size the number that its type and shape require */
export function readExternalData(
  where: string,
  list: readonly StringStringEntryProto[],
  size: number,
  read: ReadExternal | undefined,
): Uint8Array {
  const entries = new Map(list.map(({ key, value }) => [key, value]));
  const location = entries.get("location") ?? "";
  checkLocation(where, location);
  const offset = readNumber(where, entries, "offset") ?? 0;
  const length = readNumber(where, entries, "length") ?? size;
  if (length !== size) {
    throw new FormatError(where, `external data is ${length} bytes long; its type and shape require ${size}`);
  }
  if (read === undefined) {
    throw new UnsupportedError(
      where,
      `keeps its elements in the file ${quote(location)}; pass readExternal to read them`,
    );
  }
  const bytes = read(location.replaceAll("\\", "/"), offset, length);
  if (bytes.length === size) return bytes;
  throw new FormatError(where, `the file ${quote(location)} gave ${bytes.length} of ${size} bytes`);
}
