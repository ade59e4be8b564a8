import { type DType, dtypeArrays } from "../../tensor/dtype.ts";
import { ResiduaError } from "../../tensor/errors.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { dataTypeOf, dtypeOf, elementBytes, isDataType } from "../protocol/data-types.ts";
import { RequestError } from "../protocol/request-error.ts";
import type { TensorMetadata } from "../protocol/signature.ts";

/** How a client reaches its server. */
export interface ClientOptions {
  /** The key that the server's policy knows it by. */
  readonly key?: string;
  /** In place of the global `fetch`. */
  readonly fetch?: typeof fetch;
}

/** What a server says of a model. */
export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

/** What is asked beside the inputs. */
export interface InferOptions {
  /** The newest if left out. */
  readonly version?: string;
  /** Names of outputs; all if left out. */
  readonly outputs?: readonly string[];
  /** Milliseconds after which the server need not answer any more. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

/** A client of an inference server: `residua serve`, or another that speaks the Open Inference Protocol, version 2. */
export interface InferenceClient {
  /** Whether the server lives; false also if it cannot be reached. */
  readonly isLive: () => Promise<boolean>;
  /** Whether it answers requests; false also if it cannot be reached. */
  readonly isReady: () => Promise<boolean>;
  /** @throws {RequestError} 404 if the model is not there, or not for this client */
  readonly describe: (model: string, version?: string) => Promise<ModelMetadata>;
  /**
   * Infers from tensors, sent and received as bytes: exact.
   *
   * @param inputs tensors by the names of the model's inputs
   * @returns tensors by the names of its outputs
   * @throws {RequestError} with the server's status and sentence
   */
  readonly infer: (
    model: string,
    inputs: Readonly<Record<string, Tensor>>,
    options?: InferOptions,
  ) => Promise<Readonly<Record<string, Tensor>>>;
  /**
   * Predicts from an image, prepared by the server as the model wants it; what comes back depends on the model's task.
   *
   * @param image the bytes of a PNG, JPEG, TIFF, … file
   * @throws {RequestError} with the server's status and sentence
   */
  readonly predict: (
    model: string,
    image: Blob | Uint8Array<ArrayBuffer>,
    options?: Pick<InferOptions, "version" | "signal">,
  ) => Promise<unknown>;
}

const HEADER = "inference-header-content-length";

/**
 * Makes a client; runs in Node, in a page and in a worker.
 *
 * @param address such as `http://127.0.0.1:8080`
 * @example
 * const client = createClient("http://127.0.0.1:8080");
 * const { scores } = await client.infer("model", { images: float32([1, 3, 32, 32], pixels) });
 */
export function createClient(address: string, { key, fetch: own = fetch }: ClientOptions = {}): InferenceClient {
  const base = address.replace(/\/+$/, "");
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    if (key !== undefined) headers.set("authorization", `Bearer ${key}`);
    const response = await own(`${base}${path}`, { ...init, headers });
    if (response.ok) return response;
    throw await toError(response, path);
  };
  const isOk = async (path: string): Promise<boolean> => {
    try {
      return (await own(`${base}${path}`)).ok;
    } catch {
      return false;
    }
  };
  const pathOf = (start: string, model: string, version: string | undefined): string =>
    `${start}/${encodeURIComponent(model)}${version === undefined ? "" : `/versions/${encodeURIComponent(version)}`}`;
  return {
    isLive: () => isOk("/v2/health/live"),
    isReady: () => isOk("/v2/health/ready"),
    describe: async (model, version) =>
      (await (await ask(pathOf("/v2/models", model, version))).json()) as ModelMetadata,
    infer: async (model, inputs, { version, outputs, timeout, signal } = {}) => {
      const { body, length } = writeRequest(inputs, outputs, timeout);
      const response = await ask(`${pathOf("/v2/models", model, version)}/infer`, {
        method: "POST",
        body,
        headers: { "content-type": "application/octet-stream", [HEADER]: String(length) },
        ...(signal && { signal }),
      });
      const header = response.headers.get(HEADER);
      return readAnswer(new Uint8Array(await response.arrayBuffer()), header === null ? undefined : Number(header));
    },
    predict: async (model, image, { version, signal } = {}) => {
      const response = await ask(`${pathOf("/v1/models", model, version)}/predict`, {
        method: "POST",
        body: image,
        headers: {
          "content-type": image instanceof Blob && image.type !== "" ? image.type : "application/octet-stream",
        },
        ...(signal && { signal }),
      });
      return response.json();
    },
  };
}

async function toError(response: Response, path: string): Promise<RequestError> {
  const text = await response.text();
  let sentence = text.slice(0, 200);
  try {
    const { error } = JSON.parse(text) as { readonly error?: unknown };
    if (typeof error === "string") sentence = error;
  } catch {
    // Not every server between here and there speaks JSON.
  }
  const after = Number(response.headers.get("retry-after") ?? Number.NaN);
  return new RequestError(response.status, path, sentence, Number.isFinite(after) ? { retryAfter: after } : {});
}

function writeRequest(
  inputs: Readonly<Record<string, Tensor>>,
  outputs: readonly string[] | undefined,
  timeout: number | undefined,
): { readonly body: Uint8Array<ArrayBuffer>; readonly length: number } {
  const entries = Object.entries(inputs).map(([name, { dtype, shape, data }]) => {
    const datatype = dataTypeOf(dtype);
    if (datatype === undefined) throw new ResiduaError(`input "${name}"`, `holds ${dtype}, which cannot be sent`);
    return { name, shape, datatype, parameters: { binary_data_size: data.byteLength } };
  });
  const head = {
    parameters: { binary_data_output: true, ...(timeout === undefined ? {} : { timeout: Math.round(timeout * 1000) }) },
    inputs: entries,
    ...(outputs === undefined ? {} : { outputs: outputs.map((name) => ({ name, parameters: { binary_data: true } })) }),
  };
  const json = new TextEncoder().encode(JSON.stringify(head));
  const tensors = Object.values(inputs);
  const body = new Uint8Array(tensors.reduce((sum, { data }) => sum + data.byteLength, json.length));
  body.set(json);
  let at = json.length;
  for (const { data } of tensors) {
    body.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return { body, length: json.length };
}

interface AnswerEntry {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly parameters?: { readonly binary_data_size?: number };
  readonly data?: readonly number[];
}

function readAnswer(bytes: Uint8Array, header: number | undefined): Readonly<Record<string, Tensor>> {
  const json = bytes.subarray(0, header ?? bytes.length);
  const { outputs } = JSON.parse(new TextDecoder().decode(json)) as { readonly outputs: readonly AnswerEntry[] };
  let at = json.length;
  const read: Record<string, Tensor> = {};
  for (const { name, datatype, shape, parameters, data = [] } of outputs) {
    if (!isDataType(datatype)) throw new ResiduaError(`output "${name}"`, `holds ${datatype}, which cannot be read`);
    const dtype: DType = dtypeOf(datatype);
    const size = parameters?.binary_data_size;
    const array = dtypeArrays[dtype];
    if (size === undefined) {
      const own = new array(data.length);
      for (const [index, element] of data.entries())
        (own as Float32Array)[index] =
          own instanceof BigInt64Array || own instanceof BigUint64Array
            ? (BigInt(element) as unknown as number)
            : element;
      read[name] = tensor(dtype, shape, own);
      continue;
    }
    const piece = bytes.slice(at, at + size);
    read[name] = tensor(dtype, shape, new array(piece.buffer, 0, size / elementBytes(datatype)));
    at += size;
  }
  return read;
}
