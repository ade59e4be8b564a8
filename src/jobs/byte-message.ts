import { joinBytes } from "../tensor/bytes.ts";
import { FormatError } from "../tensor/errors.ts";

// A message of plain data over a stream of bytes, such as a request's body: the length of its head as a 32-bit number, little-endian;
// the head, which is JSON of the value and of how many bytes follow for each of its byte arrays; those bytes.

interface Head {
  readonly value: unknown;
  /** Lengths of what follows, in order. */
  readonly bytes: readonly number[];
}

const PREFIX = 4;
/** The keys of what JSON lacks: a number that is not finite by its name, bytes and float32 numbers by their place among those that follow. */
const [NUMBER, BYTES, FLOATS] = ["$number", "$bytes", "$floats"];
const nonFinite = new Map<unknown, number>(
  [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((number) => [String(number), number]),
);

/** Plain data as a message, in pieces; arrays of bytes and of float32 numbers within it are no copies. */
export function encodeMessage(value: unknown): readonly Uint8Array<ArrayBuffer>[] {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const text = JSON.stringify(value, function (this: Record<string, unknown>, key, entry: unknown) {
    // As it was before `toJSON`, which Node's buffers have.
    const own = this[key];
    if (own instanceof Uint8Array) return { [BYTES]: pieces.push(own as Uint8Array<ArrayBuffer>) - 1 };
    if (own instanceof Float32Array) {
      const { buffer, byteOffset, byteLength } = own;
      return { [FLOATS]: pieces.push(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)) - 1 };
    }
    return typeof entry === "number" && !Number.isFinite(entry) ? { [NUMBER]: String(entry) } : entry;
  });
  const lengths = pieces.map(({ length }) => length);
  const head = new TextEncoder().encode(`{"bytes":[${lengths.join(",")}],"value":${text ?? "null"}}`);
  const prefix = new Uint8Array(PREFIX);
  new DataView(prefix.buffer).setUint32(0, head.length, true);
  return [prefix, head, ...pieces];
}

function refuse(where: string, detail: string, cause?: unknown): never {
  throw new FormatError(where, `is no message: ${detail}; send it again`, { cause });
}

function readHead(bytes: Uint8Array, where: string): Head {
  let head: Partial<Head>;
  try {
    head = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Head>;
  } catch (cause) {
    refuse(where, "its head is not JSON", cause);
  }
  const lengths: unknown = head?.bytes;
  const isLength = (length: unknown): boolean => Number.isSafeInteger(length) && (length as number) >= 0;
  if (!Array.isArray(lengths) || !lengths.every(isLength)) refuse(where, "its lengths are no whole numbers");
  return { value: head.value, bytes: lengths as readonly number[] };
}

/** Little-endian, as on every machine that ONNX Runtime has a build for. */
function toFloats(bytes: Uint8Array, where: string): Float32Array {
  if (bytes.length % Float32Array.BYTES_PER_ELEMENT !== 0) refuse(where, "its numbers are cut off");
  // A copy: what follows a head begins anywhere, and `slice` of a Buffer would be a view of it.
  return new Float32Array(new Uint8Array(bytes).buffer);
}

/** The value of a head, with what stands for bytes and numbers replaced. */
function restore({ value, bytes }: Head, rest: Uint8Array, where: string): unknown {
  let at = 0;
  const piecesByPlace = new Map<unknown, Uint8Array>(
    bytes.map((length, place) => [place, rest.subarray(at, (at += length))]),
  );
  const pieceAt = (place: unknown): Uint8Array =>
    piecesByPlace.get(place) ?? refuse(where, "it lacks bytes that it names");
  // One copy of a piece, however often it is named.
  const floatsByPlace = new Map<unknown, Float32Array>();
  const floatsAt = (place: unknown): Float32Array => {
    const floats = floatsByPlace.get(place) ?? toFloats(pieceAt(place), where);
    floatsByPlace.set(place, floats);
    return floats;
  };
  const visit = (entry: unknown): unknown => {
    if (Array.isArray(entry)) return entry.map(visit);
    if (typeof entry !== "object" || entry === null) return entry;
    const own = entry as Readonly<Record<string, unknown>>;
    if (Object.hasOwn(own, BYTES)) return pieceAt(own[BYTES]);
    if (Object.hasOwn(own, FLOATS)) return floatsAt(own[FLOATS]);
    if (Object.hasOwn(own, NUMBER)) return nonFinite.get(own[NUMBER]) ?? refuse(where, "it has an unknown number");
    return Object.fromEntries(Object.entries(own).map(([key, part]) => [key, visit(part)]));
  };
  return visit(value);
}

/** The message that bytes begin with, if it is whole, and how many bytes it has; so far as they tell. */
function readFirst(
  bytes: Uint8Array,
  where: string,
): { readonly length: number; readonly found?: { readonly message: unknown } } {
  if (bytes.length < PREFIX) return { length: PREFIX };
  const start = PREFIX + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (bytes.length < start) return { length: start };
  const head = readHead(bytes.subarray(PREFIX, start), where);
  const length = head.bytes.reduce((sum, own) => sum + own, start);
  if (bytes.length < length) return { length };
  return { length, found: { message: restore(head, bytes.subarray(start, length), where) } };
}

/**
 * Reads messages out of a stream of bytes.
 *
 * @param where names the stream in errors
 * @returns takes the next bytes and gives the messages that they complete
 * @throws {FormatError} if a message is damaged
 */
export function createMessageReader(where: string): (chunk: Uint8Array) => readonly unknown[] {
  let waiting: readonly Uint8Array[] = [];
  let [length, needed] = [0, PREFIX];
  return (chunk) => {
    waiting = [...waiting, chunk];
    length += chunk.length;
    const messages: unknown[] = [];
    while (length >= needed) {
      const rest = joinBytes(waiting);
      const first = readFirst(rest, where);
      needed = first.length;
      waiting = [rest];
      if (first.found === undefined) continue;
      messages.push(first.found.message);
      waiting = [rest.subarray(needed)];
      [length, needed] = [length - needed, PREFIX];
    }
    return messages;
  };
}

/**
 * Reads bytes that are one message, and nothing besides.
 *
 * @throws {FormatError} if they are not
 */
export function decodeMessage(bytes: Uint8Array, where: string): unknown {
  const { length, found } = readFirst(bytes, where);
  if (found === undefined || length !== bytes.length) refuse(where, "it is cut off, or followed by something");
  return found.message;
}
