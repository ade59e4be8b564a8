import fc from "fast-check";
import { expect, test } from "vitest";
import { joinBytes } from "../tensor/bytes.ts";
import { createMessageReader, decodeMessage, encodeMessage } from "./byte-message.ts";

const value = fc.letrec<{ readonly node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    fc.string(),
    fc.boolean(),
    fc.constantFrom(null, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
    fc.double({ noNaN: true }).map((number) => (number === 0 ? 0 : number)),
    fc.uint8Array({ maxLength: 9 }),
    fc.float32Array({ maxLength: 5 }),
    fc.array(tie("node"), { maxLength: 4 }),
    fc.dictionary(
      fc.string().filter((key) => key !== "__proto__" && !key.startsWith("$")),
      tie("node"),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
})).node;

test("messages come out of a stream as they went in, wherever it is cut", () => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 4 }), fc.array(fc.nat(200)), (values, cuts) => {
      const all = joinBytes(values.flatMap(encodeMessage));
      const read = createMessageReader("stream");
      const places = [0, ...cuts.map((cut) => cut % (all.length + 1)).toSorted((a, b) => a - b), all.length];
      const found = places.slice(1).flatMap((end, index) => read(all.subarray(places[index], end)));
      expect(found).toEqual(values);
    }),
    { seed: 1, numRuns: 200 },
  );
});

test("Node's buffers are bytes as others are", () => {
  expect(decodeMessage(joinBytes(encodeMessage({ own: Buffer.from([1, 2]) })), "body")).toEqual({
    own: Uint8Array.of(1, 2),
  });
  const numbers = { numbers: Float32Array.of(0.5, -2, Infinity) };
  expect(decodeMessage(Buffer.from(joinBytes(encodeMessage(numbers))), "body")).toEqual(numbers);
});

const head = (text: string, rest: readonly number[] = []): Uint8Array =>
  Uint8Array.of(text.length, 0, 0, 0, ...new TextEncoder().encode(text), ...rest);

test.each([
  ["nothing", new Uint8Array(0)],
  ["a part", head('{"bytes":[2],"value":1}', [1])],
  ["one and a rest", head('{"bytes":[],"value":1}', [1])],
  ["a head that is not JSON", head("{")],
  ["a head without lengths", head("null")],
  ["a negative length", head('{"bytes":[-1],"value":1}')],
  ["bytes that are not there", head('{"bytes":[],"value":{"$bytes":0}}')],
  ["bytes by a name", head('{"bytes":[],"value":{"$bytes":"length"}}')],
  ["numbers that are cut off", head('{"bytes":[3],"value":{"$floats":0}}', [1, 2, 3])],
  ["an unknown number", head('{"bytes":[],"value":{"$number":"toString"}}')],
])("%s is refused in one line", (_, bytes) => {
  expect(() => decodeMessage(bytes, "body")).toThrow(/^body: is no message: [^\n]+; send it again$/);
});

test("a message that names itself as its prototype changes no object's", () => {
  decodeMessage(head('{"bytes":[],"value":{"__proto__":{"polluted":true}}}'), "body");
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
});

test("numbers that a message names twice are there once", () => {
  const own = { first: { $floats: 0 }, second: { $floats: 0 } };
  const text = JSON.stringify({ bytes: [4], value: own });
  const { first, second } = decodeMessage(head(text, [0, 0, 128, 63]), "body") as Record<string, Float32Array>;
  expect(first).toEqual(Float32Array.of(1));
  expect(second).toBe(first);
});
