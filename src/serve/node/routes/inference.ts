import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Tensor } from "../../../tensor/tensor.ts";
import { type InferRequest, readInferRequest, readRawRequest } from "../../protocol/infer-request.ts";
import { writeInferResponse } from "../../protocol/infer-response.ts";
import { RequestError } from "../../protocol/request-error.ts";
import { batchGroup } from "../batching.ts";
import { addModelRoute, bodyOf, type GateParts } from "../gate-parts.ts";
import { countFailure, countSuccess } from "../model-statistics.ts";
import type { Request } from "../scheduler.ts";
import type { ServedModels, ServedVersion } from "../served-models.ts";

const HEADER = "inference-header-content-length";

/** Inference on tensors. */
export function addInference(gate: FastifyInstance, parts: GateParts): void {
  const { models, access } = parts;
  addModelRoute(gate, { method: "POST", path: "/infer", verb: "infer" }, async ({ name, version }, request, reply) => {
    const served = models.find(name, version);
    request.visit.served = served;
    const { signature } = served;
    const { limits } = access().policy;
    const read = readBody(request, signature);
    const outputs = read.outputs.map((output) => output.name);
    const samples = signature.isBatched ? countSamples(read, signature) : 1;
    if (samples > limits.batch)
      throw new RequestError(
        400,
        "inputs",
        `hold ${samples} samples, must hold at most ${limits.batch}; send several requests`,
      );
    const value = await ask(
      parts,
      { served, reply },
      {
        samples,
        bytes: request.visit.bytesIn,
        deadline: performance.now() + (read.timeout === undefined ? limits.requestTimeoutMs : read.timeout / 1000),
        priority: read.priority,
        group: signature.isBatched ? batchGroup(read.inputs, outputs) : null,
        work: { kind: "infer", inputs: read.inputs, outputs },
      },
    );
    const head = { model: name, version: served.version, id: read.id, classes: signature.classes };
    const { body, headerLength } = writeInferResponse(head, read.outputs, value as Readonly<Record<string, Tensor>>);
    if (headerLength === undefined) reply.type("application/json");
    else reply.type("application/octet-stream").header(HEADER, headerLength);
    return reply.send(Buffer.from(body.buffer, body.byteOffset, body.length));
  });
}

type Signature = ReturnType<ServedModels["find"]>["signature"];

function countSamples({ inputs }: InferRequest, signature: Signature): number {
  const counts = signature.inputs.map(({ name }) => inputs[name].shape[0]);
  const other = counts.find((count) => count !== counts[0]);
  if (other !== undefined)
    throw new RequestError(400, "inputs", `hold ${counts.join(" and ")} samples, must hold equally many`);
  return counts[0];
}

function readBody(request: FastifyRequest, signature: Signature): InferRequest {
  const body = bodyOf(request);
  const declared = request.headers[HEADER];
  if (declared !== undefined) {
    const length = /^\d{1,15}$/.test(String(declared)) ? Number(declared) : Number.NaN;
    return readInferRequest(body, length, signature);
  }
  const isRaw = request.headers["content-type"]?.startsWith("application/octet-stream") === true;
  return isRaw ? readRawRequest(body, signature) : readInferRequest(body, undefined, signature);
}

/** Puts a request into its model's queue, and counts how it went. A client that goes takes its request along. */
export async function ask(
  { scheduler, metrics }: GateParts,
  { served, reply }: { readonly served: ServedVersion; readonly reply: FastifyReply },
  request: Omit<Request, "signal">,
): Promise<unknown> {
  const begun = performance.now();
  const labels = { model: served.name, version: served.version };
  const microseconds = (name: string, milliseconds: number): void =>
    metrics.count(`residua_inference_${name}_duration_us`, labels, Math.round(1000 * milliseconds));
  try {
    const { value, timing } = await scheduler.submit(served.key, { ...request, signal: signalOf(reply) });
    countSuccess(served.statistics, request.samples, timing);
    metrics.count("residua_inference_request_success", labels);
    metrics.count("residua_inference_count", labels, request.samples);
    metrics.count("residua_inference_exec_count", labels, request.samples / timing.batch);
    microseconds("request", performance.now() - begun);
    microseconds("queue", timing.queued);
    microseconds("compute_infer", timing.computed);
    return value;
  } catch (error) {
    countFailure(served.statistics, performance.now() - begun);
    const status = error instanceof RequestError ? error.status : 500;
    metrics.count("residua_inference_request_failure", {
      ...labels,
      reason: status === 503 ? "REJECTED" : status === 499 ? "CANCELED" : "OTHER",
    });
    throw error;
  }
}

/** Aborted if the client goes before it has its answer. */
function signalOf({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  const leave = (): void => {
    if (!raw.writableEnded) controller.abort();
  };
  if (raw.destroyed) leave();
  else raw.once("close", leave);
  return controller.signal;
}
