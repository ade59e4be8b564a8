import { crc32 as zlibCrc32 } from "node:zlib";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { crc32 } from "./crc32.ts";

test("the checksum of 123456789 is the standard's check value", () => {
  expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
});

test("the checksum equals zlib's for bytes of any length and offset", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat({ max: 5 }), (bytes, skipped) => {
      const part = bytes.subarray(skipped);
      expect(crc32(part)).toBe(zlibCrc32(part));
    }),
  );
});
