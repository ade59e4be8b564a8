import { bytesPerElement } from "../../tensor/dtype.ts";
import { FormatError, OptionError } from "../../tensor/errors.ts";
import { bytesOf, type Tensor, tensor } from "../../tensor/tensor.ts";
import { joinBytes, viewElements } from "../../tensor/bytes.ts";
import { quote } from "../../tensor/printable.ts";
import { parseSafetensorsHeader, safetensorsNames, type SafetensorsRange } from "./header.ts";

/** What a safetensors file holds. */
export interface SafetensorsFile {
  /** In the file's order. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The format's own limit on the header's text. */
const longestHeader = 100_000_000;
/** The header's length comes first, as a 64-bit number. */
const lengthBytes = 8;

/**
 * The bytes of a safetensors file in pieces, without copying any tensor: write them in order. Equal tensors and
 * metadata give equal bytes, in whatever order they were added to the map: wider element types come first, so that
 * every tensor is aligned without gaps; then names are sorted by their UTF-16 code units.
 *
 * @throws {OptionError} if a tensor is named `__metadata__`
 * @source https://github.com/huggingface/safetensors#format
 */
export function encodeSafetensorsChunks(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): readonly Uint8Array[] {
  const entries = [...tensors].toSorted(compareEntries);
  const members = entries.length === 0 ? [] : describeEntries(entries);
  const notes = Object.entries(metadata).toSorted(([a], [b]) => compareText(a, b));
  if (notes.length > 0)
    members.unshift(`"__metadata__":{${notes.map(([key, value]) => member(key, value)).join(",")}}`);
  return [encodeHeader(`{${members.join(",")}}`), ...entries.map(([, value]) => bytesOf(value))];
}

/**
 * The bytes of a safetensors file; see `encodeSafetensorsChunks` for their order and for files too large to hold twice.
 *
 * @throws {OptionError} if a tensor is named `__metadata__`
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  return joinBytes(encodeSafetensorsChunks(tensors, metadata));
}

/**
 * Reads a safetensors file. Tensors are views into `bytes` wherever alignment permits.
 *
 * @param where the file's name, for errors
 * @throws {FormatError} if the header is malformed, or its ranges overlap, leave gaps or disagree with shapes or the file
 * @source https://github.com/huggingface/safetensors#format
 */
export function decodeSafetensors(bytes: Uint8Array, where: string): SafetensorsFile {
  const { ranges, metadata } = parseSafetensorsHeader(readHeader(bytes, where), where);
  const data = bytes.subarray(lengthBytes + headerLength(bytes));
  requireCover(where, ranges, data.length);
  return { tensors: new Map(ranges.map((range) => [range.name, viewTensor(data, range)])), metadata };
}

/** Whether the bytes begin like a safetensors file: a plausible length, then an opening brace. */
export function looksLikeSafetensors(bytes: Uint8Array): boolean {
  return bytes.length > lengthBytes && bytes[lengthBytes] === 0x7b && headerLength(bytes) <= longestHeader;
}

function compareEntries([nameA, a]: readonly [string, Tensor], [nameB, b]: readonly [string, Tensor]): number {
  return bytesPerElement(b.dtype) - bytesPerElement(a.dtype) || compareText(nameA, nameB);
}

/** One member of a JSON object; joined by hand, since an object would move keys that look like numbers to the front. */
function member(key: string, value: unknown): string {
  return `${JSON.stringify(key)}:${JSON.stringify(value)}`;
}

function describeEntries(entries: readonly (readonly [string, Tensor])[]): string[] {
  let offset = 0;
  return entries.map(([name, { dtype, shape, data }]) => {
    if (name === "__metadata__")
      throw new OptionError("safetensors", `no tensor may be named "__metadata__"; rename it`);
    tensor(dtype, shape, data);
    const begin = offset;
    offset += data.byteLength;
    return member(name, { dtype: safetensorsNames[dtype], shape, data_offsets: [begin, offset] });
  });
}

/** Spaces pad the header, so that the data starts at a multiple of 8. */
function encodeHeader(json: string): Uint8Array {
  const text = new TextEncoder().encode(json);
  const length = Math.ceil(text.length / 8) * 8;
  const header = new Uint8Array(lengthBytes + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(text, lengthBytes);
  return header;
}

function headerLength(bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset, lengthBytes).getBigUint64(0, true));
}

function readHeader(bytes: Uint8Array, where: string): string {
  if (bytes.length < lengthBytes) {
    throw new FormatError(where, `${bytes.length} bytes are too few for a safetensors file; it is empty or truncated`);
  }
  const length = headerLength(bytes);
  if (length > longestHeader) {
    throw new FormatError(
      where,
      `is not a safetensors file: its header would take ${length} bytes, the limit is ${longestHeader}`,
    );
  }
  if (length > bytes.length - lengthBytes) {
    throw new FormatError(
      where,
      `is truncated: its header takes ${length} bytes, ${bytes.length - lengthBytes} are there`,
    );
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      bytes.subarray(lengthBytes, lengthBytes + length),
    );
  } catch (cause) {
    throw new FormatError(where, "is not a safetensors file: its header is not UTF-8 text", { cause });
  }
}

/** Ranges are sorted; together they must cover the data: no overlap, no gap, nothing left over. */
function requireCover(where: string, ranges: readonly SafetensorsRange[], available: number): void {
  let end = 0;
  for (const range of ranges) {
    if (range.begin !== end) {
      const what = range.begin < end ? "overlaps the tensor before it" : "leaves a gap before it";
      throw new FormatError(
        where,
        `tensor ${quote(range.name)} ${what}: it begins at byte ${range.begin}, must begin at ${end}`,
      );
    }
    end = range.end;
  }
  if (end > available)
    throw new FormatError(where, `is truncated: its tensors take ${end} bytes, ${available} are there`);
  if (end < available) {
    throw new FormatError(where, `holds ${available - end} bytes that belong to no tensor; it is damaged`);
  }
}

function viewTensor(data: Uint8Array, { dtype, shape, begin, end }: SafetensorsRange): Tensor {
  return { dtype, shape, data: viewElements(dtype, data.subarray(begin, end)) };
}

/** Orders texts by their UTF-16 code units, the same on every machine. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
