import fc from "fast-check";
import { expect, test } from "vitest";
import { float32 } from "../../tensor/tensor.ts";
import { readInferRequest, readRawRequest } from "./infer-request.ts";
import { writeInferResponse } from "./infer-response.ts";
import { RequestError } from "./request-error.ts";
import type { ModelSignature } from "./signature.ts";

const signature: ModelSignature = {
  inputs: [{ name: "x", datatype: "FP32", shape: [-1, 3] }],
  outputs: [{ name: "y", datatype: "FP32", shape: [-1, 2] }],
  classes: ["cat", "dog"],
  task: null,
  isBatched: true,
};
const text = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const withInput = (input: object, rest: object = {}): Uint8Array =>
  text({ inputs: [{ name: "x", shape: [1, 3], datatype: "FP32", ...input }], ...rest });
const dataOf = (body: Uint8Array, header?: number): readonly number[] =>
  Array.from(readInferRequest(body, header, signature).inputs["x"].data as Float32Array);

test("elements are read flat, nested and as bytes, wherever the bytes lie in memory", () => {
  expect(dataOf(withInput({ data: [1, 2, 3] }))).toEqual([1, 2, 3]);
  expect(dataOf(withInput({ data: [[1, 2, 3]] }))).toEqual([1, 2, 3]);
  fc.assert(
    fc.property(fc.nat(9), fc.array(fc.float({ noNaN: true }), { minLength: 3, maxLength: 3 }), (offset, values) => {
      const json = withInput({ parameters: { binary_data_size: 12 } });
      const bytes = new Uint8Array(Float32Array.from(values).buffer);
      // As Node's pool hands them out: at any offset of a larger buffer.
      const whole = Buffer.concat([Buffer.alloc(offset), json, bytes]).subarray(offset);
      expect(dataOf(whole, json.length)).toEqual(Array.from(Float32Array.from(values)));
    }),
  );
});

test.each([
  ["no JSON", Buffer.from("{"), "body: is not valid JSON"],
  ["no inputs", text({}), "inputs: is missing"],
  ["a list", text([]), "body: must be Object, got Array"],
  ["a negative extent", withInput({ shape: [1, -3], data: [] }), "inputs[0].shape[1]: must be >=0, got -3"],
  ["an unknown input", withInput({ name: "z", data: [1, 2, 3] }), 'inputs[0].name: "z" is no input'],
  ["a missing input", text({ inputs: [] }), '"x" is missing'],
  ["another type", withInput({ datatype: "INT8", data: [1, 2, 3] }), "must be FP32"],
  ["an unknown type", withInput({ datatype: "FLOAT", data: [1, 2, 3] }), 'unknown type "FLOAT"'],
  ["another shape", withInput({ shape: [1, 4], data: [1, 2, 3, 4] }), "inputs[0].shape: must be [−1, 3], got [1, 4]"],
  [
    "a shape beyond memory",
    withInput({ shape: [1e12, 3], data: [1, 2, 3] }),
    "has 3 elements, must have 3000000000000",
  ],
  ["a nested shape beyond memory", withInput({ shape: [1e12, 3], data: [[1, 2, 3]] }), "more elements than its body"],
  ["an empty batch", withInput({ shape: [0, 3], data: [] }), "holds nothing"],
  ["a negative extent", withInput({ shape: [-1, 3], data: [1, 2, 3] }), "inputs[0].shape[0]"],
  ["too few elements", withInput({ data: [1, 2] }), "has 2 elements, must have 3"],
  [
    "too many rows",
    withInput({
      data: [
        [1, 2, 3],
        [4, 5, 6],
      ],
    }),
    "has 2 entries on axis 0, must have 1",
  ],
  ["ragged rows", withInput({ shape: [2, 3], data: [[1, 2, 3], [4]] }), "has 1 entries on axis 1"],
  ["text as an element", withInput({ data: [1, "2", 3] }), "inputs[0].data[1]: must be a finite number"],
  ["null as an element", withInput({ data: [1, null, 3] }), "must be a finite number"],
  [
    "an infinite element",
    Buffer.from('{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,1e999,3]}]}'),
    "must be a finite number",
  ],
  [
    "both forms of data",
    withInput({ data: [1, 2, 3], parameters: { binary_data_size: 12 } }),
    "beside binary_data_size",
  ],
  ["a wrong binary size", withInput({ parameters: { binary_data_size: 11 } }), "must be 12"],
  ["missing bytes", withInput({ parameters: { binary_data_size: 12 } }), "needs 12 bytes behind the JSON, 0 are left"],
  [
    "an unknown output",
    withInput({ data: [1, 2, 3] }, { outputs: [{ name: "q" }] }),
    'outputs[0].name: "q" is no output',
  ],
  ["a bad timeout", withInput({ data: [1, 2, 3] }, { parameters: { timeout: -1 } }), "parameters.timeout"],
])("%s is refused by name", (_what, body, message) => {
  expect(() => readInferRequest(body, undefined, signature)).toThrow(RequestError);
  expect(() => readInferRequest(body, undefined, signature)).toThrow(message);
});

test("whatever a body holds, it is read or refused with a status of the 400s", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 64 }),
        fc.json().map((json) => Buffer.from(json)),
      ),
      (body) => {
        let thrown: unknown;
        try {
          readInferRequest(body, undefined, signature);
        } catch (error) {
          thrown = error;
        }
        expect(thrown === undefined || (thrown instanceof RequestError && thrown.status === 400)).toBe(true);
      },
    ),
  );
});

test("whole numbers beyond 2^53 are refused, since JSON has rounded them already", () => {
  const counting: ModelSignature = { ...signature, inputs: [{ name: "x", datatype: "INT64", shape: [-1] }] };
  const body = Buffer.from('{"inputs":[{"name":"x","shape":[1],"datatype":"INT64","data":[9007199254740993]}]}');
  expect(() => readInferRequest(body, undefined, counting)).toThrow("send larger ones as binary");
});

test("raw bytes are samples of a model with one input", () => {
  const { inputs, outputs } = readRawRequest(new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer), signature);
  expect(inputs["x"].shape).toEqual([2, 3]);
  expect(outputs).toEqual([{ name: "y", binary: true, classification: 0 }]);
  expect(() => readRawRequest(new Uint8Array(13), signature)).toThrow("samples of 12 bytes");
});

const answer = (
  classification: number,
  binary: boolean,
  values: readonly number[],
): { body: string; header: number | undefined } => {
  const { body, headerLength } = writeInferResponse(
    { model: "m", version: "1", id: "a", classes: signature.classes },
    [{ name: "y", binary, classification }],
    { y: float32([1, 2], Float32Array.from(values)) },
  );
  return { body: Buffer.from(body).toString("latin1"), header: headerLength };
};

test("answers name model, version and id; classes are value, index and label", () => {
  expect(JSON.parse(answer(0, false, [0.25, 0.5]).body)).toEqual({
    model_name: "m",
    model_version: "1",
    id: "a",
    outputs: [{ name: "y", datatype: "FP32", shape: [1, 2], data: [0.25, 0.5] }],
  });
  expect(JSON.parse(answer(1, false, [0.25, 0.5]).body).outputs).toEqual([
    { name: "y", datatype: "BYTES", shape: [1, 1], data: ["0.5:1:dog"] },
  ]);
  const { body, header } = answer(1, true, [0.25, 0.5]);
  expect(body.slice(header)).toBe("\u0009\0\0\u00000.5:1:dog");
});

test("a score that is not finite is never null: JSON refuses it, bytes carry it", () => {
  expect(() => answer(0, false, [Number.NaN, 1])).toThrow("binary_data");
  const { body, header } = answer(0, true, [Number.POSITIVE_INFINITY, 1]);
  expect(Buffer.from(body.slice(header), "latin1").readFloatLE(0)).toBe(Number.POSITIVE_INFINITY);
});
