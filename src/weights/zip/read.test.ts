import { deflateSync, strToU8, zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../tensor/errors.ts";
import { joinBytes } from "../../tensor/bytes.ts";
import { crc32 } from "./crc32.ts";
import { openZip } from "./read.ts";
import { zipChunks } from "./write.ts";

const where = "w.pth";
const content = strToU8("some weights");

/** What the two headers of an entry say; by default the truth. */
interface Claims {
  readonly name?: string;
  readonly localName?: string;
  readonly method?: number;
  readonly flags?: number;
  readonly crc?: number;
  readonly size?: number;
  readonly packedSize?: number;
  readonly localPackedSize?: number;
  readonly data?: Uint8Array;
}

function pack(fields: readonly (readonly [2 | 4, number])[]): Uint8Array {
  return Uint8Array.from(fields.flatMap(([size, value]) => [...new Uint8Array(Uint32Array.of(value).buffer, 0, size)]));
}

function packCommon(claims: Claims, packedSize: number, nameLength: number): Uint8Array {
  const { method = 0, flags = 0, crc = crc32(content), size = content.length } = claims;
  return pack([
    ...([
      [2, 20],
      [2, flags],
      [2, method],
      [4, 0],
      [4, crc],
    ] as const),
    ...([
      [4, packedSize],
      [4, size],
      [2, nameLength],
      [2, 0],
    ] as const),
  ]);
}

function makeLocal(claims: Claims): Uint8Array {
  const { name = "a/data", localName = name, data = content, packedSize = data.length } = claims;
  const common = packCommon(claims, claims.localPackedSize ?? packedSize, localName.length);
  return joinBytes([pack([[4, 0x04034b50]]), common, strToU8(localName), data]);
}

function makeRecord(claims: Claims, offset: number): Uint8Array {
  const { name = "a/data", data = content, packedSize = data.length } = claims;
  const start = pack([
    [4, 0x02014b50],
    [2, 20],
  ]);
  const rest = pack([
    [2, 0],
    [2, 0],
    [2, 0],
    [4, 0],
    [4, offset],
  ]);
  return joinBytes([start, packCommon(claims, packedSize, name.length), rest, strToU8(name)]);
}

function closeZip(body: Uint8Array, records: readonly Uint8Array[]): Uint8Array {
  const size = records.reduce((sum, record) => sum + record.length, 0);
  const counts = [
    [2, records.length],
    [2, records.length],
  ] as const;
  return joinBytes([body, ...records, pack([[4, 0x06054b50], [4, 0], ...counts, [4, size], [4, body.length], [2, 0]])]);
}

/** A zip file of one entry. */
function makeZip(claims: Claims = {}): Uint8Array {
  return closeZip(makeLocal(claims), [makeRecord(claims, 0)]);
}

/** A copy with another byte at a place counted from the end. */
function change(file: Uint8Array, fromEnd: number, byte: number): Uint8Array {
  return file.with(file.length + fromEnd, byte);
}

/** A zip file of an entry whose bytes hold another entry: what a bomb of overlapping entries is built from. */
function makeNestedZip(): Uint8Array {
  const data = makeLocal({ name: "a/inner" });
  const outer: Claims = { name: "a/outer", data, size: data.length, crc: crc32(data) };
  const body = makeLocal(outer);
  return closeZip(body, [makeRecord(outer, 0), makeRecord({ name: "a/inner" }, body.length - data.length)]);
}

/** Turns an end record into zip64's pair of records, with 32-bit fields that say so. */
function toZip64(file: Uint8Array): Uint8Array {
  const old = file.subarray(-22);
  const view = new DataView(old.buffer, old.byteOffset);
  const end64 = new Uint8Array(56);
  const wide = new DataView(end64.buffer);
  wide.setUint32(0, 0x06064b50, true);
  wide.setBigUint64(4, 44n, true);
  for (const field of [24, 32]) wide.setBigUint64(field, BigInt(view.getUint16(10, true)), true);
  wide.setBigUint64(40, BigInt(view.getUint32(12, true)), true);
  wide.setBigUint64(48, BigInt(view.getUint32(16, true)), true);
  const locator = new Uint8Array(20);
  new DataView(locator.buffer).setUint32(0, 0x07064b50, true);
  new DataView(locator.buffer).setBigUint64(8, BigInt(file.length - 22), true);
  new DataView(locator.buffer).setUint32(16, 1, true);
  const end = pack([
    [4, 0x06054b50],
    [4, 0],
    [2, 0xffff],
    [2, 0xffff],
    [4, 0xffffffff],
    [4, 0xffffffff],
    [2, 0],
  ]);
  return joinBytes([file.subarray(0, -22), end64, locator, end]);
}

describe("a sound archive", () => {
  test.each([
    ["stored entry", makeZip()],
    ["deflated entry", makeZip({ data: deflateSync(content), method: 8 })],
    ["zip64 directory", toZip64(makeZip())],
  ])("with a %s gives its bytes", (_, file) => {
    const archive = openZip(file, where);
    expect(archive.names).toEqual(["a/data"]);
    expect(archive.read("a/data")).toEqual(content);
  });

  test("made by another library is read, folders and a comment included", () => {
    const file = zipSync({ a: { data: content, empty: {} } }, { comment: "PK\x05\x06" });
    expect(openZip(file, where).read("a/data")).toEqual(content);
  });

  test("gives a stored entry as a view, at a multiple of 64 bytes if it is ours", () => {
    const file = joinBytes(
      zipChunks([
        ["a/long-name", content],
        ["a/b", content],
      ]),
    );
    for (const name of ["a/long-name", "a/b"]) {
      const data = openZip(file, where).read(name);
      expect(data.buffer).toBe(file.buffer);
      expect(data.byteOffset % 64).toBe(0);
    }
  });
});

describe("refused is", () => {
  test.each<readonly [string, Uint8Array, RegExp]>([
    ["a name that climbs out", makeZip({ name: "../x" }), /may leave the archive/],
    ["a name that climbs out later", makeZip({ name: "a/../../x" }), /may leave the archive/],
    ["an absolute name", makeZip({ name: "/etc/passwd" }), /may leave the archive/],
    ["a name for Windows", makeZip({ name: "a\\b" }), /may leave the archive/],
    ["a drive", makeZip({ name: "c:x" }), /may leave the archive/],
    ["a name with a line break", makeZip({ name: "a\nb" }), /"a\\nb"/],
    ["another name in the entry itself", makeZip({ localName: "a/other" }), /contradict/],
    ["another size in the entry itself", makeZip({ localPackedSize: 3 }), /contradict/],
    ["a stored entry of two sizes", makeZip({ size: 3 }), /contradict/],
    ["an entry larger than the file", makeZip({ packedSize: 1000, size: 1000 }), /reaches beyond/],
    ["two entries in one place", closeZip(makeLocal({}), [makeRecord({}, 0), makeRecord({}, 0)]), /overlaps/],
    ["an entry within another", makeNestedZip(), /"a\/inner" overlaps/],
    [
      "two entries of one name",
      joinBytes(
        zipChunks([
          ["a/b", content],
          ["a/b", content],
        ]),
      ),
      /two entries have the same name/,
    ],
    ["an encrypted entry", makeZip({ flags: 1 }), /encrypted/],
    ["another packing", makeZip({ method: 12 }), /method 12/],
    ["a directory that is missing", makeZip().subarray(0, -22), /is missing/],
    ["a directory that is misplaced", change(makeZip(), -6, 0xff), /misplaced|truncated/],
    ["a directory of more entries than it has", change(makeZip(), -12, 9), /truncated/],
    ["a zip64 directory that is missing", change(toZip64(makeZip()), -22 - 20 + 8, 0), /zip64 directory is missing/],
    ["a file of no bytes", new Uint8Array(0), /is missing/],
  ])("%s", (_, file, message) => {
    expect(() => openZip(file, where)).toThrow(FormatError);
    expect(() => openZip(file, where)).toThrow(message);
  });

  test("an entry whose bytes were changed", () => {
    expect(() => openZip(makeZip({ crc: 1 }), where).read("a/data")).toThrow(/fails its checksum/);
  });

  test.each([
    ["more than it says", 5],
    ["less than it says", 500],
  ])("an entry that unpacks to %s", (_, size) => {
    const file = makeZip({ data: deflateSync(content), method: 8, size });
    expect(() => openZip(file, where).read("a/data")).toThrow(/does not unpack to the/);
  });

  test("a bomb that says how large it is", () => {
    const file = makeZip({ data: deflateSync(new Uint8Array(50_000)), method: 8, size: 2 ** 31 });
    expect(() => openZip(file, where).read("a/data")).toThrow(/zip bomb/);
  });

  test("a bomb that says it is small", () => {
    const file = makeZip({ data: deflateSync(new Uint8Array(2_000_000)), method: 8, size: 100 });
    expect(() => openZip(file, where).read("a/data")).toThrow(/does not unpack to the 100 bytes/);
  });

  test("an entry that was packed wrongly", () => {
    const file = makeZip({ data: Uint8Array.of(0xff, 0xff, 0xff), method: 8 });
    expect(() => openZip(file, where).read("a/data")).toThrow(FormatError);
  });

  test("an entry that does not exist", () => {
    expect(() => openZip(makeZip(), where).read("a/other")).toThrow(/no entry "a\/other"/);
  });
});
