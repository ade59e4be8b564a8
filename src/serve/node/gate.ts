import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { ResiduaError } from "../../tensor/errors.ts";
import { readInferRequest, readRawRequest } from "../protocol/infer-request.ts";
import { writeInferResponse } from "../protocol/infer-response.ts";
import { RequestError } from "../protocol/request-error.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { unpackBody } from "./body.ts";
import { batchGroup } from "./batching.ts";
import { countFailure, countSuccess, describeStatistics } from "./model-statistics.ts";
import type { Scheduler } from "./scheduler.ts";
import type { ServedModels, ServedVersion } from "./served-models.ts";

/** What a request may need. */
export interface GateLimits {
  /** Bytes of a body as it is sent. */
  readonly bodyBytes: number;
  /** Bytes of a body unpacked. */
  readonly unpackedBytes: number;
  readonly headerBytes: number;
  readonly requestTimeoutMs: number;
}

/** What the gate stands in front of. */
export interface GateParts {
  readonly models: ServedModels;
  readonly scheduler: Scheduler;
  readonly limits: GateLimits;
  readonly version: string;
  /** Whether the server still takes new work. */
  readonly isOpen: () => boolean;
  /** Loads and unloads; undefined if that is not allowed. */
  readonly repository?: {
    readonly load: (name: string) => Promise<void>;
    readonly unload: (name: string) => Promise<void>;
  };
}

const HEADER = "inference-header-content-length";
const extensions = ["binary_tensor_data", "classification", "statistics", "model_configuration", "schedule_policy"];

interface ModelParams {
  readonly name: string;
  readonly version?: string;
}

/** The HTTP side of a server: the Open Inference Protocol, version 2, over `node:http`. */
export function createGate(parts: GateParts): FastifyInstance {
  const { limits } = parts;
  const gate = fastify({
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    routerOptions: { maxParamLength: 256 },
    exposeHeadRoutes: false,
    http: { maxHeaderSize: limits.headerBytes },
  });
  gate.removeAllContentTypeParsers();
  gate.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  gate.setErrorHandler((error, _request, reply) => sendError(reply, error));
  gate.setNotFoundHandler((request, reply) =>
    sendError(
      reply,
      new RequestError(404, "path", `${request.method} ${request.url.slice(0, 200)} is not served here`),
    ),
  );
  addHealth(gate, parts);
  addModels(gate, parts);
  addInference(gate, parts);
  addRepository(gate, parts);
  return gate;
}

function statusOf(error: unknown): number {
  if (error instanceof RequestError) return error.status;
  const { statusCode } = error as { readonly statusCode?: number };
  return statusCode ?? 500;
}

/** Answers with the protocol's form of an error. */
export function sendError(reply: FastifyReply, error: unknown): FastifyReply {
  const status = statusOf(error);
  if (error instanceof RequestError && error.retryAfter !== undefined) reply.header("retry-after", error.retryAfter);
  const isOurs = error instanceof ResiduaError || status < 500;
  const text = isOurs && error instanceof Error ? error.message : "the server failed; its log says why";
  return reply
    .code(status)
    .type("application/json")
    .send(JSON.stringify({ error: text }));
}

function addHealth(gate: FastifyInstance, { models, version, isOpen, repository }: GateParts): void {
  const own = repository === undefined ? extensions : [...extensions, "model_repository"];
  gate.get("/v2", async () => ({ name: "residua", version, extensions: own }));
  gate.get("/v2/", async () => ({ name: "residua", version, extensions: own }));
  gate.get("/v2/health/live", async () => ({ live: true }));
  gate.get("/v2/health/ready", async (_request, reply) => {
    const ready = isOpen() && models.isReady() && models.list().every(({ state }) => state !== "LOADING");
    return reply.code(ready ? 200 : 503).send({ live: true, ready });
  });
}

/** Adds a route for a model's newest version, and for one by its number. */
function addModelRoute(
  gate: FastifyInstance,
  method: "GET" | "POST",
  path: string,
  handle: (params: ModelParams, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>,
): void {
  const handler = (request: FastifyRequest, reply: FastifyReply): Promise<unknown> =>
    handle(request.params as ModelParams, request, reply);
  for (const start of ["/v2/models/:name", "/v2/models/:name/versions/:version"])
    gate.route({ method, url: `${start}${path}`, handler });
}

function addModels(gate: FastifyInstance, { models }: GateParts): void {
  const versionsOf = (name: string): readonly string[] =>
    models
      .list()
      .filter((own) => own.name === name && own.state === "READY")
      .map(({ version }) => version);
  addModelRoute(gate, "GET", "", async ({ name, version }) => {
    const { signature } = models.find(name, version);
    const { inputs, outputs } = signature;
    return { name, versions: versionsOf(name), platform: "onnx_onnxv1", inputs, outputs };
  });
  addModelRoute(gate, "GET", "/ready", async ({ name, version }, _request, reply) => {
    try {
      models.find(name, version);
    } catch (error) {
      if (statusOf(error) !== 503) throw error;
      return reply.code(503).send({ name, ready: false });
    }
    return { name, ready: true };
  });
  addModelRoute(gate, "GET", "/config", async ({ name, version }) => describeConfig(models.find(name, version)));
  addModelRoute(gate, "GET", "/stats", async ({ name, version }) => {
    const found = models.find(name, version);
    return { model_stats: [describeStatistics(name, found.version, found.statistics)] };
  });
  gate.get("/v2/models/stats", async () => ({
    model_stats: models
      .list()
      .filter(({ state }) => state === "READY")
      .map(({ name, version, statistics }) => describeStatistics(name, version, statistics)),
  }));
}

/** As the model configuration extension says it, in Triton's words. */
function describeConfig({ name, signature, maxBatch }: ReturnType<ServedModels["find"]>): unknown {
  const dims = (shape: readonly number[]): readonly number[] => (signature.isBatched ? shape.slice(1) : shape);
  const tensors = (own: typeof signature.inputs): unknown =>
    own.map(({ name: tensor, datatype, shape }) => ({
      name: tensor,
      data_type: `TYPE_${datatype}`,
      dims: dims(shape),
    }));
  return {
    name,
    platform: "onnxruntime_onnx",
    backend: "onnxruntime",
    max_batch_size: signature.isBatched ? maxBatch : 0,
    version_policy: { latest: { num_versions: 1 } },
    input: tensors(signature.inputs),
    output: tensors(signature.outputs),
    ...(signature.isBatched ? { dynamic_batching: { max_queue_delay_microseconds: 0 } } : {}),
  };
}

/** Asks that a client's going cancels what it asked for. */
function signalOf({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  raw.once("close", () => {
    if (!raw.writableEnded) controller.abort();
  });
  return controller.signal;
}

function addInference(gate: FastifyInstance, parts: GateParts): void {
  const { models, limits } = parts;
  addModelRoute(gate, "POST", "/infer", async ({ name, version }, request, reply) => {
    const served = models.find(name, version);
    const body = await bodyOf(request, limits);
    const read = readBody(request, body, served);
    const outputs = read.outputs.map((output) => output.name);
    const [firstInput] = served.signature.inputs;
    const samples = served.signature.isBatched ? read.inputs[firstInput.name].shape[0] : 1;
    const value = await ask(parts, served, {
      reply,
      samples,
      bytes: body.length,
      timeoutMs: read.timeout === undefined ? limits.requestTimeoutMs : read.timeout / 1000,
      priority: read.priority,
      group: served.signature.isBatched ? batchGroup(read.inputs, outputs) : null,
      work: { kind: "infer", inputs: read.inputs, outputs },
    });
    const head = { model: name, version: served.version, id: read.id, classes: served.signature.classes };
    const answer = writeInferResponse(head, read.outputs, value as Readonly<Record<string, Tensor>>);
    if (answer.headerLength === undefined) reply.type("application/json");
    else reply.type("application/octet-stream").header(HEADER, answer.headerLength);
    return reply.send(Buffer.from(answer.body.buffer, answer.body.byteOffset, answer.body.length));
  });
}

type Asked = Omit<Parameters<Scheduler["submit"]>[1], "deadline" | "signal"> & {
  readonly reply: FastifyReply;
  readonly timeoutMs: number;
};

/** Puts a request into its model's queue, and counts how it went. */
export async function ask({ scheduler }: GateParts, served: ServedVersion, asked: Asked): Promise<unknown> {
  const { reply, timeoutMs, ...own } = asked;
  const begun = performance.now();
  try {
    const { value, timing } = await scheduler.submit(served.key, {
      ...own,
      deadline: begun + timeoutMs,
      signal: signalOf(reply),
    });
    countSuccess(served.statistics, own.samples, timing);
    return value;
  } catch (error) {
    countFailure(served.statistics, performance.now() - begun);
    throw error;
  }
}

/** The body of a request, unpacked. */
export function bodyOf(request: FastifyRequest, { unpackedBytes }: GateLimits): Promise<Uint8Array> {
  const body = (request.body ?? new Uint8Array(0)) as Uint8Array;
  return unpackBody(body, request.headers["content-encoding"]?.toLowerCase(), unpackedBytes);
}

function readBody(
  { headers }: FastifyRequest,
  body: Uint8Array,
  { signature }: ReturnType<ServedModels["find"]>,
): ReturnType<typeof readInferRequest> {
  const declared = headers[HEADER];
  if (declared !== undefined)
    return readInferRequest(body, /^\d{1,15}$/.test(String(declared)) ? Number(declared) : Number.NaN, signature);
  const isRaw = headers["content-type"]?.startsWith("application/octet-stream") === true;
  return isRaw ? readRawRequest(body, signature) : readInferRequest(body, undefined, signature);
}

function addRepository(gate: FastifyInstance, { models, repository }: GateParts): void {
  gate.post("/v2/repository/index", async (request) => {
    const body = (request.body ?? new Uint8Array(0)) as Uint8Array;
    const wanted = body.length === 0 ? {} : (parseObject(body) as { readonly ready?: boolean });
    return models
      .list()
      .filter(({ state }) => wanted.ready !== true || state === "READY")
      .map(({ name, version, state, reason }) => ({ name, version, state, reason }));
  });
  const change =
    (act: ((name: string) => Promise<void>) | undefined) =>
    async (request: FastifyRequest): Promise<unknown> => {
      if (act === undefined)
        throw new RequestError(
          403,
          "repository",
          "models stay as they are; start with --allow-repository to change them",
        );
      const body = (request.body ?? new Uint8Array(0)) as Uint8Array;
      const { parameters = {} } = body.length === 0 ? {} : (parseObject(body) as { readonly parameters?: object });
      const [unknown] = Object.keys(parameters).filter((key) => key !== "unload_dependents");
      if (unknown !== undefined)
        throw new RequestError(400, `parameters.${unknown}`, "is not taken: models come from the folder alone");
      await act((request.params as ModelParams).name);
      return {};
    };
  gate.post("/v2/repository/models/:name/load", change(repository?.load));
  gate.post("/v2/repository/models/:name/unload", change(repository?.unload));
}

function parseObject(body: Uint8Array): object {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Said below.
  }
  throw new RequestError(400, "body", "must be a JSON object, or empty");
}
