import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  checkpoint,
  global,
  integer,
  op,
  pickle,
  type PicklePart,
  repeat,
  tensorPart,
} from "../../../test/support/pickles.ts";
import { crashOf, readGoldenBytes } from "../../../test/support/weights.ts";
import { FormatError } from "../../tensor/errors.ts";
import { decodePytorch } from "./read.ts";

const where = "w.pth";
const plain = { size: 4, offset: 0, shape: [4], strides: [1] };
const dictionaryOf = (...tensor: readonly PicklePart[]): Uint8Array => pickle(op.emptyDict, "x", ...tensor, op.setitem);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const manyNumbers = [op.emptyList, op.mark, repeat(50_000, integer(1)), op.appends] as const;
const memoize = 0x94;
const recall = (index: number): Uint8Array => Uint8Array.of(0x68, index);

test.each<readonly [string, Uint8Array, RegExp]>([
  [
    "a name that only looks allowed",
    pickle(global("collections", "OrderedDict.__init__")),
    /"collections\.OrderedDict\.__init__"/,
  ],
  ["a function of JavaScript's objects", pickle(global("constructor", "constructor")), /"constructor\.constructor"/],
  ["an object by INST", pickle(op.mark, op.inst, text("os\nsystem\n")), /opcode 0x69/],
  ["an object by OBJ", pickle(op.mark, global("collections", "OrderedDict"), op.obj), /opcode 0x6f/],
  ["a name made of lists", pickle(op.emptyList, op.emptyList, 0x93), /a name is not text/],
  ["a call of what is no function", pickle(op.emptyDict, op.emptyTuple, op.reduce), /do not fit together/],
  ["a new object of what is no class", pickle(op.none, op.emptyTuple, op.newobj), /do not fit together/],
  [
    "a call of a storage type",
    pickle(global("torch", "FloatStorage"), op.emptyTuple, op.reduce),
    /do not fit together/,
  ],
  ["bytes of negative length", pickle(op.binbytes, 0xfa, 0xff, 0xff, 0xff), /value of -6 bytes/],
  ["a text beyond the file", pickle(0x58, 0xff, 0xff, 0x0f, 0), /truncated/],
  ["a text beyond the limit", pickle(0x58, 0xff, 0xff, 0xff, 0xff), /the limit is 1048576/],
  ["a pickle that pops too much", pickle(op.pop, 0x31, 0x31, op.pop), /do not fit together|no state dict/],
  ["no pickle at all", new Uint8Array(0), /damaged/],
  ["nothing but a stop", pickle(), /holds nothing/],
  ["a storage that is no tuple", pickle("storage", op.binpersid), /not described by a tuple/],
  [
    "a storage of no type",
    pickle(op.mark, "storage", op.none, "0", "cpu", integer(4), op.tuple, op.binpersid),
    /described wrongly/,
  ],
  ["an offset beyond the storage", dictionaryOf(tensorPart({ ...plain, offset: 1 })), /reaches beyond its storage/],
  ["a negative offset", dictionaryOf(tensorPart({ ...plain, offset: -1 })), /no valid shape and strides/],
  ["a negative stride", dictionaryOf(tensorPart({ ...plain, strides: [-1] })), /no valid shape and strides/],
  ["strides of another rank", dictionaryOf(tensorPart({ ...plain, strides: [1, 1] })), /no valid shape and strides/],
  ["a stride beyond the storage", dictionaryOf(tensorPart({ ...plain, strides: [2] })), /reaches beyond its storage/],
  [
    "a storage larger than its entry",
    dictionaryOf(tensorPart({ ...plain, size: 5 })),
    /must take 20 bytes, but takes 16/,
  ],
  [
    "a storage smaller than its entry",
    dictionaryOf(tensorPart({ ...plain, size: 3, shape: [3] })),
    /must take 12 bytes/,
  ],
  [
    "a tensor expanded to 2⁶⁰ elements",
    dictionaryOf(tensorPart({ ...plain, shape: [2 ** 30, 2 ** 30], strides: [0, 0] })),
    /far more than the file holds/,
  ],
  [
    "a dictionary within itself",
    pickle(op.emptyDict, memoize, "model", recall(0), op.setitem),
    /dictionaries within dictionaries/,
  ],
  [
    "a name with line breaks",
    dictionaryOf(integer(1)).map((byte) => (byte === 0x78 ? 0x0a : byte)),
    /none of them a state dict/,
  ],
])("%s is refused in one line", (_, data, message) => {
  const file = checkpoint(data);
  expect(() => decodePytorch(file, where)).toThrow(message);
  expect(crashOf(() => decodePytorch(file, where))).toBeUndefined();
});

test("BUILD cannot change an array's length or an object's prototype", () => {
  const attributes = [op.emptyDict, op.mark, "length", integer(2 ** 31 - 1), "__proto__", op.emptyDict, op.setitems];
  const spread = pickle(global("torch", "Size"), op.emptyList, ...attributes, op.build, op.reduce);
  expect(() => decodePytorch(checkpoint(spread), where)).toThrow(/holds nothing/);
  expect(Object.prototype).not.toHaveProperty("length");
});

test("a list that is passed on again and again is stopped before it costs much", () => {
  const calls = repeat(100_000, recall(0), recall(1), op.reduce, op.pop);
  const flood = pickle(global("torch", "Size"), memoize, ...manyNumbers, op.tuple1, memoize, calls);
  expect(() => decodePytorch(checkpoint(flood), where)).toThrow(/too much work/);
});

test("a pickle of more operations than weights need is stopped", () => {
  const flood = pickle(repeat(2 ** 21 + 1, op.none));
  expect(() => decodePytorch(checkpoint(flood), where)).toThrow(/more than 2097152 operations/);
});

test.each(["single.pth", "module.pth", "module-legacy.th", "protocol-4-legacy.pth", "deflated.pth"])(
  "%s, truncated after any byte, is refused",
  (name) => {
    const file = readGoldenBytes(`checkpoints/${name}`);
    for (let length = 0; length < file.length; length++) {
      expect(() => decodePytorch(file.subarray(0, length), where)).toThrow(FormatError);
    }
  },
);

test.each([
  "training.pth",
  "module-legacy.th",
  "protocol-4.pth",
  "protocol-4-legacy.pth",
  "strided-legacy.pth",
  "deflated.pth",
])("whatever bytes of %s are changed, it is read or refused, never worse", (name) => {
  const file = readGoldenBytes(`checkpoints/${name}`);
  const change = fc.tuple(fc.nat({ max: file.length - 1 }), fc.nat({ max: 255 }));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const damaged = Uint8Array.from(file);
      for (const [index, value] of changes) damaged[index] = value;
      expect(crashOf(() => decodePytorch(damaged, where))).toBeUndefined();
    }),
    { numRuns: 1000 },
  );
});

test("no random pickle, however its opcodes follow each other, does worse than be refused", () => {
  const opcodes = [
    0x28, 0x29, 0x30, 0x31, 0x32, 0x4e, 0x51, 0x52, 0x5d, 0x61, 0x62, 0x65, 0x73, 0x74, 0x75, 0x7d, 0x81,
  ];
  const newer = [0x85, 0x86, 0x87, 0x88, 0x8f, 0x90, 0x91, 0x93, 0x94];
  const values = ["length", "__proto__", "model", "storage", integer(3), recall(0), recall(1), tensorPart(plain)];
  const names = [global("collections", "OrderedDict"), global("torch", "Size"), global("torch", "FloatStorage")];
  const known = fc.constantFrom<PicklePart>(...opcodes, ...newer, ...values, ...names);
  const parts = fc.array(fc.oneof({ weight: 19, arbitrary: known }, { weight: 1, arbitrary: fc.nat({ max: 255 }) }), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(parts, (all) => {
      const file = checkpoint(pickle(...all));
      expect(crashOf(() => decodePytorch(file, where))).toBeUndefined();
    }),
    { numRuns: 2000 },
  );
});
