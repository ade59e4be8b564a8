import { encodeCsv } from "../files/csv.ts";
import { encodeJson } from "./json.ts";
import { readArtifacts, readMetricPages, type RunStore } from "./run-store.ts";
import { type Run, withoutRun } from "./run.ts";
import type { MetricRow } from "./schema.ts";

const columns = ["run", "run_name", "metric", "step", "epoch", "value"] as const;

/**
 * All values of all metrics of some runs as CSV, one value per line, in chunks; NaN and Infinity are written as such.
 */
export async function* exportCsv(store: RunStore, runs: readonly Run[]): AsyncGenerator<string> {
  yield encodeCsv([columns]);
  for (const { id, name } of runs) {
    for await (const page of readMetricPages(store, id))
      yield encodeCsv(page.map((row) => [id, name, row.name, row.step, row.epoch, row.value]));
  }
}

/**
 * Some runs with all their values as one JSON document, piece by piece. A metric is `[step, epoch, value]` by name; NaN
 * and the infinities are the texts "NaN", "Infinity" and "-Infinity".
 */
export async function* exportJson(store: RunStore, runs: readonly Run[]): AsyncGenerator<string> {
  yield '{"runs":[';
  for (const [index, run] of runs.entries()) {
    const artifacts = (await readArtifacts(store, run.id)).map(withoutRun);
    yield `${index > 0 ? "," : ""}\n{"run":${encodeJson(run)},\n"artifacts":${encodeJson(artifacts)},\n"metrics":{`;
    yield* exportMetrics(readMetricPages(store, run.id));
    yield "}}";
  }
  yield "\n]}\n";
}

/** Rows come by name, then step. */
async function* exportMetrics(pages: AsyncGenerator<readonly MetricRow[]>): AsyncGenerator<string> {
  let current: string | undefined;
  for await (const page of pages) {
    const parts = page.map(({ name, step, epoch, value }) => {
      const point = encodeJson([step, epoch, value]);
      if (name === current) return `,${point}`;
      const head = `${current === undefined ? "" : "],"}\n${JSON.stringify(name)}:[`;
      current = name;
      return head + point;
    });
    yield parts.join("");
  }
  if (current !== undefined) yield "]";
}
