import type { FastifyInstance } from "fastify";
import { encodeJson } from "../../store/json.ts";
import { listRuns, readMetricPages, type RunStore } from "../../store/run-store.ts";
import type { RecordOptions } from "../../train/node/record.ts";

/** The store of runs that a server offers. */
export interface ServedStore {
  /** What the page Runs lists; undefined as long as nothing was recorded. */
  readonly read: () => Promise<RunStore | undefined>;
  /** How native trainings are recorded; they are not if left out. */
  readonly record?: RecordOptions;
}

/** Answers `runs` and `runs/ID/points?metric=NAME` out of a store, which is only read. */
export function giveStore(routes: FastifyInstance, { read }: ServedStore): void {
  routes.get("/runs", async (_, reply) => {
    const store = await read();
    const runs = store === undefined ? [] : await listRuns(store);
    return reply.type("application/json").send(encodeJson({ runs }));
  });
  routes.get<{ Params: { id: string }; Querystring: { metric?: string | readonly string[] } }>(
    "/runs/:id/points",
    async ({ params, query }, reply) => {
      const store = await read();
      if (store === undefined) return reply.code(404).send();
      // A name that is given twice is a list.
      return reply.type("application/json").send(await readPoints(store, params.id, String(query.metric ?? "")));
    },
  );
}

async function readPoints(store: RunStore, id: string, metric: string): Promise<string> {
  const points: (readonly [number, number | null, number])[] = [];
  for await (const page of readMetricPages(store, id, metric))
    for (const { step, epoch, value } of page) points.push([step, epoch, value]);
  return encodeJson({ points });
}
