import type { Tensor } from "../../tensor/tensor.ts";
import type { InferRequest } from "../protocol/infer-request.ts";
import { type InferAnswer, writeInferResponse } from "../protocol/infer-response.ts";
import { RequestError } from "../protocol/request-error.ts";
import type { ModelSignature } from "../protocol/signature.ts";
import { batchGroup } from "./batching.ts";
import type { Departure } from "./departure.ts";
import type { GateParts } from "./gate-parts.ts";
import { countFailure, countSuccess } from "./model-statistics.ts";
import type { Request } from "./work.ts";
import type { ReadyVersion, ServedVersion } from "./served-models.ts";

/** A request for inference, checked, with what its queue must know. */
export interface Inference {
  readonly read: InferRequest;
  /** Bytes that it holds. */
  readonly bytes: number;
  readonly departure: Departure;
  /** Milliseconds after which the answer is of no use, beside what the request itself says. */
  readonly timeout?: number;
}

/**
 * Infers from tensors, and writes the answer.
 *
 * @throws {RequestError} if there are too many samples, or it cannot be met in time
 */
export async function infer(
  parts: GateParts,
  served: ReadyVersion,
  { read, bytes, departure, timeout = Number.POSITIVE_INFINITY }: Inference,
): Promise<InferAnswer> {
  const { signature, name: model, version } = served;
  const { limits } = parts.access().policy;
  const outputs = read.outputs.map(({ name }) => name);
  const samples = signature.isBatched ? countSamples(read, signature) : 1;
  if (samples > limits.batch)
    throw new RequestError(
      400,
      "inputs",
      `hold ${samples} samples, must hold at most ${limits.batch}; send several requests`,
    );
  const own = read.timeout === undefined ? Number.POSITIVE_INFINITY : read.timeout / 1000;
  const value = await ask(parts, served, {
    samples,
    bytes,
    deadline: performance.now() + Math.min(limits.requestTimeoutMs, own, timeout),
    priority: read.priority,
    group: signature.isBatched ? batchGroup(read.inputs, outputs) : null,
    departure,
    work: { kind: "infer", inputs: read.inputs, outputs },
  });
  const head = { model, version, id: read.id, classes: signature.classes };
  return writeInferResponse(head, read.outputs, value as Readonly<Record<string, Tensor>>);
}

function countSamples({ inputs }: InferRequest, signature: ModelSignature): number {
  const counts = signature.inputs.map(({ name }) => inputs[name].shape[0]);
  const other = counts.find((count) => count !== counts[0]);
  if (other !== undefined)
    throw new RequestError(400, "inputs", `hold ${counts.join(" and ")} samples, must hold equally many`);
  return counts[0];
}

/** Puts a request into its model's queue, and counts how it went. A client that goes takes its request along. */
export async function ask(
  { scheduler, metrics }: GateParts,
  served: ServedVersion,
  request: Request,
): Promise<unknown> {
  const begun = performance.now();
  const { labels, statistics } = served;
  try {
    const { value, timing } = await scheduler.submit(served.key, request);
    countSuccess(statistics, request.samples, timing);
    metrics.count("residua_inference_request_success", labels);
    metrics.count("residua_inference_count", labels, request.samples);
    metrics.count("residua_inference_exec_count", labels, request.samples / timing.batch);
    metrics.count("residua_inference_request_duration_us", labels, microseconds(performance.now() - begun));
    metrics.count("residua_inference_queue_duration_us", labels, microseconds(timing.queued));
    metrics.count("residua_inference_compute_infer_duration_us", labels, microseconds(timing.computed));
    return value;
  } catch (error) {
    countFailure(statistics, performance.now() - begun);
    const status = error instanceof RequestError ? error.status : 500;
    const reason = status === 503 ? "REJECTED" : status === 499 ? "CANCELED" : "OTHER";
    metrics.count("residua_inference_request_failure", { ...labels, reason });
    throw error;
  }
}

const microseconds = (milliseconds: number): number => Math.round(1000 * milliseconds);
