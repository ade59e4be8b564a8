import type { Tensor } from "../../tensor/tensor.ts";
import { classify } from "./classification.ts";
import { type DataType, dataTypeOf, isBinaryOnly } from "./data-types.ts";
import type { RequestedOutput } from "./infer-request.ts";
import { RequestError } from "./request-error.ts";

/** What an answer says beside its tensors. */
export interface AnswerHead {
  readonly model: string;
  readonly version: string;
  readonly id: string | undefined;
  readonly classes: readonly string[];
}

/** An answer as it is sent. */
export interface InferAnswer {
  readonly body: Uint8Array;
  /** Bytes of JSON if tensors follow it; undefined if all of it is JSON. */
  readonly headerLength: number | undefined;
}

interface OutputEntry {
  readonly name: string;
  readonly datatype: DataType | "BYTES";
  readonly shape: readonly number[];
  readonly parameters?: { readonly binary_data_size: number };
  readonly data?: readonly unknown[];
}

const encoder = new TextEncoder();

/**
 * Writes the answer to a request for inference.
 *
 * @throws {RequestError} if a score that is not finite was asked for as JSON, which has no form for it
 */
export function writeInferResponse(
  { model, version, id, classes }: AnswerHead,
  requested: readonly RequestedOutput[],
  outputs: Readonly<Record<string, Tensor>>,
): InferAnswer {
  const pieces: Uint8Array[] = [];
  const entries = requested.map((want): OutputEntry => {
    const output = outputs[want.name];
    if (want.classification > 0) return classEntry(want, classify(output, want.classification, classes), pieces);
    const datatype = dataTypeOf(output.dtype)!;
    const shape = [...output.shape];
    if (!want.binary) return { name: want.name, datatype, shape, data: jsonElements(want.name, datatype, output) };
    const bytes = new Uint8Array(output.data.buffer, output.data.byteOffset, output.data.byteLength);
    pieces.push(bytes);
    return { name: want.name, datatype, shape, parameters: { binary_data_size: bytes.length } };
  });
  const head = { model_name: model, model_version: version, ...(id === undefined ? {} : { id }), outputs: entries };
  const json = encoder.encode(JSON.stringify(head));
  if (pieces.length === 0) return { body: json, headerLength: undefined };
  return { body: join([json, ...pieces]), headerLength: json.length };
}

function classEntry(
  { name, binary }: RequestedOutput,
  { shape, strings }: ReturnType<typeof classify>,
  pieces: Uint8Array[],
): OutputEntry {
  if (!binary) return { name, datatype: "BYTES", shape, data: strings };
  const bytes = join(strings.map(lengthPrefixed));
  pieces.push(bytes);
  return { name, datatype: "BYTES", shape, parameters: { binary_data_size: bytes.length } };
}

/** An element of type BYTES: its length in four bytes, little-endian, then itself. */
function lengthPrefixed(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  const whole = new Uint8Array(4 + bytes.length);
  new DataView(whole.buffer).setUint32(0, bytes.length, true);
  whole.set(bytes, 4);
  return whole;
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function jsonElements(name: string, type: DataType, { data }: Tensor): readonly unknown[] {
  const refuse = (what: string): never => {
    throw new RequestError(422, `output "${name}"`, `${what}, which JSON has no form for; ask for it with binary_data`);
  };
  if (isBinaryOnly(type)) return refuse(`is ${type}`);
  if (type === "BOOL") return Array.from(data as Uint8Array, (element) => element !== 0);
  return Array.from(data as ArrayLike<number | bigint>, (element) => {
    const number = Number(element);
    if (!Number.isFinite(number)) refuse(`holds ${number}`);
    if (typeof element === "bigint" && !Number.isSafeInteger(number)) refuse(`holds ${element}, beyond 2^53`);
    return number;
  });
}
