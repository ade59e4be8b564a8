import { FormatError } from "../../tensor/errors.ts";

/** The reader that pickleparser's `Parser.read` takes; it calls `hasNext` before every opcode and nowhere else. */
export interface PickleReader {
  /** The offset of the next byte. */
  readonly position: number;
  byte(): number;
  bytes(length: number): Uint8Array;
  uint16(): number;
  int32(): number;
  uint32(): number;
  uint64(): number;
  float64(): number;
  skip(length: number): void;
  string(length: number, encoding: "ascii" | "utf-8"): string;
  line(): string;
  hasNext(): boolean;
}

const pop = 0x30;
const build = 0x62;
const none = 0x4e;
const long1 = 0x8a;

/**
 * The opcodes that PyTorch writes, for protocols 2 to 5. Excluded are opcodes that would let a file name other things
 * to run (INST, OBJ, NEWOBJ_EX, EXT1 …), that take quadratic time (LONG4) or that only text pickles use.
 */
const opcodes: ReadonlySet<number> = new Set(
  [
    [0x28, 0x29, 0x2e, pop, 0x31, 0x32], // MARK EMPTY_TUPLE STOP POP POP_MARK DUP
    [0x47, 0x4a, 0x4b, 0x4d, none], // BINFLOAT BININT BININT1 BININT2 NONE
    [0x42, 0x43, 0x54, 0x55, 0x58], // BINBYTES SHORT_BINBYTES BINSTRING SHORT_BINSTRING BINUNICODE
    [0x51, 0x52, 0x63, build], // BINPERSID REDUCE GLOBAL BUILD
    [0x61, 0x65, 0x5d, 0x73, 0x75, 0x7d, 0x74], // APPEND APPENDS EMPTY_LIST SETITEM SETITEMS EMPTY_DICT TUPLE
    [0x68, 0x6a, 0x71, 0x72], // BINGET LONG_BINGET BINPUT LONG_BINPUT
    [0x80, 0x81, 0x85, 0x86, 0x87, 0x88, 0x89, long1], // PROTO NEWOBJ TUPLE1 TUPLE2 TUPLE3 NEWTRUE NEWFALSE LONG1
    [0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x91, 0x93, 0x94, 0x95], // SHORT_BINUNICODE … STACK_GLOBAL MEMOIZE FRAME
  ].flat(),
);

const mostOperations = 2 ** 21;
const longestText = 2 ** 20;
const longestLine = 2 ** 10;
/** Six bytes always fit a number exactly. */
const longestInteger = 6;

/**
 * A reader that makes hostile pickles harmless: it bounds the work and every length (pickleparser itself would step
 * back, and loop, at a negative one) and passes on only known opcodes.
 *
 * BUILD is read as POP: it sets attributes, which weights do not need, and pickleparser would set them on any object,
 * including an array's length. Integers too large to be exact are read as None.
 *
 * @throws {FormatError} from its methods
 */
export function createPickleReader(source: Uint8Array, where: string): PickleReader {
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const decoders = { ascii: new TextDecoder("latin1"), "utf-8": new TextDecoder("utf-8", { ignoreBOM: true }) };
  let position = 0;
  let operations = 0;
  let atOpcode = false;

  const take = (length: number, limit = longestText): number => {
    if (!(length >= 0 && length <= limit)) {
      throw new FormatError(where, `its pickle holds a value of ${length} bytes; the limit is ${limit}`);
    }
    const begin = position;
    if (begin + length > source.length) throw new FormatError(where, "its pickle is truncated");
    position += length;
    return begin;
  };
  const opcode = (): number => {
    atOpcode = false;
    operations++;
    if (operations > mostOperations)
      throw new FormatError(where, `its pickle has more than ${mostOperations} operations`);
    const code = view.getUint8(take(1));
    if (!opcodes.has(code)) {
      const name = `0x${code.toString(16).padStart(2, "0")}`;
      throw new FormatError(
        where,
        `its pickle uses opcode ${name}, which weights do not need; it is damaged or hostile`,
      );
    }
    if (code === build) return pop;
    const length = code === long1 && position < source.length ? source[position] : 0;
    if (length <= longestInteger) return code;
    take(1 + length);
    return none;
  };
  const text = (begin: number, encoding: keyof typeof decoders): string =>
    decoders[encoding].decode(source.subarray(begin, position));

  return {
    get position() {
      return position;
    },
    byte: () => (atOpcode ? opcode() : view.getUint8(take(1))),
    // A copy, since the receiver may write into it.
    bytes: (length) => new Uint8Array(source.subarray(take(length), position)),
    uint16: () => view.getUint16(take(2), true),
    int32: () => view.getInt32(take(4), true),
    uint32: () => view.getUint32(take(4), true),
    uint64: () => Number(view.getBigUint64(take(8), true)),
    float64: () => view.getFloat64(take(8), false),
    skip: (length) => void take(length),
    string: (length, encoding) => text(take(length), encoding),
    line: () => {
      const length = source.subarray(position, position + longestLine).indexOf(0x0a);
      if (length < 0) throw new FormatError(where, "its pickle is truncated within a line");
      const line = text(take(length), "utf-8");
      take(1);
      return line;
    },
    hasNext: () => {
      atOpcode = true;
      return position < source.length;
    },
  };
}
