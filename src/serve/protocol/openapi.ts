import { dataTypes } from "./data-types.ts";

/** What a description of the server depends on. */
export interface ApiScope {
  readonly version: string;
  /** Names of the models that the reader may know of. */
  readonly models: readonly string[];
  /** Whether models may be loaded and unloaded by the reader. */
  readonly mayLoad: boolean;
  /** Whether a key is needed. */
  readonly needsKey: boolean;
}

type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json };

const text: Json = { type: "string" };
const flag: Json = { type: "boolean" };
const count: Json = { type: "integer", minimum: 0 };
const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });
const list = (items: Json): Json => ({ type: "array", items });

/** An object of exactly these fields; those whose name ends in `?` may be left out. */
function object(fields: Readonly<Record<string, Json>>, description?: string): Json {
  const entries = Object.entries(fields).map(([name, schema]) => [name.replace(/\?$/, ""), schema] as const);
  return {
    type: "object",
    properties: Object.fromEntries(entries),
    required: Object.keys(fields).filter((name) => !name.endsWith("?")),
    additionalProperties: false,
    ...(description === undefined ? {} : { description }),
  };
}

const parameters: Json = {
  type: "object",
  additionalProperties: { type: ["string", "number", "boolean"] },
  description: "Texts, numbers and flags by name",
};
const shape = (minimum: number): Json => list({ type: "integer", minimum });
const duration: Json = object({ count, ns: count }, "How often, and how many nanoseconds in all");

/** What is sent and answered, in this server's own words. */
const schemas: { readonly [name: string]: Json } = {
  Error: object({ error: text }, "One sentence: where, what it was, what it must be"),
  Server: object({ name: text, version: text, extensions: list(text) }),
  Live: object({ live: flag }),
  Ready: object({ live: flag, ready: flag }),
  ModelReady: object({ name: text, ready: flag }),
  TensorMetadata: object(
    { name: text, datatype: { enum: [...dataTypes] }, shape: shape(-1) },
    "An input or output; −1 stands for a free extent",
  ),
  ModelMetadata: object({
    name: text,
    versions: list(text),
    platform: text,
    inputs: list(ref("TensorMetadata")),
    outputs: list(ref("TensorMetadata")),
  }),
  RequestInput: object({
    name: text,
    shape: shape(1),
    datatype: { enum: [...dataTypes] },
    "parameters?": parameters,
    "data?": {
      type: "array",
      description: "Elements in row-major order, flat or nested; none beside binary_data_size",
    },
  }),
  RequestOutput: object({ name: text, "parameters?": parameters }),
  InferRequest: object({
    "id?": text,
    "parameters?": parameters,
    inputs: list(ref("RequestInput")),
    "outputs?": list(ref("RequestOutput")),
  }),
  ResponseOutput: object({
    name: text,
    datatype: { enum: [...dataTypes, "BYTES"] },
    shape: shape(1),
    "parameters?": parameters,
    "data?": list({ type: ["number", "boolean", "string"] }),
  }),
  InferResponse: object({
    model_name: text,
    model_version: text,
    "id?": text,
    "parameters?": parameters,
    outputs: list(ref("ResponseOutput")),
  }),
  Statistics: object({
    model_stats: list(
      object({
        name: text,
        version: text,
        last_inference: count,
        inference_count: count,
        execution_count: count,
        inference_stats: object({
          success: duration,
          fail: duration,
          queue: duration,
          compute_input: duration,
          compute_infer: duration,
          compute_output: duration,
        }),
        batch_stats: list(
          object({ batch_size: count, compute_input: duration, compute_infer: duration, compute_output: duration }),
        ),
      }),
    ),
  }),
  Configuration: {
    type: "object",
    required: ["name", "platform", "backend", "max_batch_size", "input", "output"],
    properties: {
      name: text,
      platform: text,
      backend: text,
      max_batch_size: count,
      input: list({ type: "object" }),
      output: list({ type: "object" }),
    },
  },
  RepositoryIndex: list(
    object({ name: text, version: text, state: { enum: ["LOADING", "READY", "UNAVAILABLE"] }, reason: text }),
  ),
  Empty: object({}),
};

const json = (schema: Json): Json => ({ "application/json": { schema } });
const bytes: Json = { "application/octet-stream": { schema: { type: "string", format: "binary" } } };

interface Operation {
  readonly id: string;
  readonly summary: string;
  /** The schema of an answer that succeeds, by name. */
  readonly answer: string;
  /** Content of the request's body. */
  readonly body?: Json;
  /** Further content of an answer that succeeds. */
  readonly also?: Json;
  readonly isPublic?: boolean;
}

/** Readiness is an answer with status 503, too. */
const answersReadiness = (answer: string): boolean => answer === "Ready" || answer === "ModelReady";

const operation = ({ id, summary, answer, body, also, isPublic = false }: Operation): Json => ({
  operationId: id,
  summary,
  ...(body === undefined ? {} : { requestBody: { content: body } }),
  ...(isPublic ? { security: [] } : {}),
  responses: {
    200: { description: "Done", content: { ...(json(ref(answer)) as object), ...(also as object | undefined) } },
    "4XX": { description: "Refused", content: json(ref("Error")) },
    "5XX": {
      description: "Not now, or failed",
      content: json(answersReadiness(answer) ? { anyOf: [ref(answer), ref("Error")] } : ref("Error")),
    },
  },
});

/** Both addresses of a model's operation: of its newest version, and of one by its number. */
function ofModel(
  path: string,
  method: "get" | "post",
  own: Operation,
  names: readonly string[],
): readonly [string, Json][] {
  const name: Json = { name: "model", in: "path", required: true, schema: names.length === 0 ? text : { enum: names } };
  const version: Json = { name: "version", in: "path", required: true, schema: { type: "string", pattern: "^\\d+$" } };
  const [start, end] = path.split("{model}");
  return [
    [path, { parameters: [name], [method]: operation(own) }],
    [
      `${start}{model}/versions/{version}${end}`,
      { parameters: [name, version], [method]: operation({ ...own, id: `${own.id}Version` }) },
    ],
  ];
}

const images: Json = Object.fromEntries(
  ["image/png", "image/jpeg", "image/webp", "image/tiff", "application/octet-stream"].map((type) => [
    type,
    { schema: { type: "string", format: "binary" } },
  ]),
);
const prediction: Json = {
  "application/json": { schema: { type: "object" } },
  "application/geo+json": { schema: { type: "object" } },
  "image/png": { schema: { type: "string", format: "binary" } },
};

/**
 * Describes the server in the form of OpenAPI 3.1: what its reader may ask, and no more.
 *
 * @source https://spec.openapis.org/oas/v3.1.0; https://github.com/kserve/open-inference-protocol
 */
export function describeApi({ version, models, mayLoad, needsKey }: ApiScope): Json {
  const infer = { ...(json(ref("InferRequest")) as object), ...(bytes as object) };
  const get = (id: string, summary: string, answer: string, isPublic = false): Json => ({
    get: operation({ id, summary, answer, isPublic }),
  });
  const modelName: Json = { name: "model", in: "path", required: true, schema: text };
  const change = (id: string, summary: string): Json => ({
    parameters: [modelName],
    post: operation({ id, summary, answer: "Empty", body: json({ type: "object" }) }),
  });
  const ask = (path: string, id: string, summary: string, answer: string): readonly [string, Json][] =>
    ofModel(path, "get", { id, summary, answer }, models);
  return {
    openapi: "3.1.0",
    info: { title: "residua serve", version, summary: "Inference by the Open Inference Protocol, version 2" },
    ...(needsKey ? { security: [{ bearer: [] }, { header: [] }] } : {}),
    paths: Object.fromEntries<Json>([
      ["/v2", get("server", "What the server is", "Server")],
      ["/v2/health/live", get("live", "Whether it lives", "Live", true)],
      ["/v2/health/ready", get("ready", "Whether it takes requests", "Ready", true)],
      ...ask("/v2/models/{model}", "metadata", "What a model takes and gives", "ModelMetadata"),
      ...ask("/v2/models/{model}/ready", "modelReady", "Whether a model takes requests", "ModelReady"),
      ...ask("/v2/models/{model}/config", "configuration", "How a model is served", "Configuration"),
      ...ask("/v2/models/{model}/stats", "statistics", "How a model has been used", "Statistics"),
      ["/v2/models/stats", get("allStatistics", "How all models have been used", "Statistics")],
      ...ofModel(
        "/v2/models/{model}/infer",
        "post",
        { id: "infer", summary: "Infers from tensors", answer: "InferResponse", body: infer, also: bytes },
        models,
      ),
      ...ofModel(
        "/v1/models/{model}/predict",
        "post",
        { id: "predict", summary: "Predicts from an image", answer: "Empty", body: images, also: prediction },
        models,
      ),
      [
        "/v2/repository/index",
        {
          post: operation({
            id: "index",
            summary: "Lists models",
            answer: "RepositoryIndex",
            body: json({ type: "object" }),
          }),
        },
      ],
      ...(mayLoad
        ? ([
            ["/v2/repository/models/{model}/load", change("load", "Loads a model anew")],
            ["/v2/repository/models/{model}/unload", change("unload", "Unloads a model")],
          ] as const)
        : []),
    ]),
    components: {
      schemas,
      ...(needsKey
        ? {
            securitySchemes: {
              bearer: { type: "http", scheme: "bearer" },
              header: { type: "apiKey", in: "header", name: "X-API-Key" },
            },
          }
        : {}),
    },
  };
}
