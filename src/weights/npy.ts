import { bytesPerElement, type DType, dtypeArrays } from "../tensor/dtype.ts";
import { FormatError, UnsupportedError } from "../tensor/errors.ts";
import { formatShape, type Shape, sizeOf, stridesOf } from "../tensor/shape.ts";
import { bytesOf, type Tensor, tensor } from "../tensor/tensor.ts";
import { quote } from "../tensor/printable.ts";
import { joinBytes, viewElements } from "../tensor/bytes.ts";
import { gatherElements } from "./strided.ts";

/** "\x93NUMPY", then two bytes of version. */
const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] as const;
/** NumPy's own limit on the header's text, which it parses as Python. */
const longestHeader = 10_000;
const mostAxes = 64;

/** NumPy's type codes without their byte order. */
const codes: ReadonlyMap<string, DType> = new Map([
  ["f4", "float32"],
  ["f8", "float64"],
  ["f2", "float16"],
  ["i1", "int8"],
  ["u1", "uint8"],
  ["i2", "int16"],
  ["u2", "uint16"],
  ["i4", "int32"],
  ["u4", "uint32"],
  ["i8", "int64"],
  ["u8", "uint64"],
  ["b1", "bool"],
]);

interface NpyHeader {
  readonly dtype: DType;
  readonly bigEndian: boolean;
  readonly fortranOrder: boolean;
  readonly shape: Shape;
}

/**
 * Reads a NumPy array file, versions 1 to 3. The tensor is a view into `bytes` if order and alignment permit.
 *
 * @param where the file's name, for errors
 * @throws {FormatError} if it is not such a file, is truncated, or holds objects or records
 * @source https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function decodeNpy(bytes: Uint8Array, where: string): Tensor {
  const { text, end } = readHeader(bytes, where);
  const header = parseHeader(text, where);
  const needed = sizeOf(header.shape) * bytesPerElement(header.dtype);
  const data = bytes.subarray(end);
  if (data.length !== needed) {
    const state = data.length < needed ? "is truncated" : "is too long";
    throw new FormatError(
      where,
      `${state}: ${formatShape(header.shape)} of ${header.dtype} takes ${needed} bytes, ${data.length} are there`,
    );
  }
  return orderElements(header, data);
}

/**
 * Writes a NumPy array file, version 1, in C order: byte for byte what `numpy.save` writes.
 *
 * @throws {UnsupportedError} for bfloat16, which NumPy lacks
 * @throws {ShapeError} if shape and elements do not match
 */
export function encodeNpy(value: Tensor): Uint8Array {
  const { dtype, shape, data } = value;
  tensor(dtype, shape, data);
  const code = [...codes].find(([, known]) => known === dtype)?.[0];
  if (code === undefined) throw new UnsupportedError("npy", `NumPy has no ${dtype}; convert to float32`);
  const order = bytesPerElement(dtype) === 1 ? "|" : "<";
  const axes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  return joinBytes([
    encodeHeader(`{'descr': '${order}${code}', 'fortran_order': False, 'shape': (${axes}), }`),
    bytesOf(value),
  ]);
}

/** Spaces and a newline fill the header up to a multiple of 64 bytes, so that memory maps are aligned. */
function encodeHeader(dictionary: string): Uint8Array {
  const length = Math.ceil((magic.length + 4 + dictionary.length + 1) / 64) * 64;
  const header = new Uint8Array(length).fill(0x20);
  header.set([...magic, 1, 0]);
  new DataView(header.buffer).setUint16(magic.length + 2, length - magic.length - 4, true);
  header.set(new TextEncoder().encode(dictionary), magic.length + 4);
  header[length - 1] = 0x0a;
  return header;
}

function readHeader(bytes: Uint8Array, where: string): { readonly text: string; readonly end: number } {
  const start = magic.length;
  if (bytes.length < start + 2 || magic.some((byte, index) => bytes[index] !== byte)) {
    throw new FormatError(where, "is not an .npy file: it does not begin with \\x93NUMPY; write it with numpy.save");
  }
  const version = bytes[start];
  if (version < 1 || version > 3 || bytes[start + 1] !== 0) {
    throw new FormatError(
      where,
      `has .npy version ${version}.${bytes[start + 1]}; versions 1.0, 2.0 and 3.0 are supported`,
    );
  }
  const begin = start + (version === 1 ? 4 : 6);
  if (bytes.length < begin) throw new FormatError(where, "is truncated within its header");
  const view = new DataView(bytes.buffer, bytes.byteOffset, begin);
  const length = version === 1 ? view.getUint16(start + 2, true) : view.getUint32(start + 2, true);
  if (length > longestHeader) {
    throw new FormatError(where, `has a header of ${length} bytes; the limit is ${longestHeader}`);
  }
  if (length > bytes.length - begin) throw new FormatError(where, "is truncated within its header");
  const text = new TextDecoder(version === 3 ? "utf-8" : "latin1").decode(bytes.subarray(begin, begin + length));
  return { text, end: begin + length };
}

/** The header is a Python dictionary; only its three known entries are searched for, nothing is evaluated. */
function parseHeader(text: string, where: string): NpyHeader {
  const descr = /['"]descr['"]\s*:\s*(['"])([^'"]*)\1/.exec(text)?.[2];
  if (descr === undefined)
    throw new FormatError(where, "holds records or no element type; only plain arrays are supported");
  const [, order, code] = /^([<>|=])(.*)$/.exec(descr) ?? [];
  const dtype = codes.get(code ?? "");
  if (dtype === undefined || order === "=" || (order === "|" && bytesPerElement(dtype) > 1)) {
    throw new FormatError(
      where,
      `holds elements of type ${quote(descr)}; must be one of ${[...codes.keys()].join(", ")}`,
    );
  }
  const fortran = /['"]fortran_order['"]\s*:\s*(True|False)\b/.exec(text)?.[1];
  const axes = /['"]shape['"]\s*:\s*\(([\d\s,]*)\)/.exec(text)?.[1];
  if (fortran === undefined || axes === undefined) throw new FormatError(where, "has a damaged header");
  const shape = (axes.match(/\d+/g) ?? []).map(Number);
  if (shape.length > mostAxes || !Number.isSafeInteger(sizeOf(shape))) {
    throw new FormatError(where, `has the shape ${quote(formatShape(shape))}, which is too large`);
  }
  return { dtype, bigEndian: order === ">", fortranOrder: fortran === "True", shape };
}

function orderElements({ dtype, bigEndian, fortranOrder, shape }: NpyHeader, data: Uint8Array): Tensor {
  const elements = viewElements(dtype, bigEndian ? swapBytes(data, bytesPerElement(dtype)) : data);
  if (!fortranOrder || shape.length < 2) return tensor(dtype, shape, elements);
  const ordered = new dtypeArrays[dtype](elements.length);
  gatherElements(elements, ordered, { offset: 0, shape, strides: stridesOf(shape.toReversed()).toReversed() });
  return tensor(dtype, shape, ordered);
}

function swapBytes(data: Uint8Array, size: number): Uint8Array {
  const swapped = new Uint8Array(data.length);
  for (let index = 0; index < data.length; index++) {
    const within = index % size;
    swapped[index - within + size - 1 - within] = data[index]!;
  }
  return swapped;
}
