import type { DType } from "../../tensor/dtype.ts";
import { UnsupportedError } from "../../tensor/errors.ts";
import { type Shape, stridesOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { joinBytes } from "../../tensor/bytes.ts";

const storageTypes: { readonly [D in DType]?: string } = {
  float64: "DoubleStorage",
  float32: "FloatStorage",
  float16: "HalfStorage",
  bfloat16: "BFloat16Storage",
  int64: "LongStorage",
  int32: "IntStorage",
  int16: "ShortStorage",
  int8: "CharStorage",
  uint8: "ByteStorage",
  bool: "BoolStorage",
};

const ops = {
  protocol2: [0x80, 2],
  mark: [0x28],
  emptyTuple: [0x29],
  stop: [0x2e],
  binint: [0x4a],
  binint1: [0x4b],
  binint2: [0x4d],
  binpersid: [0x51],
  reduce: [0x52],
  binunicode: [0x58],
  global: [0x63],
  binget: [0x68],
  longBinget: [0x6a],
  binput: [0x71],
  longBinput: [0x72],
  setitem: [0x73],
  tuple: [0x74],
  setitems: [0x75],
  tuple1: [0x85],
  tuple2: [0x86],
  tuple3: [0x87],
  newfalse: [0x89],
  long1: [0x8a],
} as const satisfies Readonly<Record<string, readonly number[]>>;

/** Python adds entries to a dictionary in batches of this size. */
const batch = 1000;

/** Writes opcodes as Python's pickler does in protocol 2, including memo numbers. */
interface PickleWriter {
  op(name: keyof typeof ops): void;
  text(value: string): void;
  integer(value: number): void;
  integers(values: Shape): void;
  /** Writes the name of a class or function; on repetition its memo number. */
  global(module: string, name: string): void;
  /** Writes a text; on repetition its memo number. */
  sharedText(value: string): void;
  remember(): void;
  finish(): Uint8Array;
}

/**
 * The pickle of an OrderedDict of tensors, byte for byte what `torch.save` of PyTorch 1.6 and later writes. The element
 * bytes of the n-th tensor go into the storage with key "n".
 *
 * @throws {UnsupportedError} for element types without a PyTorch storage
 */
export function pickleStateDict(tensors: ReadonlyMap<string, Tensor>): Uint8Array {
  const writer = createWriter();
  writer.op("protocol2");
  writer.global("collections", "OrderedDict");
  writer.op("emptyTuple");
  writer.op("reduce");
  writer.remember();
  const entries = [...tensors];
  for (let begin = 0; begin < entries.length; begin += batch) {
    const part = entries.slice(begin, begin + batch);
    if (part.length > 1) writer.op("mark");
    part.forEach(([name, value], index) => {
      writer.text(name);
      writer.remember();
      writeTensor(writer, value, begin + index);
    });
    writer.op(part.length > 1 ? "setitems" : "setitem");
  }
  writer.op("stop");
  return writer.finish();
}

/** `_rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())` */
function writeTensor(writer: PickleWriter, { dtype, shape, data }: Tensor, key: number): void {
  const storageType = storageTypes[dtype];
  if (storageType === undefined) throw new UnsupportedError("pytorch", `has no storage for ${dtype}`);
  writer.global("torch._utils", "_rebuild_tensor_v2");
  writer.op("mark");
  writer.op("mark");
  writer.sharedText("storage");
  writer.global("torch", storageType);
  writer.text(String(key));
  writer.remember();
  writer.sharedText("cpu");
  writer.integer(data.length);
  writer.op("tuple");
  writer.remember();
  writer.op("binpersid");
  writer.integer(0);
  writer.integers(shape);
  // PyTorch counts an empty axis as 1.
  writer.integers(stridesOf(shape.map((extent) => Math.max(extent, 1))));
  writer.op("newfalse");
  writer.global("collections", "OrderedDict");
  writer.op("emptyTuple");
  writer.op("reduce");
  writer.remember();
  writer.op("tuple");
  writer.remember();
  writer.op("reduce");
  writer.remember();
}

function createWriter(): PickleWriter {
  const parts: Uint8Array[] = [];
  const memo = new Map<string, number>();
  let remembered = 0;
  const put = (...bytes: readonly number[]): void => void parts.push(Uint8Array.from(bytes));
  const op = (name: keyof typeof ops): void => put(...ops[name]);
  const put32 = (value: number): void => put(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
  const numbered = (short: "binget" | "binput", long: "longBinget" | "longBinput", index: number): void => {
    op(index < 256 ? short : long);
    if (index < 256) put(index);
    else put32(index);
  };
  const remember = (): void => numbered("binput", "longBinput", remembered++);
  const shared = (id: string, write: () => void): void => {
    const known = memo.get(id);
    if (known !== undefined) return numbered("binget", "longBinget", known);
    write();
    memo.set(id, remembered);
    remember();
  };
  const text = (value: string): void => {
    const encoded = new TextEncoder().encode(value);
    op("binunicode");
    put32(encoded.length);
    parts.push(encoded);
  };
  const integer = (value: number): void => {
    if (value < 2 ** 8) {
      op("binint1");
      put(value);
    } else if (value < 2 ** 16) {
      op("binint2");
      put(value & 0xff, value >>> 8);
    } else if (value < 2 ** 31) {
      op("binint");
      put32(value);
    } else {
      op("long1");
      const bytes = signedBytes(value);
      put(bytes.length, ...bytes);
    }
  };
  const integers = (values: Shape): void => {
    if (values.length === 0) return op("emptyTuple");
    if (values.length > 3) op("mark");
    values.forEach(integer);
    op(values.length > 3 ? "tuple" : (["tuple1", "tuple2", "tuple3"] as const)[values.length - 1]);
    remember();
  };
  const global = (module: string, name: string): void =>
    shared(`global ${module}.${name}`, () => {
      op("global");
      parts.push(new TextEncoder().encode(`${module}\n${name}\n`));
    });
  const sharedText = (value: string): void => shared(`text ${value}`, () => text(value));
  return { op, text, integer, integers, global, sharedText, remember, finish: () => joinBytes(parts) };
}

/** The fewest little-endian bytes that hold a number with its sign. */
function signedBytes(value: number): readonly number[] {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.push(rest % 256);
  return bytes.at(-1)! < 0x80 ? bytes : [...bytes, 0];
}
