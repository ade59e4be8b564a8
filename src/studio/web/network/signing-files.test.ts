import { expect, test } from "vitest";
import { isUnclear, signingOfTwo, sortDropped } from "./signing-files.ts";

const file = (name: string): File => new File([], name);
const drop = (...names: readonly string[]): ReturnType<typeof sortDropped> =>
  sortDropped({ files: names.map((name) => ({ file: file(name), path: name })) });
/** The names of the signatures that the first network and the other are checked by. */
function signaturesOf(
  pair: readonly [string | undefined, string | undefined],
  ...names: readonly string[]
): readonly (string | undefined)[] {
  const [first, other] = pair.map((name) => (name === undefined ? undefined : file(name)));
  const { signing, otherSigning } = signingOfTwo([first, other], drop(...names));
  return [signing.signature?.name, otherSigning.signature?.name];
}

test("of two files, each has the signature that is called after it", () => {
  expect(signaturesOf(["a.onnx", "b.onnx"], "b.onnx.sig", "a.onnx.sig")).toEqual(["a.onnx.sig", "b.onnx.sig"]);
  expect(signaturesOf(["a.onnx", "b.onnx"], "b.onnx.sig")).toEqual([undefined, "b.onnx.sig"]);
  expect(signaturesOf(["a.onnx", "b.onnx"], "c.sig")).toEqual(["c.sig", undefined]);
});

test("if one of two networks is a file, a signature is that one's, whatever it is called", () => {
  expect(signaturesOf([undefined, "b.onnx"], "renamed.sig")).toEqual([undefined, "renamed.sig"]);
  expect(signaturesOf([undefined, "b.onnx"], "undefined.sig")).toEqual([undefined, "undefined.sig"]);
  expect(signaturesOf(["a.onnx", undefined], "undefined.sig")).toEqual(["undefined.sig", undefined]);
});

test("two signatures need two files that they are called after", () => {
  const both = drop("a.onnx.sig", "b.onnx.sig");
  expect(isUnclear(both, [file("a.onnx"), file("b.onnx")])).toBe(false);
  expect(isUnclear(both, [file("a.onnx"), undefined])).toBe(true);
  expect(isUnclear(both, [file("a.onnx"), file("c.onnx")])).toBe(true);
});
