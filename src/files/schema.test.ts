import * as v from "valibot";
import { expect, test } from "vitest";
import { checkPlainData } from "./schema.ts";

const schema = v.record(v.string(), v.unknown());
const refuse = ({ path, detail }: { readonly path: string; readonly detail: string }): Error =>
  new Error(`${path} ${detail}`);

test.each(['{"__proto__":"x","a":"b"}', '{"a":{"b":[{"__proto__":{}}]}}'])(
  "a key that schemas pass over is refused: %s",
  (text) => {
    expect(() => checkPlainData(schema, JSON.parse(text), refuse)).toThrow("__proto__ is not known");
  },
);

test("plain data are returned, however deep they are", () => {
  const deep = `{"a":${"[".repeat(50_000)}${"]".repeat(50_000)},"b":null}`;
  const data: unknown = JSON.parse(deep);
  expect(Object.keys(checkPlainData(schema, data, refuse))).toEqual(["a", "b"]);
});

test.each([
  [[], " must be Object, got Array"],
  [{ inner: { own: [] } }, "inner.own must be Object, got Array"],
])("a list is no object whose keys may all be left out: %j", (data, sentence) => {
  const own = v.strictObject({ a: v.exactOptional(v.number()) });
  const outer = v.strictObject({
    inner: v.exactOptional(v.strictObject({ own, list: v.exactOptional(v.array(own)) })),
  });
  expect(() => checkPlainData(outer, data, refuse)).toThrow(sentence);
  expect(checkPlainData(outer, { inner: { own: {}, list: [] } }, refuse)).toEqual({ inner: { own: {}, list: [] } });
});

test("of a value or a key of any length, an error says the beginning", () => {
  const refusal = (value: unknown): string => {
    try {
      checkPlainData(v.record(v.string(), v.number()), value, refuse);
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(refusal({ a: "x".repeat(1e6) })).toMatch(/^a must be number, got "x{78}…$/);
  expect(refusal({ ["k".repeat(1e6)]: "x" })).toMatch(/^k{79}… must be number, got "x"$/);
});
