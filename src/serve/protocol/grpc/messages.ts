import type { MessageShape } from "./codec.ts";

// Messages of the Open Inference Protocol's gRPC service, as their fields are numbered there.
//
// Source: https://github.com/kserve/open-inference-protocol, "Inference Protocol: gRPC"; the numbers of double_param and
// uint64_param are Triton's.

/** Bounds of what may be repeated. */
const AXES = 16;
const TENSORS = 1024;
const NAMES = 100_000;

const string = (number: number): MessageShape[string] => ({ number, type: "string" });
const strings = (number: number): MessageShape[string] => ({ number, type: "string", most: NAMES });
const bool = (number: number): MessageShape[string] => ({ number, type: "bool" });
const many = (number: number, type: MessageShape, most = TENSORS): MessageShape[string] => ({ number, type, most });

const parameter: MessageShape = {
  bool_param: bool(1),
  int64_param: { number: 2, type: "int64" },
  string_param: string(3),
  double_param: { number: 4, type: "double" },
  uint64_param: { number: 5, type: "uint64" },
};
/** A map's entries. */
const parameters = (number: number): MessageShape[string] =>
  many(number, { key: string(1), value: { number: 2, type: parameter } });
const shape = (number: number): MessageShape[string] => ({ number, type: "int64", most: AXES });
const named: MessageShape = { name: string(1), version: string(2) };
const tensorMetadata: MessageShape = { name: string(1), datatype: string(2), shape: shape(3) };

/** A call of the service. */
export type CallName = "ServerLive" | "ServerReady" | "ModelReady" | "ServerMetadata" | "ModelMetadata" | "ModelInfer";

interface CallShape {
  readonly request: MessageShape;
  readonly answer: MessageShape;
}

/** The request and the answer of each call. */
export const calls: { readonly [Name in CallName]: CallShape } = {
  ServerLive: { request: {}, answer: { live: bool(1) } },
  ServerReady: { request: {}, answer: { ready: bool(1) } },
  ModelReady: { request: named, answer: { ready: bool(1) } },
  ServerMetadata: { request: {}, answer: { name: string(1), version: string(2), extensions: strings(3) } },
  ModelMetadata: {
    request: named,
    answer: {
      name: string(1),
      versions: strings(2),
      platform: string(3),
      inputs: many(4, tensorMetadata),
      outputs: many(5, tensorMetadata),
    },
  },
  ModelInfer: {
    request: {
      model_name: string(1),
      model_version: string(2),
      id: string(3),
      parameters: parameters(4),
      inputs: many(5, {
        name: string(1),
        datatype: string(2),
        shape: shape(3),
        parameters: parameters(4),
        // Read when the type is known: see `contents.ts`.
        contents: { number: 5, type: "bytes" },
      }),
      outputs: many(6, { name: string(1), parameters: parameters(2) }),
      raw_input_contents: { number: 7, type: "bytes", most: TENSORS },
    },
    answer: {
      model_name: string(1),
      model_version: string(2),
      id: string(3),
      outputs: many(5, { name: string(1), datatype: string(2), shape: shape(3) }),
      raw_output_contents: { number: 6, type: "bytes", most: TENSORS },
    },
  },
};

/** Whether the service has a call of this name. */
export function isCall(name: string): name is CallName {
  return Object.hasOwn(calls, name);
}
