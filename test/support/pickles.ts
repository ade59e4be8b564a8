import { joinBytes } from "../../src/tensor/bytes.ts";
import { zipChunks } from "../../src/weights/zip/write.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Parts of a pickle, by hand: opcodes as numbers, texts as BINUNICODE, or what the helpers below give. */
export type PicklePart = number | string | Uint8Array;

/** Bytes of a pickle in protocol 2, with STOP at its end. */
export function pickle(...parts: readonly PicklePart[]): Uint8Array {
  return joinBytes([Uint8Array.of(0x80, 2), ...parts.map(encodePart), Uint8Array.of(0x2e)]);
}

function encodePart(part: PicklePart): Uint8Array {
  if (typeof part === "number") return Uint8Array.of(part);
  if (typeof part !== "string") return part;
  const text = encode(part);
  const length = new Uint8Array(Uint32Array.of(text.length).buffer);
  return joinBytes([Uint8Array.of(0x58), length, text]);
}

/** GLOBAL: names a class or function. */
export function global(module: string, name: string): Uint8Array {
  return encode(`c${module}\n${name}\n`);
}

/** BININT: a whole number. */
export function integer(value: number): Uint8Array {
  return Uint8Array.of(0x4a, ...new Uint8Array(Int32Array.of(value).buffer));
}

/** Some parts, `count` times. */
export function repeat(count: number, ...parts: readonly PicklePart[]): Uint8Array {
  const bytes = joinBytes(parts.map(encodePart));
  const all = new Uint8Array(count * bytes.length);
  for (let index = 0; index < count; index++) all.set(bytes, index * bytes.length);
  return all;
}

/** Opcodes by name. */
export const op = {
  mark: 0x28,
  emptyTuple: 0x29,
  pop: 0x30,
  binbytes: 0x42,
  binpersid: 0x51,
  reduce: 0x52,
  appends: 0x65,
  build: 0x62,
  inst: 0x69,
  obj: 0x6f,
  emptyList: 0x5d,
  setitem: 0x73,
  tuple: 0x74,
  setitems: 0x75,
  emptyDict: 0x7d,
  newobj: 0x81,
  tuple1: 0x85,
  tuple2: 0x86,
  newfalse: 0x89,
  none: 0x4e,
} as const;

/** A tensor of one axis on storage "0", claimed as given. */
export function tensorPart(claim: {
  readonly size: number;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}): Uint8Array {
  const tuple = (values: readonly number[]): readonly PicklePart[] => [op.mark, ...values.map(integer), op.tuple];
  const id = [op.mark, "storage", global("torch", "FloatStorage"), "0", "cpu", integer(claim.size), op.tuple];
  const place = [integer(claim.offset), ...tuple(claim.shape), ...tuple(claim.strides)];
  const rest = [op.newfalse, op.emptyDict, op.tuple, op.reduce];
  const parts = [global("torch._utils", "_rebuild_tensor_v2"), op.mark, ...id, op.binpersid, ...place, ...rest];
  return joinBytes(parts.map(encodePart));
}

/** A PyTorch checkpoint around any pickle, with 16 bytes of zeros as storage "0". */
export function checkpoint(data: Uint8Array, more: readonly (readonly [string, Uint8Array])[] = []): Uint8Array {
  return joinBytes(
    zipChunks([
      ["archive/data.pkl", data],
      ["archive/data/0", new Uint8Array(16)],
      ...more,
      ["archive/version", encode("3\n")],
    ]),
  );
}
