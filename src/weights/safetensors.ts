import { bytesPerElement, type DType, dtypeArrays } from "../tensor/dtype.ts";
import { FormatError } from "../tensor/errors.ts";
import { sizeOf } from "../tensor/shape.ts";
import { bytesOf, type Tensor } from "../tensor/tensor.ts";

/** Tensors by name, with the file's own notes. */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The format's own limit for the header. */
const MAXIMUM_HEADER_BYTES = 100_000_000;
const LENGTH_BYTES = 8;

const formatNames: { readonly [D in DType]: string } = {
  float32: "F32",
  float64: "F64",
  float16: "F16",
  bfloat16: "BF16",
  int8: "I8",
  uint8: "U8",
  int16: "I16",
  uint16: "U16",
  int32: "I32",
  uint32: "U32",
  int64: "I64",
  uint64: "U64",
  bool: "BOOL",
};

const dtypesByName = new Map(Object.entries(formatNames).map(([dtype, name]) => [name, dtype as DType]));

/**
 * A safetensors file as chunks, the tensors' own memory among them. Equal content gives equal bytes: tensors lie by
 * descending element size, then by name, so that each is aligned.
 *
 * @source https://github.com/huggingface/safetensors, "Format"
 */
export function encodeSafetensorsChunks(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): readonly Uint8Array[] {
  const ordered = [...tensors].toSorted(
    ([nameA, a], [nameB, b]) => bytesPerElement(b.dtype) - bytesPerElement(a.dtype) || (nameA < nameB ? -1 : 1),
  );
  let offset = 0;
  const entries = ordered.map(([name, { dtype, shape, data }]) => {
    const range = [offset, offset + data.byteLength];
    offset += data.byteLength;
    return [name, { dtype: formatNames[dtype], shape, data_offsets: range }] as const;
  });
  const notes = Object.keys(metadata).length === 0 ? [] : [["__metadata__", metadata] as const];
  const json = JSON.stringify(Object.fromEntries([...notes, ...entries]));
  const unpadded = new TextEncoder().encode(json);
  const header = new Uint8Array(Math.ceil(unpadded.length / LENGTH_BYTES) * LENGTH_BYTES).fill(0x20);
  header.set(unpadded);
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true);
  return [length, header, ...ordered.map(([, value]) => bytesOf(value))];
}

/** A safetensors file in one piece; see {@link encodeSafetensorsChunks}. */
export function encodeSafetensors(tensors: ReadonlyMap<string, Tensor>, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const chunks = encodeSafetensorsChunks(tensors, metadata);
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

interface Entry {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isNatural = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/**
 * Reads a safetensors file. Tensors are views of `bytes` where they are aligned, copies elsewhere.
 *
 * @param where the file's name, for errors
 * @throws {FormatError} if the file is cut off, lies about a size, or its tensors overlap or leave gaps
 */
export function decodeSafetensors(bytes: Uint8Array, where: string): Safetensors {
  const { header, dataStart } = readHeader(bytes, where);
  const { __metadata__: notes = {}, ...rest } = header;
  if (!isRecord(notes) || Object.values(notes).some((note) => typeof note !== "string")) {
    throw new FormatError(where, "the metadata of a safetensors file must be texts");
  }
  const entries = Object.entries(rest).map(([name, entry]) => readEntry(where, name, entry));
  const available = bytes.length - dataStart;
  let expected = 0;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== expected) throw new FormatError(where, `tensor "${name}" begins at byte ${begin}, must begin at ${expected}: tensors overlap or leave a gap`);
    expected = end;
  }
  if (expected !== available) {
    throw new FormatError(where, `holds ${available} bytes of tensors, its header says ${expected}; the file is ${expected > available ? "cut off" : "too long"}`);
  }
  const tensors = new Map(entries.map((entry) => [entry.name, viewTensor(bytes, dataStart, entry)]));
  return { tensors, metadata: notes as Readonly<Record<string, string>> };
}

function readHeader(bytes: Uint8Array, where: string): { readonly header: Readonly<Record<string, unknown>>; readonly dataStart: number } {
  if (bytes.length < LENGTH_BYTES) throw new FormatError(where, `has ${bytes.length} bytes, too few for a safetensors file`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true));
  if (length > MAXIMUM_HEADER_BYTES || length > bytes.length - LENGTH_BYTES) {
    throw new FormatError(where, `says its header takes ${length} bytes, the file has ${bytes.length}; it is cut off or no safetensors file`);
  }
  const dataStart = LENGTH_BYTES + length;
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(LENGTH_BYTES, dataStart)));
  } catch (error) {
    throw new FormatError(where, "its header is no JSON; the file is damaged or no safetensors file", { cause: error });
  }
  if (!isRecord(header)) throw new FormatError(where, "its header must be a JSON object");
  return { header, dataStart };
}

function readEntry(where: string, name: string, entry: unknown): Entry {
  const fail = (detail: string): never => {
    throw new FormatError(where, `tensor "${name}" ${detail}`);
  };
  if (!isRecord(entry)) return fail("must be described by an object");
  const dtype = dtypesByName.get(String(entry["dtype"])) ?? fail(`has the unknown type ${JSON.stringify(entry["dtype"])}`);
  const shape: unknown = entry["shape"];
  const offsets: unknown = entry["data_offsets"];
  if (!Array.isArray(shape) || !shape.every(isNatural)) return fail("must have a shape of whole numbers");
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isNatural)) return fail("must have two data offsets");
  const [begin, end] = offsets as [number, number];
  const size = sizeOf(shape) * bytesPerElement(dtype);
  if (end - begin !== size) return fail(`spans ${end - begin} bytes, its type and shape take ${size}`);
  return { name, dtype, shape, begin, end };
}

function viewTensor(bytes: Uint8Array, dataStart: number, { dtype, shape, begin, end }: Entry): Tensor {
  const make = dtypeArrays[dtype];
  const start = bytes.byteOffset + dataStart + begin;
  const length = (end - begin) / make.BYTES_PER_ELEMENT;
  const aligned = start % make.BYTES_PER_ELEMENT === 0;
  const data = aligned ? new make(bytes.buffer, start, length) : new make(bytes.slice(dataStart + begin, dataStart + end).buffer);
  return { dtype, shape, data: data as never };
}
