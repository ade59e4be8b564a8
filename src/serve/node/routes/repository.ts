import type { FastifyInstance, FastifyRequest } from "fastify";
import { RequestError } from "../../protocol/request-error.ts";
import { bodyOf, type GateParts, type ModelParams } from "../gate-parts.ts";

/** Which models there are; loading and unloading them, where that is allowed. */
export function addRepository(gate: FastifyInstance, { models, repository, access }: GateParts): void {
  const list = (request: FastifyRequest): unknown => {
    const { ready } = parameters(request) as { readonly ready?: unknown };
    return models
      .list()
      .filter(
        ({ name, state }) => (ready !== true || state === "READY") && access().mayKnow(request.visit.caller!, name),
      )
      .map(({ name, version, state, reason }) => ({ name, version, state, reason }));
  };
  gate.post("/v2/repository/index", { config: { verb: "metadata" } }, (request, reply) => reply.send(list(request)));
  for (const act of ["load", "unload"] as const)
    gate.post(`/v2/repository/models/:name/${act}`, { config: { verb: "repository" } }, async (request) => {
      if (repository === undefined)
        throw new RequestError(403, "repository", "stays as it is; start the server with allowRepository to change it");
      refuseParameters(request);
      await repository[act]((request.params as ModelParams).name);
      return {};
    });
}

function refuseParameters(request: FastifyRequest): void {
  const { parameters: given = {} } = parameters(request) as { readonly parameters?: object };
  const unknown = Object.keys(given).find((key) => key !== "unload_dependents");
  if (unknown !== undefined)
    throw new RequestError(
      400,
      `parameters.${unknown.slice(0, 80)}`,
      "is not taken: models come from the folder alone",
    );
}

/** The object of a body; an empty body is an empty object, as some clients send it. */
function parameters(request: FastifyRequest): object {
  const body = bodyOf(request);
  if (body.length === 0) return {};
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Said below.
  }
  throw new RequestError(400, "body", "must be a JSON object, or empty");
}
