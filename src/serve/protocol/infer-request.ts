import * as v from "valibot";
import { describeIssue } from "../../files/schema.ts";
import { type DType, dtypeArrays, type DTypeArrays } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tensor } from "../../tensor/tensor.ts";
import { type DataType, dataTypes, dtypeOf, elementBytes, isBinaryOnly, isDataType } from "./data-types.ts";
import { RequestError } from "./request-error.ts";
import type { ModelSignature, TensorMetadata } from "./signature.ts";

/** An output that a request asks for. */
export interface RequestedOutput {
  readonly name: string;
  /** As bytes behind the answer's JSON. */
  readonly binary: boolean;
  /** The so many best classes in place of the scores; 0 for the scores. */
  readonly classification: number;
}

/** A request for inference, checked against the model's signature. */
export interface InferRequest {
  readonly id: string | undefined;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: readonly RequestedOutput[];
  /** Microseconds after which the answer is of no use; undefined for no limit of the request's own. */
  readonly timeout: number | undefined;
  /** 1 goes first; 0 is the standard priority, which comes last. */
  readonly priority: number;
}

/** Deeper than any tensor is nested. */
const MOST_AXES = 16;

const parameters = v.optional(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])));
const tensorSchema = v.object({
  name: v.string(),
  shape: v.pipe(v.array(v.pipe(v.number(), v.safeInteger(), v.minValue(0))), v.maxLength(MOST_AXES)),
  datatype: v.string(),
  parameters,
  data: v.optional(v.unknown()),
});
const requestSchema = v.object({
  id: v.optional(v.string()),
  parameters,
  inputs: v.array(tensorSchema),
  outputs: v.optional(v.array(v.object({ name: v.string(), parameters }))),
});
type RawTensor = v.InferOutput<typeof tensorSchema>;
type RawRequest = v.InferOutput<typeof requestSchema>;

const bad = (where: string, detail: string): RequestError => new RequestError(400, where, detail);

/**
 * Reads the body of a request for inference: JSON, or JSON followed by the bytes of tensors in order.
 *
 * @param headerLength bytes of JSON (`Inference-Header-Content-Length`); undefined if all of it is
 * @throws {RequestError} with status 400 that names what is wrong and what must be
 */
export function readInferRequest(
  body: Uint8Array,
  headerLength: number | undefined,
  signature: ModelSignature,
): InferRequest {
  const json = headerLength === undefined ? body : takeHeader(body, headerLength);
  const request = parseRequest(json);
  const binary = new BinaryReader(body.subarray(json.length));
  // An element takes two characters at least.
  const inputs = readInputs(request.inputs, { signature, binary, most: json.length / 2 });
  binary.requireEnd();
  const { timeout, priority = 0 } = request.parameters ?? {};
  return {
    id: request.id,
    inputs,
    outputs: readOutputs(request, signature),
    timeout: readCount("parameters.timeout", timeout),
    priority: readCount("parameters.priority", priority) ?? 0,
  };
}

/**
 * Reads a body that is the bytes of a model's one input, as some clients send it.
 *
 * @throws {RequestError} if the model has several inputs, or the bytes are not a whole number of samples
 */
export function readRawRequest(body: Uint8Array, signature: ModelSignature): InferRequest {
  const [input, ...others] = signature.inputs;
  if (others.length > 0) throw bad("body", "is raw bytes, which a model with one input takes; send JSON, or a header");
  const sample = input.shape.slice(1).reduce((a, b) => a * b, elementBytes(input.datatype));
  const isFree = input.shape.slice(1).some((extent) => extent < 0);
  const count = body.length / sample;
  const expected = input.shape[0] === -1 ? undefined : input.shape[0];
  if (isFree || !Number.isInteger(count) || count === 0 || (expected !== undefined && count !== expected))
    throw bad("body", `has ${body.length} bytes, must be samples of ${isFree ? "a fixed size" : `${sample} bytes`}`);
  const shape = [count, ...input.shape.slice(1)];
  return {
    id: undefined,
    inputs: { [input.name]: fromBytes(input.datatype, shape, body) },
    outputs: signature.outputs.map(({ name }) => ({ name, binary: true, classification: 0 })),
    timeout: undefined,
    priority: 0,
  };
}

function takeHeader(body: Uint8Array, length: number): Uint8Array {
  if (!Number.isSafeInteger(length) || length < 0 || length > body.length)
    throw bad("Inference-Header-Content-Length", `is ${length}, must be from 0 to the body's ${body.length} bytes`);
  return body.subarray(0, length);
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function parseRequest(json: Uint8Array): RawRequest {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(json));
  } catch {
    throw bad("body", "is not valid JSON; send the object that the Open Inference Protocol describes");
  }
  // To the schema's eye, a list is an object that lacks everything.
  if (Array.isArray(value)) throw bad("body", "must be Object, got Array");
  const result = v.safeParse(requestSchema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw bad(v.getDotPath(issue)?.replace(/\.(\d+)(?=\.|$)/g, "[$1]") ?? "body", describeIssue(issue));
}

function readCount(where: string, value: string | number | boolean | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw bad(where, `must be a whole number from 0, got ${JSON.stringify(value)}`);
}

interface InputPlace {
  readonly signature: ModelSignature;
  readonly binary: BinaryReader;
  /** Elements that a body of this length may hold as JSON. */
  readonly most: number;
}

function readInputs(raw: readonly RawTensor[], place: InputPlace): Readonly<Record<string, Tensor>> {
  const { inputs } = place.signature;
  const read = new Map<string, Tensor>();
  for (const [index, entry] of raw.entries()) {
    const where = `inputs[${index}]`;
    const declared = inputs.find(({ name }) => name === entry.name);
    if (declared === undefined)
      throw bad(`${where}.name`, `"${entry.name}" is no input; the model takes ${inputs.map(named).join(", ")}`);
    if (read.has(entry.name)) throw bad(`${where}.name`, `"${entry.name}" is given twice; give each input once`);
    read.set(entry.name, readTensor(entry, where, declared, place));
  }
  const missing = inputs.find(({ name }) => !read.has(name));
  if (missing !== undefined) throw bad("inputs", `"${missing.name}" is missing; give every input of the model`);
  return Object.fromEntries(read);
}

const named = ({ name }: TensorMetadata): string => name;

function readTensor(raw: RawTensor, where: string, declared: TensorMetadata, { binary, most }: InputPlace): Tensor {
  const { datatype, shape } = raw;
  if (!isDataType(datatype))
    throw bad(`${where}.datatype`, `unknown type "${datatype}"; must be one of ${dataTypes.join(", ")}`);
  if (datatype !== declared.datatype)
    throw bad(`${where}.datatype`, `must be ${declared.datatype} for "${declared.name}", got ${datatype}`);
  const fits =
    declared.shape.length === shape.length &&
    declared.shape.every((extent, axis) => extent < 0 || extent === shape[axis]);
  if (!fits)
    throw bad(`${where}.shape`, `must be ${formatExtents(declared.shape)}, got ${formatExtents(shape)}; −1 is any`);
  if (shape.includes(0)) throw bad(`${where}.shape`, `${formatExtents(shape)} holds nothing; give at least one sample`);
  const size = raw.parameters?.["binary_data_size"];
  if (size === undefined) return fromJson(datatype, shape, raw.data, { where, most });
  if (raw.data !== undefined) throw bad(`${where}.data`, "is given beside binary_data_size; give one of them");
  const bytes = elementsOf(shape) * elementBytes(datatype);
  if (size !== bytes)
    throw bad(`${where}.parameters.binary_data_size`, `must be ${bytes} for ${formatExtents(shape)}, got ${size}`);
  return fromBytes(datatype, shape, binary.take(bytes, where));
}

const elementsOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

const formatExtents = (shape: readonly number[]): string => `[${shape.join(", ").replaceAll("-", "−")}]`;

/** Little-endian elements, as every platform of Node's has them: where they are, if they lie as an array must. */
function fromBytes(datatype: DataType, shape: readonly number[], bytes: Uint8Array): Tensor {
  const dtype = dtypeOf(datatype);
  const isAligned = bytes.byteOffset % elementBytes(datatype) === 0;
  // A Buffer's own `slice` would not copy.
  const { buffer, byteOffset } = isAligned ? bytes : new Uint8Array(bytes);
  const array = new dtypeArrays[dtype](buffer, byteOffset, elementsOf(shape));
  return tensor(dtype, shape, array);
}

function fromJson(
  datatype: DataType,
  shape: readonly number[],
  data: unknown,
  { where, most }: { readonly where: string; readonly most: number },
): Tensor {
  if (data === undefined) throw bad(`${where}.data`, "is missing; give the elements, or binary_data_size");
  if (isBinaryOnly(datatype)) throw bad(`${where}.data`, `${datatype} has no form in JSON; send it as binary`);
  const dtype = dtypeOf(datatype);
  const count = elementsOf(shape);
  if (!Array.isArray(data)) throw bad(`${where}.data`, "must be an array of elements, nested or flat");
  const isFlat = !Array.isArray(data[0]);
  // Before memory is taken for what is not there.
  if (isFlat && data.length !== count) throw bad(`${where}.data`, `has ${data.length} elements, must have ${count}`);
  if (count > most) throw bad(`${where}.shape`, `${formatExtents(shape)} has more elements than its body can hold`);
  const elements = new dtypeArrays[dtype](count);
  const put = elementWriter(datatype, elements, `${where}.data`);
  if (isFlat) for (const [index, value] of data.entries()) put(index, value);
  else writeNested(data, shape, { axis: 0, put, where, at: 0 });
  return tensor(dtype, shape, elements);
}

interface NestedPlace {
  readonly axis: number;
  readonly put: (index: number, value: unknown) => void;
  readonly where: string;
  readonly at: number;
}

/** Writes rows within rows. @returns the place after the last element */
function writeNested(rows: readonly unknown[], shape: readonly number[], place: NestedPlace): number {
  const { axis, put, where } = place;
  if (rows.length !== shape[axis])
    throw bad(`${where}.data`, `has ${rows.length} entries on axis ${axis}, must have ${shape[axis]}`);
  let at = place.at;
  for (const row of rows) {
    if (axis === shape.length - 1) put(at++, row);
    else if (Array.isArray(row)) at = writeNested(row, shape, { ...place, axis: axis + 1, at });
    else throw bad(`${where}.data`, `must be nested ${shape.length} deep, or flat`);
  }
  return at;
}

/** Ranges of the integer types. */
const ranges: Partial<Record<DataType, readonly [number, number]>> = {
  UINT8: [0, 255],
  UINT16: [0, 65_535],
  UINT32: [0, 4_294_967_295],
  UINT64: [0, Number.MAX_SAFE_INTEGER],
  INT8: [-128, 127],
  INT16: [-32_768, 32_767],
  INT32: [-2_147_483_648, 2_147_483_647],
  INT64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

function elementWriter(
  type: DataType,
  into: DTypeArrays[DType],
  where: string,
): (index: number, value: unknown) => void {
  const refuse = (index: number, value: unknown, must: string): never => {
    throw bad(`${where}[${index}]`, `must be ${must}, got ${JSON.stringify(value)?.slice(0, 40)}`);
  };
  if (type === "BOOL")
    return (index, value) => {
      if (typeof value !== "boolean" && value !== 0 && value !== 1) refuse(index, value, "true or false");
      into[index] = Number(value);
    };
  const range = ranges[type];
  if (range === undefined)
    return (index, value) => {
      if (typeof value !== "number" || !Number.isFinite(value)) refuse(index, value, "a finite number");
      into[index] = value as number;
    };
  const [low, high] = range;
  const is64 = type === "INT64" || type === "UINT64";
  const must = `a whole number from ${low} to ${high}${is64 ? " (send larger ones as binary)" : ""}`;
  return (index, value) => {
    if (typeof value !== "number" || !Number.isInteger(value) || value < low || value > high)
      refuse(index, value, must);
    if (is64) (into as BigInt64Array)[index] = BigInt(value as number);
    else into[index] = value as number;
  };
}

function readOutputs({ outputs, parameters: own }: RawRequest, signature: ModelSignature): readonly RequestedOutput[] {
  const standard = own?.["binary_data_output"] === true;
  const wanted: NonNullable<RawRequest["outputs"]> =
    outputs === undefined || outputs.length === 0 ? signature.outputs.map(({ name }) => ({ name })) : outputs;
  const names = new Set<string>();
  return wanted.map(({ name, parameters: how }, index) => {
    const where = `outputs[${index}]`;
    if (!signature.outputs.some((output) => output.name === name))
      throw bad(`${where}.name`, `"${name}" is no output; the model gives ${signature.outputs.map(named).join(", ")}`);
    if (names.has(name)) throw bad(`${where}.name`, `"${name}" is asked for twice; ask for each output once`);
    names.add(name);
    const binary = how?.["binary_data"] ?? standard;
    if (typeof binary !== "boolean") throw bad(`${where}.parameters.binary_data`, "must be true or false");
    const classification = readCount(`${where}.parameters.classification`, how?.["classification"]) ?? 0;
    return { name, binary, classification };
  });
}

/** Takes the bytes behind the JSON, piece by piece. */
class BinaryReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(count: number, where: string): Uint8Array {
    const left = this.#bytes.length - this.#at;
    if (count > left) throw bad(where, `needs ${count} bytes behind the JSON, ${left} are left`);
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  requireEnd(): void {
    const left = this.#bytes.length - this.#at;
    if (left > 0) throw bad("body", `has ${left} bytes more than its tensors say; send none, or set binary_data_size`);
  }
}
