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
