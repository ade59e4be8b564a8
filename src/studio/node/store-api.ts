import type { FastifyInstance } from "fastify";
import { encodeJson } from "../../store/json.ts";
import { listRuns, readMetricPages, type RunStore } from "../../store/run-store.ts";

/** Answers `runs` and `runs/ID/points?metric=NAME` out of a store, which is only read. */
export function giveStore(routes: FastifyInstance, store: RunStore): void {
  routes.get("/runs", async (_, reply) =>
    reply.type("application/json").send(encodeJson({ runs: await listRuns(store) })),
  );
  routes.get<{ Params: { id: string }; Querystring: { metric?: string | readonly string[] } }>(
    "/runs/:id/points",
    async ({ params, query }, reply) =>
      // A name that is given twice is a list.
      reply.type("application/json").send(await readPoints(store, params.id, String(query.metric ?? ""))),
  );
}

async function readPoints(store: RunStore, id: string, metric: string): Promise<string> {
  const points: (readonly [number, number | null, number])[] = [];
  for await (const page of readMetricPages(store, id, metric))
    for (const { step, epoch, value } of page) points.push([step, epoch, value]);
  return encodeJson({ points });
}
