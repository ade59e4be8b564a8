import { create, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, TensorProto_DataType, type ValueInfoProto, ValueInfoProtoSchema } from "onnx-buf";
import { env, InferenceSession, Tensor } from "onnxruntime-web";
import { expect, test } from "vitest";

test("the page is isolated, so that threads may share memory", () => {
  expect(crossOriginIsolated).toBe(true);
});

test("onnxruntime-web runs a model on two threads", async () => {
  env.wasm.numThreads = 2;
  const session = await InferenceSession.create(encodeRelu(), { executionProviders: ["wasm"] });
  const { y } = await session.run({ x: new Tensor("float32", [-1, 2], [2]) });
  expect(y?.data).toEqual(Float32Array.of(0, 2));
  // Without an isolated page ONNX Runtime falls back to one.
  expect(env.wasm.numThreads).toBe(2);
  await session.release();
});

/** y = max(x, 0) for two float32 elements. */
function encodeRelu(): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ version: 18n }],
    graph: {
      name: "relu",
      node: [{ opType: "Relu", input: ["x"], output: ["y"] }],
      input: [describePair("x")],
      output: [describePair("y")],
    },
  });
  return toBinary(ModelProtoSchema, model);
}

function describePair(name: string): ValueInfoProto {
  const shape = { dim: [{ value: { case: "dimValue" as const, value: 2n } }] };
  const tensorType = { elemType: TensorProto_DataType.FLOAT, shape };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: "tensorType", value: tensorType } } });
}
