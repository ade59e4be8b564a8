import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  arbitraryTensor,
  contentOf,
  describeTensor,
  type ExpectedTensor,
  crashOf,
  readGoldenBytes,
} from "../../test/support/weights.ts";
import { type DType, dtypeArrays } from "../tensor/dtype.ts";
import { FormatError, UnsupportedError } from "../tensor/errors.ts";
import { float32 } from "../tensor/tensor.ts";
import { decodeNpy, encodeNpy } from "./npy.ts";

interface Manifest {
  readonly files: Readonly<Record<string, ExpectedTensor>>;
}

const where = "x.npy";
const manifest = JSON.parse(new TextDecoder().decode(readGoldenBytes("arrays/manifest.json"))) as Manifest;
const numpyTypes = (Object.keys(dtypeArrays) as DType[]).filter((dtype) => dtype !== "bfloat16");

/** A version 1 file with any header and eight bytes of data. */
function makeFile(header: string, data = 8): Uint8Array {
  const text = new TextEncoder().encode(header);
  const length = [text.length & 0xff, text.length >>> 8];
  return Uint8Array.of(0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, ...length, ...text, ...new Uint8Array(data));
}

/** Booleans and whole numbers as text, as the manifest has them. */
function describeArray(bytes: Uint8Array): ExpectedTensor {
  const described = describeTensor(decodeNpy(bytes, where));
  const whole = !described.dtype.startsWith("float");
  return { ...described, values: described.values.map((value) => (whole ? String(Number(value)) : value)) };
}

test.each(Object.entries(manifest.files))("%s from NumPy holds NumPy's values", (name, expected) => {
  const wanted = {
    ...expected,
    values: expected.values.map((value) => (typeof value === "string" ? String(Number(value)) : value)),
  };
  expect(describeArray(readGoldenBytes(`arrays/${name}`))).toEqual(wanted);
});

const written = Object.keys(manifest.files).filter((name) => !/fortran|endian|version/.test(name));

test.each(written)("%s is written byte for byte as numpy.save writes it", (name) => {
  const golden = readGoldenBytes(`arrays/${name}`);
  expect(encodeNpy(decodeNpy(golden, name))).toEqual(golden);
});

test("decode inverts encode for every type that NumPy knows", () => {
  fc.assert(
    fc.property(arbitraryTensor(numpyTypes), (value) => {
      const read = decodeNpy(encodeNpy(value), where);
      expect(contentOf(new Map([["x", read]]))).toEqual(contentOf(new Map([["x", value]])));
    }),
  );
});

test.each(["refused-objects.npy", "refused-records.npy", "refused-complex.npy"])("%s from NumPy is refused", (name) => {
  expect(() => decodeNpy(readGoldenBytes(`arrays/${name}`), name)).toThrow(FormatError);
});

test.each<readonly [string, Uint8Array, RegExp]>([
  ["an empty file", new Uint8Array(0), /is not an \.npy file/],
  ["a version of the future", makeFile("").with(6, 4), /version 4\.0/],
  ["a header beyond the limit", makeFile("").with(8, 0xff).with(9, 0xff), /the limit is 10000/],
  ["a header that is truncated", makeFile("", 0).with(8, 9), /truncated within its header/],
  ["a header without a shape", makeFile("{'descr': '<f4', 'fortran_order': False}"), /damaged header/],
  ["an unknown type", makeFile("{'descr': '<f7', 'fortran_order': False, 'shape': (2,)}"), /"<f7"/],
  [
    "a shape beyond all numbers",
    makeFile(`{'descr': '<f4', 'fortran_order': False, 'shape': (${"9".repeat(400)},)}`),
    /too large/,
  ],
  [
    "too little data",
    makeFile("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}"),
    /takes 12 bytes, 8 are there/,
  ],
  ["too much data", makeFile("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}"), /is too long/],
])("%s is refused in one line", (_, file, message) => {
  expect(() => decodeNpy(file, where)).toThrow(FormatError);
  expect(() => decodeNpy(file, where)).toThrow(message);
  expect(crashOf(() => decodeNpy(file, where))).toBeUndefined();
});

test("a file truncated after any byte is refused", () => {
  const file = encodeNpy(float32([2, 2], [1, 2, 3, 4]));
  for (let length = 0; length < file.length; length++) {
    expect(() => decodeNpy(file.subarray(0, length), where)).toThrow(FormatError);
  }
});

test("whatever bytes are changed, a file is read or refused, never worse", () => {
  const file = readGoldenBytes("arrays/big-endian-fortran.npy");
  const changes = fc.array(fc.tuple(fc.nat({ max: 100 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(changes, (flips) => {
      const damaged = Uint8Array.from(file);
      for (const [index, value] of flips) damaged[index] = value;
      expect(crashOf(() => decodeNpy(damaged, where))).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});

test("bfloat16, which NumPy does not know, is refused", () => {
  expect(() => encodeNpy({ dtype: "bfloat16", shape: [1], data: Uint16Array.of(0) })).toThrow(UnsupportedError);
});
