import type { FastifyInstance } from "fastify";
import { describeApi } from "../../protocol/openapi.ts";
import { statusOf } from "../../protocol/request-error.ts";
import { addModelRoute, type GateParts } from "../gate-parts.ts";
import { describeStatistics } from "../model-statistics.ts";
import type { TensorMetadata } from "../../protocol/signature.ts";
import type { ServedModels } from "../served-models.ts";

const extensions = ["binary_tensor_data", "classification", "statistics", "model_configuration", "schedule_policy"];

/** What the server is. */
export function describeServer({ version, repository }: Pick<GateParts, "version" | "repository">): {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
} {
  return {
    name: "residua",
    version,
    extensions: repository === undefined ? extensions : [...extensions, "model_repository"],
  };
}

/** Whether the server takes requests. */
export function isServerReady({ models, stage }: Pick<GateParts, "models" | "stage">): boolean {
  return stage() === "open" && models.isReady() && models.list().every(({ state }) => state !== "LOADING");
}

/** Whether the server lives and is ready, and what it can do. */
export function addHealth(gate: FastifyInstance, parts: GateParts): void {
  for (const url of ["/v2", "/v2/"]) gate.get(url, { config: { verb: "metadata" } }, async () => describeServer(parts));
  gate.get("/v2/health/live", async () => ({ live: true }));
  gate.get("/v2/health/ready", async (_request, reply) => {
    const ready = isServerReady(parts);
    return reply.code(ready ? 200 : 503).send({ live: true, ready });
  });
}

/** The description of the server that a program reads: it names what its reader may know of, and nothing else. */
export function addDescription(gate: FastifyInstance, { models, version, access, repository }: GateParts): void {
  gate.get("/v2/openapi.json", { config: { verb: "metadata" } }, async ({ visit }) => {
    const { client } = visit.caller!;
    const names = models
      .list()
      .filter(({ name, state }) => state === "READY" && access().mayKnow(visit.caller!, name))
      .map(({ name }) => name);
    return describeApi({
      version,
      models: [...new Set(names)],
      mayLoad: repository !== undefined && (client === undefined || client.verbs.includes("repository")),
      needsKey: client !== undefined,
    });
  });
}

/** What each model takes and gives, and how it has been used. */
export function addModels(gate: FastifyInstance, { models, access }: GateParts): void {
  const get = { method: "GET", verb: "metadata" } as const;
  addModelRoute(gate, { ...get, path: "" }, async ({ name, version }) => describeModel(models, name, version));
  addModelRoute(gate, { ...get, path: "/ready" }, async ({ name, version }, _request, reply) => {
    try {
      models.find(name, version);
    } catch (error) {
      if (statusOf(error) !== 503) throw error;
      return reply.code(503).send({ name, ready: false });
    }
    return { name, ready: true };
  });
  addModelRoute(gate, { ...get, path: "/config" }, async ({ name, version }) =>
    describeConfig(models.find(name, version)),
  );
  addModelRoute(gate, { ...get, path: "/stats" }, async ({ name, version }) => {
    const found = models.find(name, version);
    return { model_stats: [describeStatistics(name, found.version, found.statistics)] };
  });
  gate.get("/v2/models/stats", { config: { verb: "metadata" } }, async ({ visit }) => ({
    model_stats: models
      .list()
      .filter(({ name, state }) => state === "READY" && access().mayKnow(visit.caller!, name))
      .map(({ name, version, statistics }) => describeStatistics(name, version, statistics)),
  }));
}

/** What a model takes and gives. @throws {RequestError} if it is not there, or not ready */
export function describeModel(
  models: ServedModels,
  name: string,
  version?: string,
): {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
} {
  const { inputs, outputs } = models.find(name, version).signature;
  const versions = models.list().filter((own) => own.name === name && own.state === "READY");
  return { name, versions: versions.map((own) => own.version), platform: "onnx_onnxv1", inputs, outputs };
}

/** As the model configuration extension says it, in Triton's words. */
function describeConfig({ name, signature, maxBatch, sha256 }: ReturnType<ServedModels["find"]>): unknown {
  const { inputs, outputs, isBatched } = signature;
  const describe = (own: typeof inputs): unknown =>
    own.map(({ name: tensor, datatype, shape }) => ({
      name: tensor,
      data_type: `TYPE_${datatype}`,
      dims: isBatched ? shape.slice(1) : shape,
    }));
  return {
    name,
    platform: "onnxruntime_onnx",
    backend: "onnxruntime",
    max_batch_size: isBatched ? maxBatch : 0,
    version_policy: { all: {} },
    input: describe(inputs),
    output: describe(outputs),
    parameters: { sha256: { string_value: sha256 } },
    ...(isBatched ? { dynamic_batching: { max_queue_delay_microseconds: 0 } } : {}),
  };
}
