import type { FastifyInstance, FastifyRequest } from "fastify";
import { RequestError } from "../../protocol/request-error.ts";
import { addModelRoute, bodyOf, type GateParts } from "../gate-parts.ts";
import type { ImageAnswer } from "../predict-image.ts";
import { ask } from "../infer.ts";
import { departureOf } from "./inference.ts";

/** Prediction from an image, which is prepared as the model's card says. */
export function addPrediction(gate: FastifyInstance, parts: GateParts): void {
  const { models, access } = parts;
  const route = { method: "POST", start: "/v1/models", path: "/predict", verb: "infer" } as const;
  addModelRoute(gate, route, async ({ name, version }, request, reply) => {
    const served = models.find(name, version);
    request.visit.served = served;
    if (served.signature.task === null)
      throw new RequestError(
        400,
        name,
        `has no card that says how images are prepared; send tensors to /v2/models/${name}/infer`,
      );
    const image = bodyOf(request);
    if (image.length === 0) throw new RequestError(400, "body", "is empty; send the bytes of an image file");
    const { limits } = access().policy;
    const value = await ask(parts, served, {
      departure: departureOf(reply),
      samples: 1,
      bytes: request.visit.bytesIn,
      deadline: performance.now() + limits.requestTimeoutMs,
      priority: 0,
      group: null,
      work: {
        kind: "predict",
        image,
        accept: request.headers.accept,
        options: readQuery(request),
        decodedBytes: limits.decodedBytes,
      },
    });
    const { type, body } = value as ImageAnswer;
    const bytes = typeof body === "string" ? body : Buffer.from(body.buffer, body.byteOffset, body.length);
    return reply.type(type).header("vary", "accept").send(bytes);
  });
}

function readQuery({ query }: FastifyRequest): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(query as Readonly<Record<string, unknown>>))
    if (typeof value !== "string") throw new RequestError(400, name.slice(0, 80), "is given twice; give it once");
  return { ...(query as Readonly<Record<string, string>>) };
}
